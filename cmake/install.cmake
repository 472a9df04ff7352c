include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cag")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
install(TARGETS cag EXPORT cag-targets)
install(EXPORT cag-targets NAMESPACE cag:: DESTINATION "${package_dir}")
if(CAG_DATA)
  install(TARGETS cag_data EXPORT cag-data-targets)
  install(EXPORT cag-data-targets NAMESPACE cag:: DESTINATION "${package_dir}")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/cag-config.cmake.in"
  "${PROJECT_BINARY_DIR}/cag-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cag-config-version.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/cag-config.cmake"
  "${PROJECT_BINARY_DIR}/cag-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCagTorch.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCagSpng.cmake"
  DESTINATION "${package_dir}")

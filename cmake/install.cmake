include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cag")
set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(packaged_components "")
set(component_needs "")
# Those that are compiled and do without what cag::cag needs, whether this package has them or not.
set(compiled_components kernels kernels_shared score kernels_cuda kernels_cuda_shared)

# Adds `target` to the package as the component `name`; the rest are the packages it needs besides those of cag::cag.
function(cag_package_component name target)
  install(TARGETS ${target} EXPORT cag-${name}-targets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT cag-${name}-targets NAMESPACE cag:: DESTINATION "${package_dir}")
  set(packaged_components ${packaged_components} ${name} PARENT_SCOPE)
  set(component_needs "${component_needs}set(_cag_needs_of_${name} \"${ARGN}\")\n" PARENT_SCOPE)
endfunction()

# Writes and installs NAME.pc. pkg-config files find the package from where they lie, as CMake's do.
function(cag_package_pkgconfig name)
  file(RELATIVE_PATH pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
  string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
  cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
  cmake_path(APPEND pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${pkgconfig_dir}")
endfunction()

if(TARGET cag)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
  install(TARGETS cag EXPORT cag-targets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT cag-targets NAMESPACE cag:: DESTINATION "${package_dir}")
endif()
# Also without the compiled operators, for some of the headers include these: who takes one of those is told by the linker
# which function is missing.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/kernels/include/" TYPE INCLUDE FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/THIRD_PARTY_NOTICES.md" TYPE DOC)

# LibTorch has no pkg-config file: its place is a variable of cag.pc.
set(pc_torch_root /usr)
if(CagTorch_CPU_LIBRARY)
  set(pc_torch_root "${CagTorch_ROOT_DIR}")
endif()
set(pc_torch_definitions "")
if(TARGET cag::torch)
  get_target_property(definitions cag::torch INTERFACE_COMPILE_DEFINITIONS)
  if(definitions)
    list(TRANSFORM definitions PREPEND " -D" OUTPUT_VARIABLE pc_torch_definitions)
    string(JOIN "" pc_torch_definitions ${pc_torch_definitions})
  endif()
endif()
if(TARGET cag)
  cag_package_pkgconfig(cag)
endif()

if(CAG_DATA)
  cag_package_component(data cag_data CagSpng CagTurboJpeg)
  cag_package_pkgconfig(cag-data)
endif()

# A package with compiled parts is for one kind of processor.
set(architectures ARCH_INDEPENDENT)
if(CAG_KERNELS)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/kernels/include/" TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
  cag_package_component(kernels cag_kernels hwy)
  cag_package_component(kernels_shared cag_kernels_shared)
  cag_package_component(score cag_score)
  cag_package_pkgconfig(cag-score)
  set(architectures "")
endif()
if(TARGET cag_kernels_cuda)
  # Objects of one release of the toolkit are linked with its runtime, or a later one.
  foreach(library IN ITEMS kernels_cuda kernels_cuda_shared)
    cag_package_component(${library} cag_${library} "CUDAToolkit >= ${CUDAToolkit_VERSION_MAJOR}")
  endforeach()
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/cag-config.cmake.in"
  "${PROJECT_BINARY_DIR}/cag-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cag-config-version.cmake"
  COMPATIBILITY SameMinorVersion ${architectures})
install(FILES
  "${PROJECT_BINARY_DIR}/cag-config.cmake"
  "${PROJECT_BINARY_DIR}/cag-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCagTorch.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCagSpng.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCagTurboJpeg.cmake"
  DESTINATION "${package_dir}")

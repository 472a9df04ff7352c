#[[
libjpeg-turbo's TurboJPEG library, which ships a CMake package (libjpeg-turbo) or a pkg-config file, depending on how it
was built.
Target: cag::turbojpeg. Variables: CagTurboJpeg_FOUND, CagTurboJpeg_REASON (how to get it)
]]

include(FindPackageHandleStandardArgs)

# Its own package first: it knows what a static library needs.
find_package(libjpeg-turbo CONFIG QUIET)
set(CagTurboJpeg_TARGET "")
foreach(_cag_target libjpeg-turbo::turbojpeg libjpeg-turbo::turbojpeg-static)
  if(TARGET ${_cag_target} AND NOT CagTurboJpeg_TARGET)
    set(CagTurboJpeg_TARGET ${_cag_target})
  endif()
endforeach()

if(CagTurboJpeg_TARGET)
  set(_cag_required CagTurboJpeg_TARGET)
else()
  find_path(CagTurboJpeg_INCLUDE_DIR turbojpeg.h)
  find_library(CagTurboJpeg_LIBRARY NAMES turbojpeg turbojpeg-static)
  mark_as_advanced(CagTurboJpeg_INCLUDE_DIR CagTurboJpeg_LIBRARY)
  # The header tells no version. The limit of scans came with 2.1.
  set(CagTurboJpeg_LIMITS_SCANS FALSE)
  if(CagTurboJpeg_INCLUDE_DIR)
    file(STRINGS "${CagTurboJpeg_INCLUDE_DIR}/turbojpeg.h" _cag_flag REGEX "define TJFLAG_LIMITSCANS ")
    if(_cag_flag)
      set(CagTurboJpeg_LIMITS_SCANS TRUE)
    endif()
  endif()
  set(_cag_required CagTurboJpeg_LIBRARY CagTurboJpeg_INCLUDE_DIR CagTurboJpeg_LIMITS_SCANS)
endif()

set(CagTurboJpeg_REASON
  "libjpeg-turbo 2.1 or later is needed. One command gets it on Debian and Ubuntu: apt-get install libturbojpeg0-dev")
find_package_handle_standard_args(CagTurboJpeg
  REQUIRED_VARS ${_cag_required}
  REASON_FAILURE_MESSAGE "${CagTurboJpeg_REASON}")

if(NOT CagTurboJpeg_FOUND OR TARGET cag::turbojpeg)
  return()
endif()
if(CagTurboJpeg_TARGET)
  add_library(cag::turbojpeg INTERFACE IMPORTED)
  set_target_properties(cag::turbojpeg PROPERTIES INTERFACE_LINK_LIBRARIES ${CagTurboJpeg_TARGET})
else()
  add_library(cag::turbojpeg UNKNOWN IMPORTED)
  set_target_properties(cag::turbojpeg PROPERTIES
    IMPORTED_LOCATION "${CagTurboJpeg_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${CagTurboJpeg_INCLUDE_DIR}")
endif()

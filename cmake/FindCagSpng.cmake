#[[
libspng, which ships a CMake package (SPNG) or a pkg-config file, depending on how it was built.
Target: cag::spng. Variables: CagSpng_FOUND, CagSpng_VERSION, CagSpng_REASON (how to get it)
]]

include(FindPackageHandleStandardArgs)

# Its own package first: it knows what a static library needs.
find_package(SPNG CONFIG QUIET)
set(CagSpng_TARGET "")
foreach(_cag_target spng::spng spng::spng_static)
  if(TARGET ${_cag_target} AND NOT CagSpng_TARGET)
    set(CagSpng_TARGET ${_cag_target})
    set(CagSpng_VERSION "${SPNG_VERSION}")
  endif()
endforeach()

if(CagSpng_TARGET)
  set(_cag_required CagSpng_TARGET)
else()
  find_path(CagSpng_INCLUDE_DIR spng.h)
  find_library(CagSpng_LIBRARY NAMES spng spng_static)
  mark_as_advanced(CagSpng_INCLUDE_DIR CagSpng_LIBRARY)
  if(CagSpng_INCLUDE_DIR)
    file(STRINGS "${CagSpng_INCLUDE_DIR}/spng.h" _cag_version REGEX "define SPNG_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX REPLACE "[^0-9]+" "." _cag_version "${_cag_version}")
    string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" CagSpng_VERSION "${_cag_version}")
  endif()
  set(_cag_required CagSpng_LIBRARY CagSpng_INCLUDE_DIR)
endif()

set(CagSpng_REASON "One command gets it on Debian and Ubuntu: apt-get install libspng-dev")
find_package_handle_standard_args(CagSpng
  REQUIRED_VARS ${_cag_required} VERSION_VAR CagSpng_VERSION
  REASON_FAILURE_MESSAGE "${CagSpng_REASON}")

if(NOT CagSpng_FOUND OR TARGET cag::spng)
  return()
endif()
if(CagSpng_TARGET)
  add_library(cag::spng INTERFACE IMPORTED)
  set_target_properties(cag::spng PROPERTIES INTERFACE_LINK_LIBRARIES ${CagSpng_TARGET})
else()
  add_library(cag::spng UNKNOWN IMPORTED)
  set_target_properties(cag::spng PROPERTIES
    IMPORTED_LOCATION "${CagSpng_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${CagSpng_INCLUDE_DIR}")
endif()

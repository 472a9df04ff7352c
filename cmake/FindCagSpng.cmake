#[[
libspng, which ships a pkg-config file or a CMake package depending on how it was built.
Target: cag::spng. Variables: CagSpng_FOUND, CagSpng_VERSION, CagSpng_REASON (how to get it)
]]

include(FindPackageHandleStandardArgs)

find_path(CagSpng_INCLUDE_DIR spng.h)
find_library(CagSpng_LIBRARY NAMES spng spng_static)
mark_as_advanced(CagSpng_INCLUDE_DIR CagSpng_LIBRARY)

if(CagSpng_INCLUDE_DIR)
  file(STRINGS "${CagSpng_INCLUDE_DIR}/spng.h" _cag_version REGEX "define SPNG_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9]+" "." _cag_version "${_cag_version}")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" CagSpng_VERSION "${_cag_version}")
endif()

set(CagSpng_REASON "One command gets it on Debian and Ubuntu: apt-get install libspng-dev")
find_package_handle_standard_args(CagSpng
  REQUIRED_VARS CagSpng_LIBRARY CagSpng_INCLUDE_DIR VERSION_VAR CagSpng_VERSION
  REASON_FAILURE_MESSAGE "${CagSpng_REASON}")

if(CagSpng_FOUND AND NOT TARGET cag::spng)
  add_library(cag::spng UNKNOWN IMPORTED)
  set_target_properties(cag::spng PROPERTIES
    IMPORTED_LOCATION "${CagSpng_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${CagSpng_INCLUDE_DIR}")
endif()

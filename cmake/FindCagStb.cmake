#[[
The stb single-file headers, included as <stb/...>, which ship without a CMake package.
Target: cag::stb. Variables: CagStb_FOUND
]]

include(FindPackageHandleStandardArgs)

find_path(CagStb_INCLUDE_DIR stb/stb_perlin.h)
mark_as_advanced(CagStb_INCLUDE_DIR)
find_package_handle_standard_args(CagStb
  REQUIRED_VARS CagStb_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "One command gets it on Debian and Ubuntu: apt-get install libstb-dev")

if(CagStb_FOUND AND NOT TARGET cag::stb)
  add_library(cag::stb INTERFACE IMPORTED)
  set_target_properties(cag::stb PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${CagStb_INCLUDE_DIR}")
endif()

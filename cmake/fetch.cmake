#[[
The header libraries from source, for systems without packages of them: cag_fetch(<find_package name>).
A checkout that is there already is taken instead of the net with -D FETCHCONTENT_SOURCE_DIR_<NAME>=/path.
]]

include(FetchContent)

function(cag_fetch name)
  # Nothing of a dependency's own tests, and its options keep the values given here.
  set(BUILD_TESTING OFF)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
  set(FETCHCONTENT_QUIET OFF)
  if(name STREQUAL "Eigen3")
    # Eigen's own project is left out (there is no CMakeLists.txt in Eigen/): it would configure its tests and BLAS.
    FetchContent_Declare(Eigen3 GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git GIT_TAG 3.4.0 GIT_SHALLOW ON
      SOURCE_SUBDIR Eigen SYSTEM)
    FetchContent_MakeAvailable(Eigen3)
    add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
    set_target_properties(Eigen3::Eigen PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${eigen3_SOURCE_DIR}")
    return()
  elseif(name STREQUAL "fmt")
    set(repository fmtlib/fmt)
    set(tag 10.2.1)
  elseif(name STREQUAL "Catch2")
    set(repository catchorg/Catch2)
    set(tag v3.5.4)
  elseif(name STREQUAL "CLI11")
    set(repository CLIUtils/CLI11)
    set(tag v2.4.2)
  elseif(name STREQUAL "tomlplusplus")
    set(repository marzer/tomlplusplus)
    set(tag v3.4.0)
  elseif(name STREQUAL "nlohmann_json")
    set(repository nlohmann/json)
    set(tag v3.11.3)
  endif()
  FetchContent_Declare(${name} GIT_REPOSITORY https://github.com/${repository}.git GIT_TAG ${tag} GIT_SHALLOW ON SYSTEM)
  FetchContent_MakeAvailable(${name})
endfunction()

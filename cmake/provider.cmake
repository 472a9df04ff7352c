#[[
Dependency provider of the presets (CMAKE_PROJECT_TOP_LEVEL_INCLUDES): what is installed is taken, what is missing is
got. LibTorch comes from PyPI into a cache outside the build tree, the rest from apt where this is root on Debian or
Ubuntu. Anywhere else the configuration stops and names what is missing and the command that gets it. For another processor
(a toolchain with CAG_FOREIGN_ARCHITECTURE) Debian's Highway is unpacked into the build folder.

  CAG_CACHE_DIR           (variable or environment) the cache; default $XDG_CACHE_HOME/cag or ~/.cache/cag
  CAG_FETCH_DEPENDENCIES  get the header libraries' sources with FetchContent instead of apt
]]

cmake_minimum_required(VERSION 3.25)

option(CAG_FETCH_DEPENDENCIES "Build what is missing from source, by FetchContent, instead of installing it" OFF)

set(cag_provider_dir "${CMAKE_CURRENT_LIST_DIR}")
set(cag_torch_pinned 2.15.0)
set(cag_torch_wheels torch==2.15.0 nvidia-cuda-runtime==13.2.86 nvidia-cuda-cupti==13.2.86)
set(cag_provided CagTorch CagSpng CagTurboJpeg CagStb embree Eigen3 fmt Catch2 CLI11 tomlplusplus nlohmann_json hwy)
set(cag_debian_packages
  libspng-dev libeigen3-dev libfmt-dev catch2 libcli11-dev libtomlplusplus-dev nlohmann-json3-dev
  libturbojpeg0-dev libhwy-dev libembree-dev libstb-dev ccache doxygen)
set(cag_never_fetched CagSpng CagTurboJpeg CagStb embree hwy)
set(cag_needs "Eigen >= 3.4, fmt >= 9, libspng, libjpeg-turbo, Highway, Catch2, CLI11, toml++, nlohmann-json, Embree and stb")
if(CAG_KERNELS_ONLY)
  set(cag_debian_packages libhwy-dev catch2 ccache)
  set(cag_needs "Highway and Catch2")
endif()

# Sets `out` to those of the Debian packages that are not installed.
function(cag_missing_packages out)
  set(missing "")
  foreach(package IN LISTS ARGN)
    execute_process(COMMAND dpkg-query -W "-f=\${db:Status-Status}" ${package}
      OUTPUT_VARIABLE status ERROR_QUIET)
    if(NOT status STREQUAL "installed")
      list(APPEND missing ${package})
    endif()
  endforeach()
  set(${out} ${missing} PARENT_SCOPE)
endfunction()

# Installs every Debian package of the project that is missing, at once; `reason` says who asked.
function(cag_install_packages reason)
  find_program(apt apt-get NO_CACHE)
  if(NOT apt)
    message(FATAL_ERROR
      "${reason} is missing and this is not Debian or Ubuntu. Install ${cag_needs} with this system's package manager, "
      "or build them from source:\n"
      "  cmake --preset test -D CAG_FETCH_DEPENDENCIES=ON   (libspng, libjpeg-turbo, Highway, Embree and stb excepted)")
  endif()
  cag_missing_packages(missing ${ARGN})
  string(JOIN " " words ${missing})
  if(NOT missing)
    message(FATAL_ERROR "${reason} was not found although its Debian package is installed. One command mends that:\n"
      "  apt-get install --reinstall ${ARGN}")
  endif()
  set(mend "apt-get install -y --no-install-recommends ${words}")
  execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT user EQUAL 0)
    message(FATAL_ERROR "${reason} is missing and only root can install it. One command mends that:\n  sudo ${mend}")
  endif()
  message(STATUS "${reason} is missing: ${mend}")
  set(install
    ${CMAKE_COMMAND} -E env DEBIAN_FRONTEND=noninteractive
    ${apt} -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends ${missing})
  execute_process(COMMAND ${install} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    # The package lists of a fresh machine are empty or name versions that are gone.
    execute_process(COMMAND ${apt} update -qq)
    execute_process(COMMAND ${install} RESULT_VARIABLE failed OUTPUT_QUIET)
  endif()
  if(failed)
    message(FATAL_ERROR "Installing ${words} failed; apt-get's own message is above. To try again by hand:\n"
      "  apt-get update && ${mend}")
  endif()
endfunction()

function(cag_cache_dir out)
  if(CAG_CACHE_DIR)
    set(dir "${CAG_CACHE_DIR}")
  elseif(DEFINED ENV{CAG_CACHE_DIR})
    set(dir "$ENV{CAG_CACHE_DIR}")
  elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(dir "$ENV{XDG_CACHE_HOME}/cag")
  else()
    set(dir "$ENV{HOME}/.cache/cag")
  endif()
  set(${out} "${dir}" PARENT_SCOPE)
endfunction()

# Installs LibTorch, without what only GPUs need, to `target`; `target` is either absent or whole.
function(cag_install_torch target)
  string(RANDOM LENGTH 8 suffix)
  set(partial "${target}.partial-${suffix}")
  string(JOIN " " wheels ${cag_torch_wheels})
  set(mend "python3 -m pip install --no-deps --target ${target} ${wheels}")

  get_filename_component(cache "${target}" DIRECTORY)
  execute_process(COMMAND ${CMAKE_COMMAND} -E make_directory "${cache}" RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(FATAL_ERROR "LibTorch ${cag_torch_pinned} is missing and its cache ${cache} cannot be written. "
      "One command mends that, with a folder you own:\n  export CAG_CACHE_DIR=/some/folder")
  endif()
  file(LOCK "${target}.lock" GUARD FUNCTION TIMEOUT 3600 RESULT_VARIABLE locked)
  if(NOT locked EQUAL 0)
    message(FATAL_ERROR "Another configuration has held ${target}.lock for an hour (${locked}). "
      "If none is running:\n  rm ${target}.lock")
  endif()
  if(EXISTS "${target}/torch/include/ATen/core/Tensor.h")
    return()  # Another configuration got it while this one waited.
  endif()

  find_program(python NAMES python3 python NO_CACHE)
  if(python)
    execute_process(COMMAND "${python}" -m pip --version RESULT_VARIABLE no_pip OUTPUT_QUIET ERROR_QUIET)
  endif()
  if(NOT python OR no_pip)
    cag_install_packages("pip for python3, which gets LibTorch," python3-pip)
    find_program(python NAMES python3 NO_CACHE)
  endif()

  message(STATUS "Getting LibTorch ${cag_torch_pinned} from PyPI to ${target} (1.3 GB on disk, half a minute or more)")
  file(GLOB interrupted "${target}.partial-*")
  if(interrupted)
    file(REMOVE_RECURSE ${interrupted})
  endif()
  execute_process(
    COMMAND "${python}" -m pip install --no-deps --no-compile --disable-pip-version-check
      --target "${partial}" ${cag_torch_wheels}
    RESULT_VARIABLE failed)
  if(NOT failed AND NOT EXISTS "${partial}/torch/include/ATen/core/Tensor.h")
    set(failed "the wheel holds no C++ headers")
  endif()
  if(failed)
    file(REMOVE_RECURSE "${partial}")
    message(FATAL_ERROR "LibTorch ${cag_torch_pinned} could not be installed (${failed}); pip's own message is above. "
      "To try again by hand:\n  ${mend}\n"
      "or name an installation that is there:\n  cmake --preset test -D CAG_TORCH_ROOT=/path/to/torch")
  endif()
  file(REMOVE_RECURSE "${target}")
  file(RENAME "${partial}" "${target}")
endfunction()

# Sets CAG_TORCH_ROOT unless the user has named a LibTorch, or python3 has the tested version.
function(cag_provide_torch)
  if(CAG_TORCH_ROOT OR DEFINED ENV{CAG_TORCH_ROOT} OR Torch_DIR OR Torch_ROOT OR TARGET torch)
    return()
  endif()
  cag_cache_dir(cache)
  set(target "${cache}/libtorch-${cag_torch_pinned}")
  if(NOT EXISTS "${target}/torch/include/ATen/core/Tensor.h")
    find_package(CagTorch ${cag_torch_pinned} EXACT QUIET BYPASS_PROVIDER)
    if(CagTorch_FOUND)
      return()
    endif()
    cag_install_torch("${target}")
  endif()
  set(CAG_TORCH_ROOT "${target}/torch" PARENT_SCOPE)
endfunction()

# A macro: what find_package sets has to reach its caller.
macro(cag_provide_dependency method name)
  if("${name}" STREQUAL "CagTorch")
    cag_provide_torch()
  elseif("${name}" IN_LIST cag_provided)
    set(cag_find_arguments ${ARGN})
    list(REMOVE_ITEM cag_find_arguments REQUIRED)
    find_package(${name} ${cag_find_arguments} QUIET BYPASS_PROVIDER)
    if(NOT ${name}_FOUND)
      if("${name}" STREQUAL "hwy" AND CAG_FOREIGN_ARCHITECTURE)
        set(cag_foreign "${CMAKE_BINARY_DIR}/debian-${CAG_FOREIGN_ARCHITECTURE}")
        if(NOT EXISTS "${cag_foreign}")
          include("${cag_provider_dir}/foreign.cmake")
          cag_unpack_foreign(${CAG_FOREIGN_ARCHITECTURE} libhwy-dev "${cag_foreign}")
        endif()
        list(APPEND CMAKE_PREFIX_PATH "${cag_foreign}/usr")
      elseif(CAG_FETCH_DEPENDENCIES AND NOT "${name}" IN_LIST cag_never_fetched)
        include("${cag_provider_dir}/fetch.cmake")
        cag_fetch(${name})
        set(${name}_FOUND TRUE)
      else()
        cag_install_packages(${name} ${cag_debian_packages})
      endif()
    endif()
  endif()
  if(NOT ${name}_FOUND)
    find_package(${name} ${ARGN} BYPASS_PROVIDER)
  endif()
endmacro()

cmake_language(SET_DEPENDENCY_PROVIDER cag_provide_dependency SUPPORTED_METHODS FIND_PACKAGE)

# A toolchain's compiler and emulator have to be there before the languages are enabled.
if(CAG_TOOLCHAIN_PACKAGES)
  set(cag_programs "${CMAKE_CXX_COMPILER}" ${CMAKE_CROSSCOMPILING_EMULATOR})
  list(SUBLIST cag_programs 0 2 cag_programs)
  foreach(cag_name IN LISTS cag_programs)
    find_program(cag_path "${cag_name}" NO_CACHE)
    if(NOT cag_path)
      cag_install_packages("${cag_name}" ${CAG_TOOLCHAIN_PACKAGES})
    endif()
    unset(cag_path)
  endforeach()
endif()

find_program(CAG_CCACHE ccache)
if(CAG_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Two checkouts share what they compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CAG_CCACHE})
endif()

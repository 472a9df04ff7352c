#[[
LibTorch as the Python wheel ships it, without TorchConfig.cmake: that file enables the CUDA language, adds flags
to the whole project, and fails where the CUDA toolkit is absent or of another version than the wheel's.

Looked for in this order, the first that is there wins:
  1. a target `torch` that the parent project has made already
  2. CAG_TORCH_ROOT, cache variable or environment: the folder that holds include/ and lib/
  3. Torch_DIR, Torch_ROOT, CMAKE_PREFIX_PATH
  4. the torch package of the python3 in PATH

Targets:
  cag::torch       libtorch_cpu and libc10
  cag::torch_cuda  cag::torch and libtorch_cuda, where the installation has it
Variables: CagTorch_FOUND, CagTorch_VERSION, CagTorch_ROOT_DIR, CagTorch_REASON (why it was not found)
]]

include(FindPackageHandleStandardArgs)

if(TARGET cag::torch)
  set(CagTorch_FOUND TRUE)
  return()
endif()
set(CagTorch_REASON "")

if(TARGET torch)
  get_target_property(_cag_includes torch INTERFACE_INCLUDE_DIRECTORIES)
  find_file(CagTorch_VERSION_FILE NAMES torch/headeronly/version.h torch/version.h
    PATHS ${_cag_includes} NO_DEFAULT_PATH NO_CACHE)
  set(CagTorch_ROOT_DIR "the parent project's target torch")
else()
  set(_cag_explicit ${CAG_TORCH_ROOT} $ENV{CAG_TORCH_ROOT})
  if(_cag_explicit)
    # A root that was named and does not hold LibTorch is an error, not a reason to take another one.
    find_path(CagTorch_ROOT_DIR NAMES include/ATen/core/Tensor.h PATHS ${_cag_explicit} NO_DEFAULT_PATH NO_CACHE)
    if(NOT CagTorch_ROOT_DIR)
      set(CagTorch_REASON "CAG_TORCH_ROOT is ${_cag_explicit}, and there is no include/ATen/core/Tensor.h in it")
    endif()
  else()
    set(_cag_hints ${Torch_ROOT} $ENV{Torch_ROOT})
    if(Torch_DIR)
      list(APPEND _cag_hints "${Torch_DIR}/../../..")
    endif()
    find_path(CagTorch_ROOT_DIR NAMES include/ATen/core/Tensor.h
      HINTS ${_cag_hints} PATHS ${CMAKE_PREFIX_PATH} PATH_SUFFIXES torch ../../.. NO_CACHE)
    find_program(_cag_python NAMES python3 python NO_CACHE)
    if(NOT CagTorch_ROOT_DIR AND _cag_python)
      # Asking for the place is instant; importing torch would take seconds.
      execute_process(
        COMMAND "${_cag_python}" -c
          "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
        OUTPUT_VARIABLE _cag_spec OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      if(_cag_spec AND EXISTS "${_cag_spec}/include/ATen/core/Tensor.h")
        set(CagTorch_ROOT_DIR "${_cag_spec}")
      endif()
    endif()
    if(NOT CagTorch_ROOT_DIR)
      set(CagTorch_REASON "LibTorch is in none of CAG_TORCH_ROOT, Torch_DIR, CMAKE_PREFIX_PATH and python3's packages")
    endif()
  endif()

  if(CagTorch_ROOT_DIR)
    cmake_path(ABSOLUTE_PATH CagTorch_ROOT_DIR NORMALIZE)
    string(REGEX REPLACE "(.)/$" "\\1" CagTorch_ROOT_DIR "${CagTorch_ROOT_DIR}")
    find_library(CagTorch_CPU_LIBRARY torch_cpu
      PATHS "${CagTorch_ROOT_DIR}/lib" "${CagTorch_ROOT_DIR}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" NO_DEFAULT_PATH NO_CACHE)
    find_library(CagTorch_C10_LIBRARY c10
      PATHS "${CagTorch_ROOT_DIR}/lib" "${CagTorch_ROOT_DIR}/lib/${CMAKE_LIBRARY_ARCHITECTURE}" NO_DEFAULT_PATH NO_CACHE)
    find_library(CagTorch_CUDA_LIBRARY torch_cuda PATHS "${CagTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH NO_CACHE)
    find_library(CagTorch_C10_CUDA_LIBRARY c10_cuda PATHS "${CagTorch_ROOT_DIR}/lib" NO_DEFAULT_PATH NO_CACHE)
    find_file(CagTorch_VERSION_FILE
      NAMES torch/headeronly/version.h torch/csrc/api/include/torch/version.h
      PATHS "${CagTorch_ROOT_DIR}/include" NO_DEFAULT_PATH NO_CACHE)
    if(NOT CagTorch_CPU_LIBRARY OR NOT CagTorch_C10_LIBRARY)
      set(CagTorch_REASON "${CagTorch_ROOT_DIR} has LibTorch's headers, but its lib/ lacks libtorch_cpu or libc10")
    endif()
  endif()
endif()

if(CagTorch_VERSION_FILE)
  file(STRINGS "${CagTorch_VERSION_FILE}" _cag_version REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^0-9]+" "." _cag_version "${_cag_version}")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" CagTorch_VERSION "${_cag_version}")
endif()

if(TARGET torch)
  set(_cag_required CagTorch_ROOT_DIR)
else()
  set(_cag_required CagTorch_ROOT_DIR CagTorch_CPU_LIBRARY CagTorch_C10_LIBRARY)
endif()
if(NOT CagTorch_REASON AND CagTorch_VERSION AND CagTorch_VERSION VERSION_LESS CagTorch_FIND_VERSION)
  set(CagTorch_REASON "LibTorch in ${CagTorch_ROOT_DIR} is of version ${CagTorch_VERSION}, older than ${CagTorch_FIND_VERSION}")
endif()
string(JOIN "\n" CagTorch_REASON ${CagTorch_REASON}
  "One command gets it, with -D CAG_TORCH_ROOT=FOLDER/torch after it: python3 -m pip install --target FOLDER torch==2.15.0"
  "Where a preset of cag ran, it is in $HOME/.cache/cag/libtorch-2.15.0/torch")
find_package_handle_standard_args(CagTorch
  REQUIRED_VARS ${_cag_required} VERSION_VAR CagTorch_VERSION
  REASON_FAILURE_MESSAGE "${CagTorch_REASON}")

if(NOT CagTorch_FOUND)
  return()
endif()

if(TARGET torch)
  add_library(cag::torch INTERFACE IMPORTED)
  set_target_properties(cag::torch PROPERTIES INTERFACE_LINK_LIBRARIES torch)
  return()
endif()

add_library(cag::torch SHARED IMPORTED)
add_library(cag::c10 SHARED IMPORTED)
set_target_properties(cag::c10 PROPERTIES IMPORTED_LOCATION "${CagTorch_C10_LIBRARY}")
set_target_properties(cag::torch PROPERTIES
  IMPORTED_LOCATION "${CagTorch_CPU_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES
    "${CagTorch_ROOT_DIR}/include/torch/csrc/api/include;${CagTorch_ROOT_DIR}/include"
  INTERFACE_COMPILE_FEATURES cxx_std_20
  INTERFACE_LINK_LIBRARIES cag::c10)

# Wheels before 2.7 were built with the old std::string; what includes them has to be, too.
set(_cag_config "${CagTorch_ROOT_DIR}/share/cmake/Torch/TorchConfig.cmake")
if(EXISTS "${_cag_config}")
  file(STRINGS "${_cag_config}" _cag_old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(_cag_old_abi)
    set_target_properties(cag::torch PROPERTIES INTERFACE_COMPILE_DEFINITIONS _GLIBCXX_USE_CXX11_ABI=0)
  endif()
endif()

if(CagTorch_CUDA_LIBRARY AND CagTorch_C10_CUDA_LIBRARY)
  # Nothing refers to a symbol of libtorch_cuda (it registers its kernels when loaded), so the linker would drop it;
  # and it must not look into the toolkit for libtorch_cuda's own needs, which are of the wheel's versions.
  add_library(cag::torch_cuda INTERFACE IMPORTED)
  set_target_properties(cag::torch_cuda PROPERTIES
    INTERFACE_LINK_LIBRARIES
      "cag::torch;-Wl,--push-state,--no-as-needed;${CagTorch_CUDA_LIBRARY};${CagTorch_C10_CUDA_LIBRARY};-Wl,--pop-state"
    INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")
endif()

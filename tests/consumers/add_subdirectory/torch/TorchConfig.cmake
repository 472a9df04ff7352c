# In the place of LibTorch's own config, which finds the CUDA toolkit that its wheel was built with or fails: it makes
# the target `torch` over CAG_TORCH_ROOT, adds to the flags of the whole project and leaves variables behind, as that does.
set(TORCH_INCLUDE_DIRS "${CAG_TORCH_ROOT}/include" "${CAG_TORCH_ROOT}/include/torch/csrc/api/include")
add_library(c10 SHARED IMPORTED)
set_target_properties(c10 PROPERTIES IMPORTED_LOCATION "${CAG_TORCH_ROOT}/lib/libc10.so")
add_library(torch SHARED IMPORTED)
set_target_properties(torch PROPERTIES
  IMPORTED_LOCATION "${CAG_TORCH_ROOT}/lib/libtorch_cpu.so"
  INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIRS}" INTERFACE_LINK_LIBRARIES c10)
string(APPEND CMAKE_CUDA_FLAGS " -DONNX_NAMESPACE=onnx_c2 -Xcudafe --diag_suppress=cc_clobber_ignored")
file(STRINGS "${CAG_TORCH_ROOT}/share/cmake/Torch/TorchConfig.cmake" old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
if(old_abi)
  set_target_properties(torch PROPERTIES INTERFACE_COMPILE_OPTIONS -D_GLIBCXX_USE_CXX11_ABI=0)
endif()
set(TORCH_LIBRARIES torch)

#define CATCH_CONFIG_RUNNER
#include <cstdio>

#include <dlfcn.h>

#include <ATen/Context.h>
#include <catch2/catch.hpp>

// LibTorch's part for CUDA is loaded here and not linked: it is larger than all the rest, and an
// installation for the CPU has libraries of it that lack what they need.
int main(int argc, char** argv) {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    std::printf("skipped: LibTorch has no CUDA here: %s\n", dlerror());
    return 77;
  }
  if (!at::hasCUDA() || at::detail::getCUDAHooks().getNumGPUs() == 0) {
    std::printf("skipped: LibTorch sees no CUDA device\n");
    return 77;
  }
  return Catch::Session().run(argc, argv);
}

#define CATCH_CONFIG_RUNNER
#include <cstdio>

#include <cuda_runtime_api.h>
#include <catch2/catch.hpp>

int main(int argc, char** argv) {
  int devices = 0;
  const auto error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) {
    std::printf("skipped: no CUDA device: %s\n", cudaGetErrorString(error));
    return 77;
  }
  cudaDeviceProp device{};
  cudaGetDeviceProperties(&device, 0);
  std::printf("on %s, sm_%d%d\n", device.name, device.major, device.minor);
  return Catch::Session().run(argc, argv);
}

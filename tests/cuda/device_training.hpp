#pragma once

#include <cstdint>

#include <fmt/format.h>

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>

#include <cag/cag.hpp>
#include <cag/io/module_state.hpp>

#include "catch.hpp"
#include "stage/toy.hpp"

/// What trains on a GPU beside what trains on the CPU, from the same inputs.
namespace on_cuda {

inline const at::Device kDevice(at::kCUDA);

constexpr cag::Optimization kQuick{.learning_rate = 0.05, .weight_decay = 0, .max_iterations = 50};

/// The largest difference, relative to the largest value.
inline double difference(const at::Tensor& device, const at::Tensor& cpu) {
  REQUIRE(device.sizes() == cpu.sizes());
  const auto expected = cpu.detach().to(at::kCPU, at::kDouble);
  const auto most = expected.abs().max().item<double>();
  return (device.detach().to(at::kCPU, at::kDouble) - expected).abs().max().item<double>() /
         (most > 0 ? most : 1);
}

inline at::Tensor enlarged(const at::Tensor& map) {
  return map.repeat_interleave(4, -1).repeat_interleave(4, -2);
}

/// Four times as wide and high, which a discriminator needs.
template <typename Source>
struct OnDevice {
  Source source{};
  at::Device device = kDevice;
  auto batch(std::int64_t number) {
    auto batch = source.batch(number);
    batch.images = enlarged(batch.images).to(device);
    if constexpr (requires { batch.labels; }) batch.labels = enlarged(batch.labels).to(device);
    return batch;
  }
  std::int64_t size() const requires requires(const Source& s) { s.size(); }
  { return source.size(); }
};

struct Data {
  OnDevice<toy::Source> source;
  OnDevice<toy::Target> target;
  OnDevice<toy::CleanSource> clean_source;
  OnDevice<toy::CleanTarget> clean_target;
  explicit Data(at::Device device)
      : source{{}, device},
        target{{}, device},
        clean_source{{}, device},
        clean_target{{}, device} {}
};

/// Dropout draws from the device's generator, so it is off.
inline cag::RunState<toy::Net> state_on(at::Device device) {
  auto net = toy::net();
  net->dropout->options.p(0);
  net->to(device);
  return cag::RunState(net);
}

inline void compare(const cag::RunState<toy::Net>& device, const cag::RunState<toy::Net>& cpu) {
  const auto expected = cag::module_state(*cpu.student);
  for (const auto& [name, tensor] : cag::module_state(*device.student)) {
    INFO(name);
    CHECK(tensor.device().type() == at::kCUDA);
    CHECK(difference(tensor, expected.at(name)) < 1e-3);
  }
}

/// What the stage trained on the GPU.
template <typename Stage>
cag::RunState<toy::Net> compare_training(const Stage& stage) {
  const auto trained = [&](at::Device device) {
    Data data(device);
    auto state = state_on(device);
    cag::StagewiseScheduler(cag::stage::WarmUp<>{.iterations = 4, .optimization = kQuick},
                            cag::stage::Repeated{stage, 2})
        .run(state, data);
    return state;
  };
  auto device = trained(kDevice);
  compare(device, trained(at::kCPU));
  return device;
}

inline bool skipped() {
  if (at::hasCUDA() && at::getNumGPUs() > 0) {
    at::globalContext().setAllowTF32CuDNN(false);  // float32 is meant
    at::globalContext().setAllowTF32CuBLAS(false);
    return false;
  }
  fmt::print("skipped: no CUDA device, or programs built without -D CAG_CUDA=ON\n");
  return true;
}

}  // namespace on_cuda

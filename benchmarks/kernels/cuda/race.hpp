#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include <ATen/core/Tensor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <fmt/format.h>

namespace bench {

inline void require(cudaError_t error) {
  TORCH_CHECK(error == cudaSuccess, "CUDA: ", cudaGetErrorString(error));
}

/// LibTorch's current stream.
inline cudaStream_t current_stream() {
  return static_cast<cudaStream_t>(
      c10::impl::VirtualGuardImpl(at::kCUDA).getStream(at::Device(at::kCUDA, 0)).native_handle());
}

/// Contestants on a GPU take turns; of each the least time of a run counts, by CUDA's events. A
/// turn has many runs, and run i has input i: inputs together are larger than the caches.
class Race {
 public:
  /// @param bytes  that a run has to move; 0: not said
  void add(std::string name, std::function<void(std::size_t)> run, std::int64_t bytes = 0) {
    contestants_.push_back({std::move(name), std::move(run), bytes});
  }

  void run(int rounds) {
    constexpr double kTurn = 2e-3;  // seconds
    for (auto& each : contestants_) {
      time(each, 1);
      each.runs = std::clamp(static_cast<int>(kTurn / time(each, 3)), 1, 200);
    }
    for (int round = 0; round < rounds; ++round)
      for (auto& each : contestants_) each.best = std::min(each.best, time(each, each.runs));
  }

  /// A table, the first contestant being what others are compared with; and lines of JSON.
  std::string report(const std::string& title, const std::string& key, double copy) const {
    auto text = fmt::format("\n{}\n", title);
    std::string json;
    for (const auto& each : contestants_) {
      const auto rate = static_cast<double>(each.bytes) / each.best;
      text += fmt::format("  {:<28}{:>10.1f} us{:>10.2f} x", each.name, each.best * 1e6,
                          each.best / contestants_.front().best);
      if (each.bytes != 0)
        text += fmt::format("{:>9.0f} GB/s{:>6.0f} % of a copy", rate / 1e9, 100 * rate / copy);
      text += "\n";
      json += fmt::format(R"({{{}, "contestant": "{}", "seconds": {:.4g}, "bytes": {}}})", key,
                          each.name, each.best, each.bytes) +
              "\n";
    }
    return text + json;
  }

  double best() const { return contestants_.front().best; }

 private:
  struct Contestant {
    std::string name;
    std::function<void(std::size_t)> run;
    std::int64_t bytes = 0;
    int runs = 1;
    double best = 1e9;
  };

  static double time(const Contestant& each, int runs) {
    cudaEvent_t start = nullptr, stop = nullptr;
    require(cudaEventCreate(&start));
    require(cudaEventCreate(&stop));
    const auto stream = current_stream();
    require(cudaEventRecord(start, stream));
    for (int i = 0; i < runs; ++i) each.run(static_cast<std::size_t>(i));
    require(cudaEventRecord(stop, stream));
    require(cudaEventSynchronize(stop));
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, start, stop));
    require(cudaEventDestroy(start));
    require(cudaEventDestroy(stop));
    return milliseconds / 1e3 / runs;
  }

  std::vector<Contestant> contestants_;
};

}  // namespace bench

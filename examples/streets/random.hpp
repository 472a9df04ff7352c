#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <cag/random/stream.hpp>

#include "streets/style.hpp"

namespace streets {

/// What scenes are drawn from.
class Random {
 public:
  explicit Random(const cag::StreamKey& key) : stream_(key) {}

  float in(const Range& range) { return in(range.low, range.high); }
  float in(float low, float high) { return static_cast<float>(stream_.uniform(low, high)); }
  bool chance(float p) { return stream_.bernoulli(p); }
  int below(int count) { return static_cast<int>(stream_.below(count)); }
  float sign() { return chance(0.5F) ? 1.0F : -1.0F; }

  template <typename T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(stream_.below(std::ssize(choices)))];
  }

  /// Of mean 0 and deviation 1.
  float normal() {
    const double radius = std::sqrt(-2 * std::log(1 - stream_.uniform01()));
    return static_cast<float>(radius * std::cos(2 * std::numbers::pi * stream_.uniform01()));
  }

 private:
  cag::Stream stream_;
};

}  // namespace streets

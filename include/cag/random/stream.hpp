#pragma once

#include <ATen/core/PhiloxRNGEngine.h>
#include <c10/util/Exception.h>

#include <cstdint>
#include <string_view>

namespace cag {

/// A number for a name, to key a Stream by what it is for: `purpose("crop")`. FNV-1a.
constexpr std::uint64_t purpose(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// What a stream of random numbers belongs to. Equal keys give equal streams, on every machine.
struct StreamKey {
  std::uint64_t seed = 0;     ///< of the run
  std::uint64_t purpose = 0;  ///< who draws: see cag::purpose
  std::uint64_t epoch = 0;    ///< the pass over the data
  std::uint64_t index = 0;    ///< of the sample, within the epoch
};

/// Independent random numbers for one key: a counter-based generator (Philox 4x32-10), so a stream
/// can be opened anywhere without drawing what lies before it. A value: copies draw the same
/// numbers.
class Stream {
 public:
  explicit Stream(const StreamKey& key)
      : engine_(mix(mix(key.seed) + key.purpose), mix(mix(key.epoch) + key.index)) {}

  /// 64 random bits.
  std::uint64_t bits() {
    const std::uint64_t high = engine_();
    return high << 32 | engine_();
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform01() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  /// Uniform in [low, high); `low` when both are equal.
  double uniform(double low, double high) { return low + (high - low) * uniform01(); }

  /// Uniform in {0, ..., count - 1}, without the bias of a plain remainder.
  std::int64_t below(std::int64_t count) {
    TORCH_CHECK_VALUE(count > 0, "expected a positive count to draw from, got ", count);
    const auto n = static_cast<std::uint64_t>(count);
    const std::uint64_t unfair = (0 - n) % n;  // 2^64 mod n values would come up once too often
    std::uint64_t drawn = bits();
    while (drawn < unfair) drawn = bits();
    return static_cast<std::int64_t>(drawn % n);
  }

  /// True with probability `p`: never for 0, always for 1.
  bool bernoulli(double p) { return uniform01() < p; }

 private:
  // The finaliser of SplitMix64, a bijection: neighbouring seeds and indices become unrelated.
  static constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  at::Philox4_32 engine_;
};

}  // namespace cag

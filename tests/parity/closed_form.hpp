#pragma once

#include <cstdint>
#include <string_view>

namespace cag::parity {

/// The number sequence s(key, i) in [-1, 1) that golden cases write weights and features with, so
/// that they need not store them.
class ClosedForm {
 public:
  explicit ClosedForm(std::string_view key) : seed_(mixed(fnv1a(key))) {}

  double operator()(std::int64_t i) const {
    const auto hash = mixed(seed_ + static_cast<std::uint32_t>(i));
    return 2 * (static_cast<double>(hash >> 8) / 16777216.0) - 1;
  }

 private:
  static std::uint32_t fnv1a(std::string_view text) {
    std::uint32_t hash = 0x811C9DC5;
    for (const unsigned char byte : text) hash = (hash ^ byte) * 0x01000193;
    return hash;
  }

  static std::uint32_t mixed(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x7FEB352D;
    x ^= x >> 15;
    x *= 0x846CA68B;
    return x ^ (x >> 16);
  }

  std::uint32_t seed_;
};

}  // namespace cag::parity

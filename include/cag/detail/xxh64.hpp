#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cag::detail {

/// The 64-bit hash XXH64 (Yann Collet) of bytes given in pieces. It finds damage, not forgery.
class Xxh64 {
 public:
  explicit Xxh64(std::uint64_t seed = 0)
      : lanes_{seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1}, seed_(seed) {}

  void update(std::string_view bytes) {
    if (bytes.empty()) return;
    total_ += bytes.size();
    if (buffered_ > 0) {
      const auto taken = std::min(bytes.size(), kStripe - buffered_);
      std::memcpy(buffer_ + buffered_, bytes.data(), taken);
      buffered_ += taken;
      bytes.remove_prefix(taken);
      if (buffered_ < kStripe) return;
      mix_stripe(buffer_);
      buffered_ = 0;
    }
    while (bytes.size() >= kStripe) {
      mix_stripe(bytes.data());
      bytes.remove_prefix(kStripe);
    }
    if (!bytes.empty()) std::memcpy(buffer_, bytes.data(), bytes.size());
    buffered_ = bytes.size();
  }

  std::uint64_t digest() const {
    std::uint64_t hash = seed_ + kPrime5;
    if (total_ >= kStripe) {
      hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) +
             std::rotl(lanes_[3], 18);
      for (const auto lane : lanes_) hash = (hash ^ round(0, lane)) * kPrime1 + kPrime4;
    }
    hash += total_;
    const char* at = buffer_;
    const char* const end = buffer_ + buffered_;
    for (; end - at >= 8; at += 8) {
      hash = std::rotl(hash ^ round(0, load<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
    }
    for (; end - at >= 4; at += 4) {
      hash = std::rotl(hash ^ (load<std::uint32_t>(at) * kPrime1), 23) * kPrime2 + kPrime3;
    }
    for (; at != end; ++at) {
      hash = std::rotl(hash ^ (static_cast<unsigned char>(*at) * kPrime5), 11) * kPrime1;
    }
    hash = (hash ^ (hash >> 33)) * kPrime2;
    hash = (hash ^ (hash >> 29)) * kPrime3;
    return hash ^ (hash >> 32);
  }

 private:
  static_assert(std::endian::native == std::endian::little, "cag reads and writes little-endian");

  static constexpr std::size_t kStripe = 32;
  static constexpr std::uint64_t kPrime1 = 11400714785074694791U;
  static constexpr std::uint64_t kPrime2 = 14029467366897019727U;
  static constexpr std::uint64_t kPrime3 = 1609587929392839161U;
  static constexpr std::uint64_t kPrime4 = 9650029242287828579U;
  static constexpr std::uint64_t kPrime5 = 2870177450012600261U;

  template <typename T>
  static T load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }

  static std::uint64_t round(std::uint64_t lane, std::uint64_t input) {
    return std::rotl(lane + input * kPrime2, 31) * kPrime1;
  }

  void mix_stripe(const char* stripe) {
    for (std::size_t i = 0; i < 4; ++i) {
      lanes_[i] = round(lanes_[i], load<std::uint64_t>(stripe + 8 * i));
    }
  }

  std::uint64_t lanes_[4];
  std::uint64_t seed_;
  std::uint64_t total_ = 0;
  char buffer_[kStripe] = {};
  std::size_t buffered_ = 0;
};

inline std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed = 0) {
  Xxh64 hash(seed);
  hash.update(bytes);
  return hash.digest();
}

}  // namespace cag::detail

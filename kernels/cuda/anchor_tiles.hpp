#pragma once

#include <cstdint>
#include <type_traits>

#include "block.hpp"

namespace cag::kernels::cuda {

/// How the anchors are dealt out: a thread keeps the sums of one slice, the slices of a pass are
/// held by warps side by side, and passes follow each other.
struct AnchorTiles {
  static constexpr int kLargestSlice = 32;
  static constexpr int kAtOnce = 4;  ///< anchors that are read at once, of which a slice is made
  static constexpr int kMostSlices = 8;
  static constexpr int kChannels = 8;  ///< of which there is a whole number

  int slice = 0;   ///< anchors of a slice
  int slices = 0;  ///< of a pass
  int passes = 0;

  CAG_KERNELS_BOTH constexpr int slots() const { return slice * slices; }
  /// Of all passes.
  CAG_KERNELS_BOTH constexpr int all_slots() const { return slots() * passes; }

  CAG_KERNELS_BOTH static constexpr AnchorTiles of(std::int64_t anchors) {
    const int count = static_cast<int>(anchors);
    const int passes = parts(count, kLargestSlice * kMostSlices);
    const int slices = parts(parts(count, passes), kLargestSlice);
    return {slice_for(parts(count, passes * slices)), slices, passes};
  }

  /// The sizes that kernels are compiled for; 20 for the 19 categories of street scenes.
  CAG_KERNELS_BOTH static constexpr int slice_for(int anchors) {
    return anchors <= 8 ? 8 : anchors <= 16 ? 16 : anchors <= 20 ? 20 : anchors <= 24 ? 24 : 32;
  }

  /// Calls with such a size as a constant.
  template <typename Call>
  static auto with_slice(int slice, Call&& call) {
    if (slice == 8) return call(std::integral_constant<int, 8>());
    if (slice == 16) return call(std::integral_constant<int, 16>());
    if (slice == 20) return call(std::integral_constant<int, 20>());
    if (slice == 24) return call(std::integral_constant<int, 24>());
    return call(std::integral_constant<int, 32>());
  }

  /// Channels in DeviceAnchors::tiles, which are [passes, channels, slots].
  CAG_KERNELS_BOTH static constexpr std::int64_t channels(std::int64_t width) {
    return width == 0 ? kChannels : (width + kChannels - 1) / kChannels * kChannels;
  }

 private:
  CAG_KERNELS_BOTH static constexpr int parts(int whole, int most) {
    return (whole + most - 1) / most;
  }
};

}  // namespace cag::kernels::cuda

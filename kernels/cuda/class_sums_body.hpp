#pragma once

#include <cag/kernels/class_map.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// Sums of categories over pieces of an image. A lane adds to sums of its own, one for each
/// category, in shared memory: of its pixels where they lie side by side, of its channels where
/// those do.
struct PartialSumsJob {
  FeatureMap map;
  const std::uint8_t* classes = nullptr;
  int categories = 0;
  float* partial = nullptr;  ///< [images, pieces, categories, channels]

  /// Pixels: more would lose precision, fewer make more partial sums than there is to read.
  static constexpr std::int64_t kPiece = 1024;
  static constexpr int kMostWarps = 4;
  static constexpr int kMostChannels = 4;  ///< of a warp or, where they lie side by side, a lane
  static constexpr std::int64_t kMostShared = 48 << 10;

  CAG_KERNELS_BOTH std::int64_t pieces() const { return (map.pixels + kPiece - 1) / kPiece; }
  /// As many as the shared memory holds sums for.
  int channels() const {
    return kMostWarps * kMostChannels * bytes_of_lanes() <= kMostShared ? kMostChannels : 1;
  }
  int warps() const {
    const auto fit = kMostShared / (channels() * bytes_of_lanes());
    return static_cast<int>(fit < kMostWarps ? fit : kMostWarps);
  }
  int threads() const { return warps() * kWarp; }
  std::int64_t shared_bytes() const { return warps() * channels() * bytes_of_lanes(); }
  std::int64_t tasks() const {
    return map.images * pieces() *
           tiles(map.pixel_stride == 1 ? warps() * channels() : kWarp * channels());
  }
  /// Of a block's channels.
  CAG_KERNELS_BOTH std::int64_t tiles(int channels_of_block) const {
    return (map.channels + channels_of_block - 1) / channels_of_block;
  }

 private:
  std::int64_t bytes_of_lanes() const { return categories * kWarp * std::int64_t{sizeof(float)}; }
};

/// @tparam kChannels  job.channels()
template <int kChannels, typename Block>
CAG_KERNELS_DEVICE void partial_sums_body(const Block& block, const PartialSumsJob& job) {
  const auto& map = job.map;
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int warps = block.threads() / kWarp, categories = job.categories;
  const bool streams = map.pixel_stride == 1;
  // Of a block, and from one of a thread's channels to its next.
  const int channels = streams ? warps * kChannels : kWarp * kChannels;
  const int channel_step = streams ? 1 : kWarp;
  const int pixel_step = streams ? kWarp : warps;
  const auto tiles = job.tiles(channels);
  // [warps, kChannels, categories, kWarp]
  auto* const shared = static_cast<float*>(block.shared());
  const int sums_of_channel = categories * kWarp, sums_of_warp = kChannels * sums_of_channel;
  float* const own = shared + warp * sums_of_warp;

  for (auto task = block.index(); task < map.images * job.pieces() * tiles; task += block.count()) {
    const auto piece = task / tiles;  // of all images
    const auto image = piece / job.pieces(), begin = piece % job.pieces() * job.kPiece;
    const auto end = begin + job.kPiece < map.pixels ? begin + job.kPiece : map.pixels;
    const auto first = task % tiles * channels + (streams ? warp * kChannels : lane);
    const std::uint8_t* classes = job.classes + image * map.pixels;
    for (int i = lane; i < sums_of_warp; i += kWarp) own[i] = 0;

    with_reader(block, map, [&](const auto& read) {
      constexpr int kAhead = 4;  // pixels that are asked for before the first is added
      for (auto p = begin + (streams ? lane : warp); p < end; p += kAhead * pixel_step) {
        int category[kAhead];
        float value[kAhead][kChannels];
        CAG_KERNELS_UNROLL
        for (int i = 0; i < kAhead; ++i) {
          const auto pixel = p + i * pixel_step;
          category[i] = pixel < end ? classes[pixel] : kNoClass;
          const auto at = image * map.image_stride + pixel * map.pixel_stride;
          CAG_KERNELS_UNROLL
          for (int j = 0; j < kChannels; ++j) {
            const auto channel = first + j * channel_step;
            value[i][j] = category[i] != kNoClass && channel < map.channels
                              ? read(at + channel * map.channel_stride)
                              : 0;
          }
        }
        CAG_KERNELS_UNROLL
        for (int i = 0; i < kAhead; ++i) {
          if (category[i] == kNoClass) continue;
          CAG_KERNELS_UNROLL
          for (int j = 0; j < kChannels; ++j)
            own[j * sums_of_channel + category[i] * kWarp + lane] += value[i][j];
        }
      }
    });
    block.barrier();

    float* const partial = job.partial + piece * categories * map.channels;
    for (int j = 0; j < kChannels; ++j) {
      const auto channel = first + j * channel_step;
      if (channel >= map.channels) continue;
      if (streams) {
        // A lane adds up what all lanes have of a category, each from its own bank on.
        for (int k = lane; k < categories; k += kWarp) {
          const float* lanes = own + j * sums_of_channel + k * kWarp;
          float sum = 0;
          for (int i = 0; i < kWarp; ++i) sum += lanes[(k + i) % kWarp];
          partial[k * map.channels + channel] = sum;
        }
      } else {
        for (int k = warp; k < categories; k += warps) {
          float sum = 0;
          for (int w = 0; w < warps; ++w)
            sum += shared[w * sums_of_warp + j * sums_of_channel + k * kWarp + lane];
          partial[k * map.channels + channel] = sum;
        }
      }
    }
    block.barrier();
  }
}

/// Adds up the pieces.
struct SumsJob {
  const float* partial = nullptr;  ///< [images, pieces, categories · channels]
  std::int64_t images = 0, pieces = 0, values = 0;
  float* sums = nullptr;  ///< [images, categories · channels]

  static constexpr int kThreads = 128;
  std::int64_t tasks() const { return (images * values + kThreads - 1) / kThreads; }
};

template <typename Block>
CAG_KERNELS_DEVICE void sums_body(const Block& block, const SumsJob& job) {
  for (auto i = block.index() * block.threads() + block.thread(); i < job.images * job.values;
       i += block.count() * block.threads()) {
    const float* from = job.partial + i / job.values * job.pieces * job.values + i % job.values;
    double sum = 0;
    for (std::int64_t piece = 0; piece < job.pieces; ++piece) sum += from[piece * job.values];
    job.sums[i] = static_cast<float>(sum);
  }
}

}  // namespace cag::kernels::cuda

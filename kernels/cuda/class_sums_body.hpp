#pragma once

#include <cag/kernels/class_map.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// Sums of categories over pieces of an image. A lane adds to sums of its own in shared memory, of
/// some channels and each category: of its pixels where they lie side by side, of its channels
/// where those do.
struct PartialSumsJob {
  FeatureMap map;
  const std::uint8_t* classes = nullptr;
  int categories = 0;
  float* partial = nullptr;            ///< [images, pieces, categories, channels]
  std::int64_t piece = kLargestPiece;  ///< pixels
  bool aligned = false;  ///< whether a lane's values of a channel or a pixel can be read at once

  PartialSumsJob(const FeatureMap& map, const std::uint8_t* classes, int categories, float* partial)
      : map(map),
        classes(classes),
        categories(categories),
        partial(partial),
        aligned(lies_in(map, streams() ? group_bytes() / bytes_of(map.element) : kMostChannels) &&
                (!streams() || lies_in_groups(map, classes))) {
    while (tasks() < kBusy && piece > kSmallestPiece) piece /= 2;
  }

  /// More pixels would lose precision, fewer make more partial sums than there is to read.
  static constexpr std::int64_t kLargestPiece = 1024, kSmallestPiece = 128;
  static constexpr std::int64_t kBusy = 512;  ///< tasks that keep a large device busy
  static constexpr int kMostWarps = 4;
  static constexpr int kMostChannels = kFour;  ///< of a lane
  static constexpr std::int64_t kMostShared = 48 << 10;

  CAG_KERNELS_BOTH bool streams() const { return map.pixel_stride == 1; }
  CAG_KERNELS_BOTH std::int64_t pieces() const { return (map.pixels + piece - 1) / piece; }
  /// As many as the shared memory holds sums for.
  int channels() const {
    return kMostChannels * bytes_of_lanes() <= kMostShared ? kMostChannels : 1;
  }
  int warps() const {
    const auto fit = kMostShared / (channels() * bytes_of_lanes());
    return static_cast<int>(fit < kMostWarps ? fit : kMostWarps);
  }
  int threads() const { return warps() * kWarp; }
  std::int64_t shared_bytes() const { return warps() * channels() * bytes_of_lanes(); }
  std::int64_t tasks() const {
    return map.images * pieces() * tiles(channels() * (streams() ? warps() : kWarp));
  }
  /// Of a block's channels.
  CAG_KERNELS_BOTH std::int64_t tiles(int channels_of_block) const {
    return (map.channels + channels_of_block - 1) / channels_of_block;
  }

  /// Of neighbouring pixels that a lane reads at once.
  CAG_KERNELS_BOTH static constexpr int group_bytes() { return 16; }

 private:
  std::int64_t bytes_of_lanes() const { return categories * kWarp * std::int64_t{sizeof(float)}; }
  /// Whether the classes of a lane's pixels can be read at once.
  static bool lies_in_groups(const FeatureMap& map, const std::uint8_t* classes) {
    const auto group = static_cast<std::uintptr_t>(group_bytes() / bytes_of(map.element));
    return reinterpret_cast<std::uintptr_t>(classes) % group == 0 &&
           (map.images <= 1 || map.pixels % static_cast<std::int64_t>(group) == 0);
  }
};

/// A lane's sums of one category.
template <int kChannels>
using LaneSums = Neighbours<float, kChannels>;

/// Adds values to a lane's sums: those that follow each other in one category to a register first.
template <int kChannels>
class Runs {
 public:
  /// @param sums  [categories, kWarp] from the lane's own on
  CAG_KERNELS_DEVICE explicit Runs(LaneSums<kChannels>* sums) : sums_(sums) {}

  CAG_KERNELS_DEVICE void add(int category, const float (&value)[kChannels]) {
    if (category != category_) {
      end();
      category_ = category;
      run_ = {};
    }
    CAG_KERNELS_UNROLL
    for (int j = 0; j < kChannels; ++j) run_.value[j] += value[j];
  }
  CAG_KERNELS_DEVICE void end() const {
    if (category_ == kNoClass) return;
    auto sum = sums_[category_ * kWarp];
    CAG_KERNELS_UNROLL
    for (int j = 0; j < kChannels; ++j) sum.value[j] += run_.value[j];
    sums_[category_ * kWarp] = sum;
  }

 private:
  LaneSums<kChannels>* sums_;
  LaneSums<kChannels> run_ = {};
  int category_ = kNoClass;
};

/// Adds pixels [begin, end) of an image, which lie side by side: each lane groups of them.
template <typename E, int kChannels, typename Block>
CAG_KERNELS_DEVICE void add_planes(const Block& block, const PartialSumsJob& job,
                                   std::int64_t image, std::int64_t begin, std::int64_t end,
                                   std::int64_t first, Runs<kChannels>& runs) {
  using Stored = typename E::Stored;
  constexpr int kGroup = PartialSumsJob::group_bytes() / int{sizeof(Stored)};
  const auto& map = job.map;
  const auto* const data =
      static_cast<const Stored*>(map.data) + image * map.image_stride + first * map.channel_stride;
  const std::uint8_t* const classes = job.classes + image * map.pixels;
  const bool whole = job.aligned && first + kChannels <= map.channels;
  struct Group {
    Neighbours<std::uint8_t, kGroup> category;
    Neighbours<Stored, kGroup> value[kChannels];
  };
  const auto load = [&](std::int64_t pixel, Group& group) {
    if (whole && pixel + kGroup <= end) {
      group.category = *reinterpret_cast<const Neighbours<std::uint8_t, kGroup>*>(classes + pixel);
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kChannels; ++j)
        group.value[j] = *reinterpret_cast<const Neighbours<Stored, kGroup>*>(
            data + j * map.channel_stride + pixel);
      return;
    }
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kGroup; ++i) {
      const bool inside = pixel + i < end;
      group.category.value[i] = inside ? classes[pixel + i] : kNoClass;
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kChannels; ++j)
        group.value[j].value[i] = inside && first + j < map.channels
                                      ? data[j * map.channel_stride + pixel + i]
                                      : Stored{0};
    }
  };

  constexpr int kStep = kWarp * kGroup;
  auto pixel = begin + block.thread() % kWarp * kGroup;
  Group now = {}, next = {};
  load(pixel, now);
  for (; pixel < end; pixel += kStep) {
    if (pixel + kStep < end) load(pixel + kStep, next);
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kGroup; ++i) {
      float value[kChannels];
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kChannels; ++j) value[j] = E::widen(block, now.value[j].value[i]);
      runs.add(now.category.value[i], value);
    }
    now = next;
  }
}

/// Adds pixels [begin, end) of an image, whose channels lie side by side: each lane its channels.
template <typename E, int kChannels, typename Block>
CAG_KERNELS_DEVICE void add_rows(const Block& block, const PartialSumsJob& job, std::int64_t image,
                                 std::int64_t begin, std::int64_t end, std::int64_t first,
                                 Runs<kChannels>& runs) {
  using Stored = typename E::Stored;
  constexpr int kAhead = 8;  // pixels that are asked for before the first is added
  const auto& map = job.map;
  const auto* const data = static_cast<const Stored*>(map.data) + image * map.image_stride + first;
  const std::uint8_t* const classes = job.classes + image * map.pixels;
  const bool whole = job.aligned && first + kChannels <= map.channels;
  for (auto pixel = begin; pixel < end; pixel += kAhead) {
    int category[kAhead];
    Neighbours<Stored, kChannels> stored[kAhead];
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kAhead; ++i) {
      const bool inside = pixel + i < end;
      category[i] = inside ? classes[pixel + i] : kNoClass;
      const auto* const from = data + (pixel + i) * map.pixel_stride;
      if (whole && inside) {
        stored[i] = *reinterpret_cast<const Neighbours<Stored, kChannels>*>(from);
      } else {
        CAG_KERNELS_UNROLL
        for (int j = 0; j < kChannels; ++j)
          stored[i].value[j] = inside && first + j < map.channels ? from[j] : Stored{0};
      }
    }
    CAG_KERNELS_UNROLL
    for (int i = 0; i < kAhead; ++i) {
      float value[kChannels];
      CAG_KERNELS_UNROLL
      for (int j = 0; j < kChannels; ++j) value[j] = E::widen(block, stored[i].value[j]);
      runs.add(category[i], value);
    }
  }
}

/// @param channels  that there are from `to` on
template <int kChannels>
CAG_KERNELS_DEVICE void write_sums(const LaneSums<kChannels>& sums, float* to,
                                   std::int64_t channels) {
  if (channels >= kChannels && reinterpret_cast<std::uintptr_t>(to) % sizeof sums == 0) {
    *reinterpret_cast<LaneSums<kChannels>*>(to) = sums;
    return;
  }
  CAG_KERNELS_UNROLL
  for (int j = 0; j < kChannels; ++j)
    if (j < channels) to[j] = sums.value[j];
}

/// @tparam kChannels  job.channels()
template <int kChannels, typename Block>
CAG_KERNELS_DEVICE void partial_sums_body(const Block& block, const PartialSumsJob& job) {
  const auto& map = job.map;
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int warps = block.threads() / kWarp, categories = job.categories;
  const bool streams = job.streams();
  const int channels = kChannels * (streams ? warps : kWarp);  // of a block
  const auto tiles = job.tiles(channels);
  // [warps, categories, kWarp]
  auto* const shared = static_cast<LaneSums<kChannels>*>(block.shared());
  auto* const own = shared + warp * categories * kWarp;

  for (auto task = block.index(); task < map.images * job.pieces() * tiles; task += block.count()) {
    const auto piece = task / tiles;  // of all images
    const auto image = piece / job.pieces(), begin = piece % job.pieces() * job.piece;
    const auto end = begin + job.piece < map.pixels ? begin + job.piece : map.pixels;
    const auto first = task % tiles * channels + kChannels * (streams ? warp : lane);
    for (int k = 0; k < categories; ++k) own[k * kWarp + lane] = {};
    with_element(map.element, [&](auto element) {
      using E = decltype(element);
      Runs<kChannels> runs(own + lane);
      if (streams) {
        add_planes<E>(block, job, image, begin, end, first, runs);
      } else {
        // Neighbours, so that they are of few categories.
        const auto share = (end - begin + warps - 1) / warps, from = begin + warp * share;
        add_rows<E>(block, job, image, from, from + share < end ? from + share : end, first, runs);
      }
      runs.end();
    });
    block.barrier();

    float* const partial = job.partial + piece * categories * map.channels + first;
    const auto left = map.channels - first;
    if (streams) {
      // A lane adds up what all lanes have of a category, each from its own bank on.
      for (int k = lane; k < categories; k += kWarp) {
        LaneSums<kChannels> sum = {};
        CAG_KERNELS_UNROLL_8
        for (int i = 0; i < kWarp; ++i) {
          const auto other = own[k * kWarp + (k + i) % kWarp];
          CAG_KERNELS_UNROLL
          for (int j = 0; j < kChannels; ++j) sum.value[j] += other.value[j];
        }
        write_sums(sum, partial + k * map.channels, left);
      }
    } else {
      for (int k = warp; k < categories; k += warps) {
        auto sum = shared[k * kWarp + lane];
        for (int w = 1; w < warps; ++w) {
          const auto other = shared[(w * categories + k) * kWarp + lane];
          CAG_KERNELS_UNROLL
          for (int j = 0; j < kChannels; ++j) sum.value[j] += other.value[j];
        }
        write_sums(sum, partial + k * map.channels, left);
      }
    }
    block.barrier();
  }
}

/// Adds up the pieces: a lane has a value, a warp some of the pieces.
struct SumsJob {
  const float* partial = nullptr;  ///< [images, pieces, categories · channels]
  std::int64_t images = 0, pieces = 0, values = 0;
  float* sums = nullptr;  ///< [images, categories · channels]

  static constexpr int kThreads = 256;
  std::int64_t tasks() const { return (images * values + kWarp - 1) / kWarp; }
  static constexpr std::int64_t shared_bytes() { return kThreads * sizeof(double); }
};

template <typename Block>
CAG_KERNELS_DEVICE void sums_body(const Block& block, const SumsJob& job) {
  const int lane = block.thread() % kWarp, warp = block.thread() / kWarp;
  const int warps = block.threads() / kWarp;
  auto* const shared = static_cast<double*>(block.shared());
  const auto all = job.images * job.values;
  for (auto task = block.index(); task * kWarp < all; task += block.count()) {
    const auto i = task * kWarp + lane;
    double sum = 0;
    if (i < all) {
      const float* from = job.partial + i / job.values * job.pieces * job.values + i % job.values;
      CAG_KERNELS_UNROLL_8
      for (std::int64_t piece = warp; piece < job.pieces; piece += warps)
        sum += from[piece * job.values];
    }
    shared[block.thread()] = sum;
    block.barrier();
    if (warp == 0 && i < all) {
      for (int w = 1; w < warps; ++w) sum += shared[w * kWarp + lane];
      job.sums[i] = static_cast<float>(sum);
    }
    block.barrier();
  }
}

}  // namespace cag::kernels::cuda

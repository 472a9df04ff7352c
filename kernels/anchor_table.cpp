#include <cag/kernels/anchor_table.hpp>

#include <algorithm>
#include <cmath>
#include <new>

#include "cpu/tiles.hpp"
#include "tile_anchors.hpp"

namespace cag::kernels {

namespace {

/// Zeros, from the begin of a cache line: a vector that lies on two takes two loads.
std::shared_ptr<float[]> aligned_zeros(std::int64_t size) {
  constexpr std::align_val_t kLine{64};
  auto* values = new (kLine) float[size]{};
  return {values, [](float* memory) { operator delete[](memory, kLine); }};
}

}  // namespace

AnchorTable::AnchorTable(const float* vectors, const std::int64_t* category, std::int64_t anchors,
                         std::int64_t width)
    : anchors_(anchors), width_(width) {
  const auto padded = (width + kBlock - 1) / kBlock * kBlock;
  auto by_block = aligned_zeros(anchors * padded);
  auto centred = aligned_zeros(anchors * padded);
  auto centre = aligned_zeros(padded);
  auto squares = std::make_shared<float[]>(anchors);
  for (std::int64_t d = 0; d < width; ++d) {
    double sum = 0;
    for (std::int64_t r = 0; r < anchors; ++r) sum += vectors[r * width + d];
    centre[d] = static_cast<float>(sum / static_cast<double>(anchors));
  }
  for (std::int64_t r = 0; r < anchors; ++r) {
    double square = 0;
    for (std::int64_t d = 0; d < width; ++d) {
      const auto value = vectors[r * width + d];
      const auto difference = static_cast<double>(value) - centre[d];
      const auto at = (d / kBlock * anchors + r) * kBlock + d % kBlock;
      by_block[at] = value;
      centred[at] = static_cast<float>(difference);
      square += difference * difference;
    }
    squares[r] = static_cast<float>(square);
    radius_ = std::max(radius_, static_cast<float>(std::sqrt(square)));
  }
  auto own = std::make_shared<std::int64_t[]>(anchors);
  std::copy_n(category, anchors, own.get());
  if (cpu::has_tiles()) tiles_ = std::make_shared<TileAnchors>(centred.get(), anchors, width);
  by_block_ = std::move(by_block);
  centre_ = std::move(centre);
  centred_ = std::move(centred);
  squares_ = std::move(squares);
  category_ = std::move(own);
}

}  // namespace cag::kernels

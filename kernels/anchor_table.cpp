#include <cag/kernels/anchor_table.hpp>

#include <algorithm>

namespace cag::kernels {

AnchorTable::AnchorTable(const float* vectors, const std::int64_t* category, std::int64_t anchors,
                         std::int64_t width)
    : anchors_(anchors), width_(width) {
  auto by_channel = std::make_shared<float[]>(anchors * width);
  for (std::int64_t r = 0; r < anchors; ++r)
    for (std::int64_t d = 0; d < width; ++d) by_channel[d * anchors + r] = vectors[r * width + d];
  auto own = std::make_shared<std::int64_t[]>(anchors);
  std::copy_n(category, anchors, own.get());
  by_channel_ = std::move(by_channel);
  category_ = std::move(own);
}

}  // namespace cag::kernels

#pragma once

#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/torch_threads.hpp>
#include <cag/kernels/anchor_table.hpp>
#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/large_pages.hpp>
#include <cag/kernels/mutable_feature_map.hpp>

namespace cag::detail {

/// What the compiled operators read values as; none of those that they do not know.
inline std::optional<kernels::Element> element_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return kernels::Element::kFloat32;
    case at::kBFloat16:
      return kernels::Element::kBFloat16;
    case at::kHalf:
      return kernels::Element::kFloat16;
    default:
      return {};
  }
}

/// The same of a map on the CPU; none of maps that take LibTorch's way.
inline std::optional<kernels::Element> element_of(const at::Tensor& map) {
  if (!map.is_cpu()) return {};
  return element_of(map.scalar_type());
}

/// How many pixels a map [N, D, h, w] has.
inline std::int64_t pixels_of(const at::Tensor& map) {
  return map.size(0) * map.size(2) * map.size(3);
}

/// The tensor with its values in memory: LibTorch leaves some signs and zeros for later.
inline at::Tensor in_memory(const at::Tensor& tensor) {
  return tensor._is_zerotensor() ? tensor.clone() : tensor.resolve_neg();
}

/// A map [N, D, h, w] that has an Element, as the operators read it: where it lies, if its pixels
/// or its channels lie side by side, else from a copy.
class FeatureView {
 public:
  explicit FeatureView(const at::Tensor& features) : features_(in_memory(features.detach())) {
    if (!fits()) features_ = features_.contiguous();
    const auto size = features_.sizes();
    view_ = {.data = features_.const_data_ptr(),
             .element = element_of(features_.scalar_type()).value(),
             .images = size[0],
             .channels = size[1],
             .pixels = size[2] * size[3],
             .image_stride = features_.stride(0),
             .channel_stride = features_.stride(1),
             .pixel_stride = size[3] == 1 ? features_.stride(2) : features_.stride(3)};
    if (view_.pixels == 1) view_.pixel_stride = 1;
    if (view_.channels == 1 && view_.pixel_stride != 1) view_.channel_stride = 1;
  }

  const kernels::FeatureMap& view() const { return view_; }

 private:
  /// The pixels of an image are evenly spaced, and side by side if the channels are not.
  bool fits() const {
    const auto height = features_.size(2), width = features_.size(3);
    if (height * width <= 1) return true;
    const auto step = width == 1 ? features_.stride(2) : features_.stride(3);
    const bool even = height == 1 || width == 1 || features_.stride(2) == step * width;
    return even && (step == 1 || features_.stride(1) == 1 || features_.size(1) == 1);
  }

  at::Tensor features_;
  kernels::FeatureMap view_;
};

/// A feature map that has been made to be written: contiguous, or channels-last.
inline kernels::MutableFeatureMap written(at::Tensor& map) {
  const FeatureView view(map);
  const auto& [data, element, images, channels, pixels, image_stride, channel_stride,
               pixel_stride] = view.view();
  return {map.mutable_data_ptr(), element,        images,      channels, pixels,
          image_stride,           channel_stride, pixel_stride};
}

/// A map that is about to be written, on large pages where the system has some.
inline at::Tensor fresh_map(at::IntArrayRef sizes, at::ScalarType type, at::MemoryFormat format) {
  auto map = at::empty(sizes, at::TensorOptions(type), format);
  kernels::ask_for_large_pages(map.mutable_data_ptr(), static_cast<std::int64_t>(map.nbytes()));
  return map;
}

/// Anchors as the operators read them: rows of float32, and whose each is.
struct AnchorRows {
  at::Tensor vectors;   ///< [R, D]
  at::Tensor category;  ///< [R], ascending

  /// The anchors that take part.
  /// @param competing [K] bool
  static AnchorRows of(const Anchors& anchors, const at::Tensor& competing) {
    // By hand: it is done for every map, and LibTorch takes longer than the map does on a GPU.
    const auto owners = anchors.owners().to(at::kCPU).contiguous();
    const auto counts = anchors.counts.to(at::kCPU).contiguous();
    const auto vectors = anchors.vectors.to(at::kCPU, at::kDouble).contiguous();
    const auto taken = competing.to(at::kCPU).contiguous();
    const auto rows = owners.size(0), width = vectors.size(1), categories = taken.size(0);
    TORCH_CHECK_VALUE(categories == anchors.categories(), "expected whether each of ",
                      anchors.categories(), " categories competes, got ", competing.sizes());
    TORCH_CHECK_VALUE(vectors.size(0) == rows && counts.size(0) == rows, "expected ", rows,
                      " anchors and counts, got ", vectors.sizes(), " and ", counts.sizes());
    const auto* const owner = owners.const_data_ptr<std::int64_t>();
    const auto* const count = counts.const_data_ptr<std::int64_t>();
    const auto* const competes = taken.const_data_ptr<bool>();
    std::vector<bool> seen(static_cast<std::size_t>(categories));
    for (std::int64_t r = 0; r < rows; ++r) {
      TORCH_CHECK_VALUE(owner[r] >= (r == 0 ? 0 : owner[r - 1]) && owner[r] < categories,
                        "expected owners in [0, ", categories, "), ascending, got ", owner[r],
                        " of anchor ", r);
      if (count[r] > 0) seen[static_cast<std::size_t>(owner[r])] = true;
    }
    std::vector<std::int64_t> own;
    for (std::int64_t r = 0; r < rows; ++r)
      if (competes[owner[r]] && !(count[r] == 0 && seen[static_cast<std::size_t>(owner[r])]))
        own.push_back(r);
    TORCH_CHECK_VALUE(own.size() <= kernels::AnchorTable::kMaxAnchors, "expected at most ",
                      kernels::AnchorTable::kMaxAnchors, " anchors, got ", own.size());

    AnchorRows result{at::empty({std::ssize(own), width}, at::kFloat),
                      at::empty({std::ssize(own)}, at::kLong)};
    auto* to = result.vectors.mutable_data_ptr<float>();
    auto* category = result.category.mutable_data_ptr<std::int64_t>();
    bool finite = true;
    for (const auto r : own) {
      *category++ = owner[r];
      const auto* const from = vectors.const_data_ptr<double>() + r * width;
      for (std::int64_t d = 0; d < width; ++d) {
        to[d] = static_cast<float>(from[d]);
        finite &= std::isfinite(to[d]);
      }
      to += width;
    }
    TORCH_CHECK_VALUE(finite, "expected finite anchors");
    return result;
  }

  /// @throws c10::ValueError without any
  kernels::AnchorTable table() const {
    check_some();
    return {vectors.const_data_ptr<float>(), category.const_data_ptr<std::int64_t>(),
            vectors.size(0), vectors.size(1)};
  }

  void check_some() const {
    TORCH_CHECK_VALUE(vectors.size(0) >= 1, "expected a category that competes, got none");
  }
};

}  // namespace cag::detail

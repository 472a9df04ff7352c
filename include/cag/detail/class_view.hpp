#pragma once

#include <cstdint>
#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cag/anchor/class_sums.hpp>
#include <cag/detail/kernel_views.hpp>
#include <cag/kernels/class_map.hpp>
#include <cag/label/ignore.hpp>

namespace cag::detail {

/// Labels [N, h, w] and, where it is defined, the logits that have to agree with them, as the
/// operators over classes read them.
class ClassView {
 public:
  ClassView(const at::Tensor& labels, const at::Tensor& logits, std::int64_t categories)
      : labels_(in_memory(labels).contiguous()), categories_(categories) {
    TORCH_CHECK_VALUE(labels.is_cpu(),
                      "expected labels on the CPU, as the features are, got some on ",
                      labels.device());
    if (logits.defined()) logits_.emplace(logits);
  }

  kernels::PixelClasses view() const {
    return {.label = labels_.const_data_ptr<std::int64_t>(),
            .logits = logits_ ? &logits_->view() : nullptr,
            .categories = categories_};
  }

 private:
  at::Tensor labels_;
  std::optional<FeatureView> logits_;
  std::int64_t categories_;
};

/// The class map [N, h, w], a byte for each pixel, and how many count of each image and category.
struct ClassMap {
  at::Tensor classes;  ///< [N, h, w] uint8
  at::Tensor pixels;   ///< [N, K] int64

  static ClassMap of(const at::Tensor& labels, const at::Tensor& logits, std::int64_t categories) {
    const ClassView view(labels, logits, categories);
    ClassMap map{at::empty(labels.sizes(), at::kByte),
                 at::empty({labels.size(0), categories}, at::kLong)};
    kernels::class_map(view.view(), labels.size(0), labels.size(1) * labels.size(2),
                       map.classes.mutable_data_ptr<std::uint8_t>(),
                       map.pixels.mutable_data_ptr<std::int64_t>(), torch_threads());
    return map;
  }
};

/// Every labelled pixel has been counted: a device is asked once.
/// @throws c10::ValueError for a label that is no category
inline void check_counted(const at::Tensor& pixels, const at::Tensor& labels,
                          std::int64_t categories) {
  const auto labelled = labels.ne(kIgnoreIndex);
  // On a CPU a sum would make an int64 of each label first.
  if (pixels.sum().ne(labelled.count_nonzero()).item<bool>())
    ClassSums::check_categories(labels.masked_select(labelled), categories);
}

}  // namespace cag::detail

#pragma once

#include <cstdint>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/ScalarType.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/anchor/running_mean.hpp>
#include <cag/anchor/update_rule.hpp>
#include <cag/detail/check_features.hpp>
#include <cag/label/downsample.hpp>
#include <cag/label/ignore.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/model/backbone.hpp>

namespace cag {

/// Builds the anchors of a backbone from labelled source images. It does not own the network; the
/// feature width is that of the first prediction it sees.
/// @tparam B  Backbone, see docs/policies/backbone.md
/// @tparam U  UpdateRule, see docs/policies/update_rule.md
/// @tparam M  PixelMask, see docs/policies/pixel_mask.md
template <Backbone B, UpdateRule U = anchor::RunningMean, PixelMask M = mask::Agreeing>
class AnchorBank {
 public:
  explicit AnchorBank(std::int64_t categories, U update = {}, M mask = {})
      : AnchorBank(Anchors::zeros(categories, 0), std::move(update), std::move(mask)) {}

  /// Goes on from anchors that exist, with their counts; they themselves stay as they are.
  explicit AnchorBank(const Anchors& anchors, U update = {}, M mask = {})
      : anchors_{anchors.vectors.clone(), anchors.counts.clone()},
        update_(std::move(update)),
        mask_(std::move(mask)) {
    TORCH_CHECK_VALUE(anchors_.categories() >= 2 && anchors_.categories() <= kIgnoreIndex,
                      "expected 2 to ", kIgnoreIndex, " categories, got ", anchors_.categories());
  }

  /// Adds the features of source images.
  /// @param prediction of the frozen network
  /// @param labels [N, H, W] int64, at feature resolution or finer
  void observe(const Prediction& prediction, const at::Tensor& labels) {
    const at::NoGradGuard no_grad;
    const auto& [features, logits] = prediction;
    detail::check_map(features, "features", "[N, D, h, w]");
    if (anchors_.width() == 0) anchors_ = Anchors::zeros(anchors_.categories(), features.size(1));
    detail::check_features(features, anchors_);
    const auto counted =
        mask_(downsample_labels(labels, features.size(2), features.size(3)), logits);
    // In float32 at least: the sum of finite half features may be infinite.
    const auto sum_type = c10::promoteTypes(features.scalar_type(), at::kFloat);
    const auto broken = features.sum(at::IntArrayRef{1}, false, sum_type).isfinite().logical_not_();
    const auto masked = broken.logical_and(counted.ne(kIgnoreIndex));
    non_finite_pixels_ += masked.sum().template item<std::int64_t>();
    update_(anchors_, ClassSums::of(features, counted.masked_fill(masked, kIgnoreIndex),
                                    anchors_.categories()));
  }

  /// Runs the network on source images and adds their features. Put it in eval mode before.
  void observe(B& net, const at::Tensor& images, const at::Tensor& labels) {
    const at::NoGradGuard no_grad;
    observe(predict(net, images), labels);
  }

  const Anchors& anchors() const { return anchors_; }

  /// How many labelled pixels were left out because a feature was not finite.
  std::int64_t non_finite_pixels() const { return non_finite_pixels_; }

 private:
  Anchors anchors_;
  U update_;
  M mask_;
  std::int64_t non_finite_pixels_ = 0;
};

}  // namespace cag

#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/ScalarType.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/anchor/mean_rule.hpp>
#include <cag/anchor/running_mean.hpp>
#include <cag/anchor/update_rule.hpp>
#include <cag/detail/merge_anchors.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/downsample.hpp>
#include <cag/label/ignore.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/model/backbone.hpp>
#include <cag/moments/moments_rule.hpp>
#include <cag/moments/none.hpp>

namespace cag {

/// Builds the anchors of a backbone from labelled source images. It does not own the network; the
/// feature width is that of the first prediction it sees.
/// @tparam B  Backbone, see docs/policies/backbone.md
/// @tparam U  UpdateRule, see docs/policies/update_rule.md
/// @tparam M  PixelMask, see docs/policies/pixel_mask.md
/// @tparam S  MomentsRule, see docs/policies/moments_rule.md
template <Backbone B, UpdateRule U = anchor::RunningMean, PixelMask M = mask::Agreeing,
          MomentsRule S = moments::None>
class AnchorBank {
 public:
  explicit AnchorBank(std::int64_t categories, U update = {}, M mask = {}, S moments = {})
      : categories_(categories),
        state_(UpdateState<U>::zeros(categories, 0)),
        update_(std::move(update)),
        mask_(std::move(mask)),
        rule_(std::move(moments)) {
    check_categories();
  }

  /// Goes on from anchors that exist, with their counts; they themselves stay as they are.
  explicit AnchorBank(const Anchors& anchors, U update = {}, M mask = {},
                      S moments = {}) requires std::same_as<UpdateState<U>, Anchors>
      : categories_(anchors.categories()),
        width_(anchors.width()),
        state_(anchors.clone()),
        update_(std::move(update)),
        mask_(std::move(mask)),
        rule_(std::move(moments)),
        moments_(anchors.moments) {
    check_categories();
  }

  /// Adds the features of source images.
  /// @param prediction of the frozen network
  /// @param labels [N, H, W] int64, at feature resolution or finer
  void observe(const Prediction& prediction, const at::Tensor& labels) {
    const at::NoGradGuard no_grad;
    const auto& [features, logits] = prediction;
    detail::check_map(features, "features", "[N, D, h, w]");
    if (width_ == 0) {
      width_ = features.size(1);
      state_ = UpdateState<U>::zeros(categories_, width_);
    }
    TORCH_CHECK_VALUE(features.size(1) == width_, "the network gives features of width ",
                      features.size(1), ", the anchors have ", width_);
    const auto counted =
        mask_(downsample_labels(labels, features.size(2), features.size(3)), logits);
    // In float32 at least: the sum of finite half features may be infinite.
    const auto sum_type = c10::promoteTypes(features.scalar_type(), at::kFloat);
    const auto broken = features.sum(at::IntArrayRef{1}, false, sum_type).isfinite().logical_not_();
    const auto masked = broken.logical_and(counted.ne(kIgnoreIndex));
    const auto whole = counted.masked_fill(masked, kIgnoreIndex);
    update_(state_, ClassSums::of(features, whole, categories_));
    rule_(moments_, features, whole, categories_);
    non_finite_pixels_ += masked.sum().template item<std::int64_t>();
  }

  /// Runs the network on source images and adds their features. Put it in eval mode before.
  void observe(B& net, const at::Tensor& images, const at::Tensor& labels) {
    const at::NoGradGuard no_grad;
    observe(predict(net, images), labels);
  }

  /// Adds what another bank has observed: the result is that of one bank over both sources.
  /// @throws c10::ValueError where the widths differ, or anchors are no plain means any more, for
  ///   the update rule has reached its cap
  void merge(const AnchorBank& other) requires MeanRule<U> {
    if (other.width_ == 0) return;
    const auto theirs = other.anchors();
    if (width_ == 0) {
      *this = other;
      return;
    }
    const auto ours = anchors();
    for (const auto* part : {&ours, &theirs})
      TORCH_CHECK_VALUE(!update_.mean_of(*part).empty(), "expected anchors that are plain means, ",
                        U::kName, " has reached its cap of ", part->counts.max().item(),
                        " observations: raise it");
    const auto both = detail::merged(ours, theirs);
    moments_ = both.moments;
    state_ = both;
    non_finite_pixels_ += other.non_finite_pixels_;
  }

  /// A copy of the anchors so far.
  Anchors anchors() const {
    auto anchors = [&] {
      if constexpr (std::same_as<UpdateState<U>, Anchors>) {
        return state_.clone();
      } else {
        return update_.anchors(state_);
      }
    }();
    anchors.moments = moments_;
    return anchors;
  }

  const U& update() const { return update_; }

  /// How many labelled pixels were left out because a feature was not finite.
  std::int64_t non_finite_pixels() const { return non_finite_pixels_; }

 private:
  void check_categories() const {
    TORCH_CHECK_VALUE(categories_ >= 2 && categories_ <= kIgnoreIndex, "expected 2 to ",
                      kIgnoreIndex, " categories, got ", categories_);
  }

  std::int64_t categories_;
  std::int64_t width_ = 0;  // nothing seen
  UpdateState<U> state_;
  U update_;
  M mask_;
  S rule_;
  std::optional<ClassMoments> moments_;
  std::int64_t non_finite_pixels_ = 0;
};

}  // namespace cag

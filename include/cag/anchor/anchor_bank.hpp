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
#include <cag/data/batch.hpp>
#include <cag/detail/merge_anchors.hpp>
#include <cag/detail/pixels.hpp>
#include <cag/label/downsample.hpp>
#include <cag/label/ignore.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/model/backbone.hpp>
#include <cag/moments/moments_rule.hpp>
#include <cag/moments/none.hpp>
#include <cag/sums/indexed.hpp>
#include <cag/sums/sums_rule.hpp>

namespace cag {

/// Builds the anchors of a backbone from labelled source images. It does not own the network; the
/// feature width is that of the first prediction it sees.
/// @tparam B  Backbone, see docs/policies/backbone.md
/// @tparam U  UpdateRule, see docs/policies/update_rule.md
/// @tparam M  PixelMask, see docs/policies/pixel_mask.md
/// @tparam S  MomentsRule, see docs/policies/moments_rule.md
/// @tparam A  SumsRule, see docs/policies/sums_rule.md
template <Backbone B, UpdateRule U = anchor::RunningMean, PixelMask M = mask::Agreeing,
          MomentsRule S = moments::None, SumsRule A = sums::Indexed>
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

  /// Goes on from anchors that exist, with their counts; they themselves stay as they are. Margins
  /// are left behind, and so are moments that this bank does not keep.
  /// @throws c10::ValueError for several anchors of a category, and for anchors without the moments
  ///   that this bank is to keep
  explicit AnchorBank(const Anchors& anchors, U update = {}, M mask = {},
                      S moments = {}) requires std::same_as<UpdateState<U>, Anchors>
      : categories_(anchors.categories()),
        width_(anchors.width()),
        state_{anchors.vectors.clone(), anchors.counts.clone()},
        update_(std::move(update)),
        mask_(std::move(mask)),
        rule_(std::move(moments)) {
    check_categories();
    TORCH_CHECK_VALUE(!anchors.owner.defined(), "expected one anchor for each category, got ",
                      anchors.vectors.size(0), " anchors of ", categories_, " categories");
    if constexpr (!std::same_as<S, moments::None>) {
      TORCH_CHECK_VALUE(anchors.moments || !anchors.seen().any().template item<bool>(),
                        "expected anchors with moments to go on with the rule ", S::kName,
                        ", these have none");
      if (anchors.moments) moments_ = anchors.moments->clone();
    }
  }

  /// A bank of its own, with what the other has observed so far.
  AnchorBank(const AnchorBank& other)
      : categories_(other.categories_),
        width_(other.width_),
        state_(copy_of(other.state_)),
        update_(other.update_),
        mask_(other.mask_),
        rule_(other.rule_),
        moments_(other.moments_),
        non_finite_pixels_(other.non_finite_pixels_) {}
  AnchorBank& operator=(const AnchorBank&) = delete;

  /// Adds the features of source images.
  /// @param prediction of the frozen network
  /// @param labels [N, H, W] int64, at feature resolution or finer
  void observe(const Prediction& prediction, const at::Tensor& labels) {
    const at::NoGradGuard no_grad;
    const auto& [features, logits] = prediction;
    detail::check_map(features, "features", "[N, D, h, w]");
    TORCH_CHECK_VALUE(width_ == 0 || features.size(1) == width_,
                      "the network gives features of width ", features.size(1),
                      ", the anchors have ", width_);
    const auto counted =
        mask_(downsample_labels(labels, features.size(2), features.size(3)), logits);
    // In float32 at least: the sum of finite half features may be infinite.
    const auto sum_type = c10::promoteTypes(features.scalar_type(), at::kFloat);
    const auto broken = features.sum(at::IntArrayRef{1}, false, sum_type).isfinite().logical_not_();
    const auto masked = broken.logical_and(counted.ne(kIgnoreIndex));
    const auto whole = counted.masked_fill(masked, kIgnoreIndex);
    // All that can fail comes before the first change.
    const auto sums = A{}(features, whole, categories_);
    auto moments = moments_;
    rule_(moments, features, whole, categories_);
    if (width_ == 0) {
      width_ = features.size(1);
      state_ = UpdateState<U>::zeros(categories_, width_);
    }
    update_(state_, sums);
    moments_ = std::move(moments);
    non_finite_pixels_ += masked.sum().template item<std::int64_t>();
  }

  /// Runs the network on source images and adds their features. Put it in eval mode before.
  void observe(B& net, const at::Tensor& images, const at::Tensor& labels) {
    const at::NoGradGuard no_grad;
    observe(predict(net, images), labels);
  }

  /// The same of every batch of a list, as one that Domains::clean_source takes.
  template <typename List>
  void observe_all(B& net, List& source) {
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(source.size()); ++i) {
      const LabelledBatch batch = source.batch(i);
      observe(net, batch.images, batch.labels);
    }
  }

  /// Adds what another bank has observed: the result is that of one bank over both sources. The
  /// policies stay those of this one.
  /// @throws c10::ValueError where categories or widths differ, or anchors are no plain means any
  ///   more, for the update rule has reached its cap
  void merge(const AnchorBank& other) requires MeanRule<U> {
    TORCH_CHECK_VALUE(other.categories_ == categories_, "expected anchors of ", categories_,
                      " categories, got ", other.categories_);
    if (other.width_ == 0) return;
    for (const Anchors* part : {&std::as_const(state_), &other.state_})
      TORCH_CHECK_VALUE(part->width() == 0 || !update_.mean_of(*part).empty(),
                        "expected anchors that are plain means, ", U::kName,
                        " has reached its cap, with ", part->counts.max().item(),
                        " observations: raise it");
    if (width_ == 0) {
      width_ = other.width_;
      state_ = other.state_.clone();
      moments_ = other.moments_;
    } else {
      auto both = detail::merged(anchors(), other.anchors());
      moments_ = std::move(both.moments);
      both.moments.reset();
      state_ = std::move(both);
    }
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
    if (moments_) anchors.moments = moments_->clone();
    return anchors;
  }

  const U& update() const { return update_; }

  /// How many labelled pixels were left out because a feature was not finite.
  std::int64_t non_finite_pixels() const { return non_finite_pixels_; }

 private:
  /// Update rules change anchors in place; what else they gather is a value.
  static UpdateState<U> copy_of(const UpdateState<U>& state) {
    if constexpr (std::same_as<UpdateState<U>, Anchors>) {
      return state.clone();
    } else {
      return state;
    }
  }

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

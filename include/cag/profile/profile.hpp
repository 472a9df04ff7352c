#pragma once

#include <string_view>

#include <cag/anchor/update_rule.hpp>
#include <cag/mask/pixel_mask.hpp>
#include <cag/moments/moments_rule.hpp>
#include <cag/sums/sums_rule.hpp>

namespace cag {

/// A named composition of policies: how anchors are built (`Update`, `Mask`, `Moments`, `Sums`),
/// what a step's loss is (`Loss`, an AdaptationLoss with its labeler), and how the teacher's batch
/// norm is set (`Statistics`).
template <typename P>
concept Profile = UpdateRule<typename P::Update> && PixelMask<typename P::Mask> &&
    MomentsRule<typename P::Moments> && SumsRule<typename P::Sums> && requires {
  typename P::Loss;
  typename P::Statistics;
  { P::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag

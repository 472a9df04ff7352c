#pragma once

#include <type_traits>

#include <ATen/core/Tensor.h>

#include <cag/label/margin.hpp>
#include <cag/norm/as_trained.hpp>
#include <cag/profile/cag.hpp>
#include <cag/profile/paper.hpp>
#include <cag/profile/published_code.hpp>

#include "pipeline/config.hpp"
#include "pipeline/policies.hpp"

namespace pipeline {

/// Calls `f` with the configured profile as its template argument.
template <typename F>
decltype(auto) with_profile(const Config& config, F&& f) {
  if (config.stages.profile == "published_code")
    return f.template operator()<cag::profile::PublishedCode>();
  if (config.stages.profile == "paper") return f.template operator()<cag::profile::Paper>();
  return f.template operator()<cag::profile::Cag>();
}

/// Whether exactly the margin is active, by profile.
template <cag::Profile P>
using MarginOf = std::conditional_t<std::is_same_v<P, cag::profile::Paper>,
                                    cag::label::StrictMargin, cag::label::Margin>;

/// Whether the teacher's batch-norm statistics are those of the target.
inline bool reestimates_teacher(const Config& config) {
  const bool own = with_profile(config, []<cag::Profile P>() {
    return std::is_same_v<typename P::Statistics, cag::norm::AsTrained>;
  });
  return config.stages.teacher == "reestimated" || (config.stages.teacher == "profile" && !own);
}

/// The loss of profile P with the configured rule and weights.
/// @tparam Operators  see policies.hpp
template <cag::Profile P, typename Operators>
auto configured_loss(const Config& config, const at::Tensor& class_weights) {
  using Own = ConfiguredProfile<P, Operators>;
  const auto rule =
      ConfiguredRule::from<MarginOf<P>, typename Operators::Probability>(config.stages);
  typename Own::Loss loss{.labeler = typename Own::Labeler({}, rule)};
  loss.source.class_weights = class_weights;
  loss.pseudo.class_weights = class_weights;
  loss.anchor_weight = config.stages.anchor_weight;
  return loss;
}

}  // namespace pipeline

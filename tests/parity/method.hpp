#pragma once

#include <array>
#include <string_view>
#include <utility>

#include <cag/anchor/running_mean.hpp>
#include <cag/error.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/profile/published_code.hpp>
#include <cag/stage/optimization.hpp>

#include "check.hpp"

namespace cag::parity {

/// The constants of the method that a replay takes from `published_code`. Where a case names one of
/// them, the case decides, with the same change.
struct Method {
  bool is_changed = false;
  double margin_change = 0;
  std::int64_t min_pixels_change = 0;
  double gradient_factor = gradient_scale::Area{}.factor;
  std::int64_t counter_cap = anchor::RunningMean{}.cap;
  std::int64_t first = Optimization{}.first;

  /// @tparam Labeler  of the published code's profile, or of its twin over the compiled operators
  template <typename Labeler>
  using RuleOf = std::decay_t<decltype(std::declval<Labeler>().rule())>;

  template <typename Labeler>
  RuleOf<Labeler> rule(const Json& json) const {
    RuleOf<Labeler> rule;
    rule.first.margin = json.value("delta", rule.first.margin) + margin_change;
    rule.second.threshold = json.value("probability_threshold", rule.second.threshold);
    return rule;
  }

  std::int64_t min_pixels(const Json& json) const {
    return json.value("min_pixels", anchor::RunningMean{}.min_pixels) + min_pixels_change;
  }

  /// One constant changed by as little as means another method, to prove that the cases notice.
  static Method changed(std::string_view what) {
    if (what == "margin") return {.is_changed = true, .margin_change = 0.05};
    if (what == "pixel-limit") return {.is_changed = true, .min_pixels_change = 1};
    if (what == "gradient-scale") return {.is_changed = true, .gradient_factor = 1.99};
    if (what == "counter-cap") return {.is_changed = true, .counter_cap = 2999};
    if (what == "schedule-order") return {.is_changed = true, .first = 0};
    throw UsageError(
        "--change: expected margin, pixel-limit, gradient-scale, counter-cap or schedule-order, "
        "got {}",
        what);
  }
};

}  // namespace cag::parity

#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include <cag/label/agreement.hpp>
#include <cag/label/label_rule.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/profile/profile.hpp>

#include "pipeline/config.hpp"

namespace pipeline {

/// A label rule chosen by the configuration.
struct ConfiguredRule {
  static constexpr std::string_view kName = "configured";
  static constexpr bool kReadsDistances = true;
  static constexpr bool kReadsLogits = true;
  static constexpr bool kNearestTwoSuffice = true;
  static constexpr bool kLogitMapSuffices = true;

  std::function<at::Tensor(const cag::Evidence&)> rule{};

  at::Tensor operator()(const cag::Evidence& evidence) const { return rule(evidence); }

  /// @tparam Margin  of the profile: whether exactly the margin is active
  /// @tparam Probability  the rule of that name, by the operators that the device has
  template <typename Margin, typename Probability>
  static ConfiguredRule from(const Config::Stages& stages) {
    const Margin margin{.margin = stages.margin};
    const Probability probability{.threshold = stages.probability};
    if (stages.labels == "margin") return {margin};
    if (stages.labels == "probability") return {probability};
    if (stages.labels == "agreement") return {cag::label::Agreement{margin, probability}};
    return {cag::label::Separately{margin, probability}};
  }
};

/// Batch-norm statistics chosen by the configuration.
struct ConfiguredStatistics {
  static constexpr std::string_view kName = "configured";

  bool reestimate = false;

  template <cag::TrainableBackbone B, cag::ImageBatches Batches>
  void operator()(B& net, Batches&& batches) const {
    if (reestimate) cag::norm::Reestimated{}(net, std::forward<Batches>(batches));
  }
};

template <typename Loss>
struct Reconfigured;
template <typename M, typename R, typename C, typename S, typename P, typename A>
struct Reconfigured<cag::AdaptationLoss<cag::PseudoLabeler<M, R, C>, S, P, A>> {
  using Labeler = cag::PseudoLabeler<M, ConfiguredRule, C>;
  using Loss = cag::AdaptationLoss<Labeler, S, P, A>;
};

/// Profile P with its label rule and statistics chosen by the configuration.
/// @tparam Operators  has Profile<P>, the same policies compiled, and Probability, the label rule
template <cag::Profile P, typename Operators>
struct ConfiguredProfile {
 private:
  using Compiled = typename Operators::template Profile<P>;

 public:
  static constexpr std::string_view kName = P::kName;
  using Update = typename Compiled::Update;
  using Mask = typename Compiled::Mask;
  using Moments = typename Compiled::Moments;
  using Sums = typename Compiled::Sums;
  using Labeler = typename Reconfigured<typename Compiled::Loss>::Labeler;
  using Loss = typename Reconfigured<typename Compiled::Loss>::Loss;
  using Statistics = ConfiguredStatistics;
};

}  // namespace pipeline

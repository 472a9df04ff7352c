#pragma once

#include <ATen/core/Tensor.h>

#include <cag/adversarial/least_squares.hpp>
#include <cag/adversarial/vanilla.hpp>
#include <cag/stage/adversarial_warm_up.hpp>
#include <cag/stage/warm_up.hpp>

#include "pipeline/config.hpp"

namespace pipeline {

/// With the end of the part where the configuration leaves max_iterations open.
inline cag::Optimization completed(const Config::Stage& stage) {
  auto optimization = stage.optimization;
  if (optimization.max_iterations == 0) optimization.max_iterations = stage.iterations + 1;
  return optimization;
}

inline cag::stage::WarmUp<> source_warm_up(const Config& config, const at::Tensor& class_weights) {
  return {.iterations = config.warm_up.iterations,
          .optimization = completed(config.warm_up),
          .loss = {.class_weights = class_weights}};
}

/// Calls `f` with the configured warm-up, of a target without labels.
template <typename F>
auto with_warm_up(const Config& config, std::int64_t categories, const at::Tensor& class_weights,
                  F&& f) {
  const auto& w = config.warm_up;
  if (w.method == "source") return f(source_warm_up(config, class_weights));
  const auto adversarial = [&]<cag::DomainLoss A>(A) {
    return f(cag::stage::AdversarialWarmUp<A>{.categories = categories,
                                              .levels = config.network.levels,
                                              .iterations = w.iterations,
                                              .optimization = completed(w),
                                              .discriminator_rate = w.discriminator_rate,
                                              .weight = w.adversarial_weight,
                                              .auxiliary_weight = w.auxiliary_adversarial_weight,
                                              .loss = {.class_weights = class_weights}});
  };
  if (w.adversarial_loss == "least_squares") return adversarial(cag::adversarial::LeastSquares{});
  return adversarial(cag::adversarial::Vanilla{});
}

}  // namespace pipeline

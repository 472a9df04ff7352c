#pragma once

#include <cmath>
#include <cstdint>

#include <cag/error.hpp>

namespace cag {

/// Stochastic gradient descent with a polynomial schedule, the published code's values by default.
struct Optimization {
  double learning_rate = 1e-4;          ///< at the schedule's start
  double momentum = 0.9;                ///< of SGD
  double weight_decay = 2e-4;           ///< on every parameter, biases and batch norm too
  double power = 0.9;                   ///< of the schedule
  std::int64_t max_iterations = 90000;  ///< where the learning rate reaches zero
  /// The schedule's position i at the first step. The published code advances the schedule before
  /// the optimizer, so that no step has the base rate; 0 is the usual order.
  std::int64_t first = 1;

  /// The rate of a step, counted from 1: base · (1 − i / max_iterations)^power.
  double rate(std::int64_t step) const {
    const auto i = static_cast<double>(step - 1 + first);
    const auto left = 1 - i / static_cast<double>(max_iterations);
    return left <= 0 ? 0 : learning_rate * std::pow(left, power);
  }

  /// @throws UsageError for a value out of range
  void check() const {
    if (!(learning_rate > 0) || !std::isfinite(learning_rate))
      throw UsageError("learning_rate: expected a finite number above 0, got {}", learning_rate);
    if (!(momentum >= 0 && momentum < 1))
      throw UsageError("momentum: expected 0 <= momentum < 1, got {}", momentum);
    if (!(weight_decay >= 0) || !std::isfinite(weight_decay))
      throw UsageError("weight_decay: expected a finite number >= 0, got {}", weight_decay);
    if (!(power >= 0) || !std::isfinite(power))
      throw UsageError("power: expected a finite number >= 0, got {}", power);
    if (max_iterations < 1)
      throw UsageError("max_iterations: expected at least 1, got {}", max_iterations);
    if (first < 0) throw UsageError("first: expected at least 0, got {}", first);
  }
};

}  // namespace cag

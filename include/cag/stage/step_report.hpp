#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cag {

/// What a hook learns about one training step.
struct StepReport {
  std::int64_t stage = 0;       ///< from 0
  std::string_view stage_name;  ///< its kName
  std::int64_t step = 0;        ///< steps done in this stage, this one included
  std::int64_t iterations = 0;  ///< of this stage
  double learning_rate = 0;     ///< of this step
  double total = 0;             ///< the loss
  std::vector<std::pair<std::string, double>> terms{};  ///< by name, not weighted
  bool applied = true;  ///< false when the gradient was not finite and the step was skipped
};

}  // namespace cag

#include <cag/kernels/argmax_threshold.hpp>

#include <cmath>
#include <limits>

#include "cpu/argmax_threshold.hpp"

namespace cag::kernels {

void argmax_threshold(const FeatureMap& logits, const ProbabilityTest& test,
                      const ThresholdedArgmax& out, const Parallel& parallel) noexcept {
  constexpr auto kInfinity = std::numeric_limits<float>::infinity();
  constexpr double kUnsure = 1e-3;  // far above what rounding does
  cpu::ArgmaxThresholdJob job{
      logits,     test,      out,
      -kInfinity, kInfinity, (logits.pixels + cpu::kArgmaxBlock - 1) / cpu::kArgmaxBlock};
  // 1/p = 1 + Σ exp(-gap) over the other K - 1 categories, which is between 1 + exp(-smallest gap)
  // and 1 + (K - 1) exp(-smallest gap).
  const double odds = 1 / double{test.threshold} - 1;
  if (test.threshold > 0 && odds > 0) {
    job.inactive_below = static_cast<float>(-std::log(odds) - kUnsure);
    job.active_above = static_cast<float>(std::log(static_cast<double>(logits.channels - 1)) -
                                          std::log(odds) + kUnsure);
  }
  parallel.run(
      parallel.pool, logits.images * job.blocks,
      [](void* argument, std::int64_t task) {
        cpu::argmax_threshold_task(*static_cast<const cpu::ArgmaxThresholdJob*>(argument), task);
      },
      &job);
}

}  // namespace cag::kernels

#pragma once

#include <cstdint>
#include <vector>

#include <hwy/targets.h>

namespace cag::kernels::test {

/// The instruction sets that this machine has: an operator is tested with each.
inline std::vector<std::int64_t> targets() { return hwy::SupportedAndGeneratedTargets(); }

/// While it lives, operators run with that instruction set, or a lower one if they were not
/// compiled for it.
class OnTarget {
 public:
  explicit OnTarget(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
  }
  ~OnTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
  }
  OnTarget(const OnTarget&) = delete;
};

}  // namespace cag::kernels::test

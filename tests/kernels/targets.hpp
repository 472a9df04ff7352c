#pragma once

#include <cstdint>
#include <vector>

#include <hwy/targets.h>
#include <cag/kernels/tiles.hpp>

namespace cag::kernels::test {

/// The instruction sets that this machine has: an operator is tested with each. The last one is
/// AVX-512 with tile registers, where there are some.
inline std::vector<std::int64_t> targets() {
  auto found = hwy::SupportedAndGeneratedTargets();
  if (ask_for_tiles()) found.push_back(HWY_AVX3 | HWY_AVX3_DL);
  return found;
}

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

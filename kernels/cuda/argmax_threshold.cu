#include <cag/kernels/cuda/argmax_threshold.hpp>

#include "argmax_threshold_body.hpp"
#include "device_block.cuh"
#include "launch.cuh"

namespace cag::kernels::cuda {

namespace {

__global__ void __launch_bounds__(ArgmaxThresholdJob::kThreads)
    argmax_threshold_kernel(ArgmaxThresholdJob job) {
  argmax_threshold_body(DeviceBlock(), job);
}

}  // namespace

const char* argmax_threshold(const FeatureMap& logits, const ProbabilityTest& test,
                             const ThresholdedArgmax& out, void* stream) noexcept {
  const ArgmaxThresholdJob job{logits, test, out};
  return launch(&argmax_threshold_kernel, job, job.tasks(), job.kThreads, 0, stream);
}

}  // namespace cag::kernels::cuda

#pragma once

#include <cag/kernels/argmax_threshold.hpp>

#include "element.hpp"

namespace cag::kernels::cuda {

/// One call of `argmax_threshold`: a thread for each pixel.
struct ArgmaxThresholdJob {
  FeatureMap logits;
  ProbabilityTest test;
  ThresholdedArgmax out;

  static constexpr int kThreads = 256;
  CAG_KERNELS_BOTH std::int64_t pixels() const { return logits.images * logits.pixels; }
  std::int64_t tasks() const { return (pixels() + kThreads - 1) / kThreads; }
};

template <typename Block>
CAG_KERNELS_DEVICE void argmax_threshold_body(const Block& block, const ArgmaxThresholdJob& job) {
  const auto& logits = job.logits;
  with_reader(block, logits, [&](const auto& read) {
    for (auto i = block.index() * block.threads() + block.thread(); i < job.pixels();
         i += block.count() * block.threads()) {
      const auto at =
          i / logits.pixels * logits.image_stride + i % logits.pixels * logits.pixel_stride;
      // The first of equal ones, and NaN above all.
      float largest = read(at);
      std::int64_t category = 0;
      CAG_KERNELS_UNROLL_8
      for (std::int64_t k = 1; k < logits.channels; ++k) {
        const float value = read(at + k * logits.channel_stride);
        if (!(value <= largest) && largest == largest) {
          largest = value;
          category = k;
        }
      }
      float sum = 0;
      CAG_KERNELS_UNROLL_8
      for (std::int64_t k = 0; k < logits.channels; ++k)
        sum += expf(read(at + k * logits.channel_stride) - largest);
      const float probability = fabsf(largest) < HUGE_VALF ? 1 / sum : NAN;
      const bool active =
          job.test.strict ? probability > job.test.threshold : probability >= job.test.threshold;
      if (job.out.label != nullptr) job.out.label[i] = active ? category : job.out.ignore;
      if (job.out.probability != nullptr) job.out.probability[i] = probability;
    }
  });
}

}  // namespace cag::kernels::cuda

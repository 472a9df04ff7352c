#pragma once

#include <concepts>

#include <cag/data/sample.hpp>
#include <cag/error.hpp>
#include <cag/random/stream.hpp>

namespace cag::augment {

/// Left and right exchanged, with some probability.
struct HorizontalFlip {
  double probability = 0.5;

  template <Sample S>
  S operator()(S sample, Stream& stream) const {
    if (!(probability >= 0 && probability <= 1)) {
      throw UsageError("expected a flip probability from 0 to 1, got {}", probability);
    }
    if (!stream.bernoulli(probability)) return sample;
    sample.image = sample.image.flip(1);
    if constexpr (std::same_as<S, LabelledSample>) sample.label = sample.label.flip(1);
    return sample;
  }
};

}  // namespace cag::augment

#pragma once

#include <concepts>
#include <utility>

#include <cag/data/sample.hpp>
#include <cag/random/stream.hpp>

namespace cag {

/// A random change of a sample: `augmentation(sample, stream)` gives the changed sample.
/// Not checkable here: equal streams give equal changes, with and without a label; labels move with
/// their pixels and are never mixed; the tensors given are left as they were.
template <typename A>
concept Augmentation = std::copy_constructible<A> &&
    requires(const A augmentation, LabelledSample labelled, UnlabelledSample unlabelled,
             Stream& stream) {
  { augmentation(std::move(labelled), stream) } -> std::same_as<LabelledSample>;
  { augmentation(std::move(unlabelled), stream) } -> std::same_as<UnlabelledSample>;
};

}  // namespace cag

#pragma once

#include <tuple>
#include <utility>

#include <cag/data/augment/augmentation.hpp>

namespace cag::augment {

/// Augmentations one after another, drawing from one stream. `Chain<>` changes nothing.
template <Augmentation... Ops>
class Chain {
 public:
  explicit Chain(Ops... ops) : ops_(std::move(ops)...) {}

  template <Sample S>
  S operator()(S sample, Stream& stream) const {
    std::apply([&](const Ops&... ops) { ((sample = ops(std::move(sample), stream)), ...); }, ops_);
    return sample;
  }

 private:
  std::tuple<Ops...> ops_;
};

/// No augmentation.
using None = Chain<>;

}  // namespace cag::augment

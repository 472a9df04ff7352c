#pragma once

#include <utility>

#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>

namespace cag {

/// What a metric is given: it takes the anchors' vectors as a tensor, or all that is known of them.
class AnchorView {
 public:
  /// @param vectors  those of the anchors, where the features are
  AnchorView(const Anchors& anchors, at::Tensor vectors)
      : anchors_(anchors), vectors_(std::move(vectors)) {}

  /// The vectors, where the features are.
  operator const at::Tensor&() const { return vectors_; }
  /// The anchors, where they were made.
  operator const Anchors&() const { return anchors_; }

 private:
  const Anchors& anchors_;
  at::Tensor vectors_;
};

}  // namespace cag

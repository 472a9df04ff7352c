#pragma once

#include <string_view>
#include <utility>

#include <cag/model/batch_norm.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag::norm {

/// Batch norm gets the statistics of the images that the network is about to look at, without their
/// labels. See docs/policies/statistics_rule.md.
struct Reestimated {
  static constexpr std::string_view kName = "reestimated";

  template <TrainableBackbone B, ImageBatches Batches>
  void operator()(B& net, Batches&& batches) const {
    reestimate_batch_norm(TrainingTraits<B>::module(net), std::forward<Batches>(batches),
                          [&net](const at::Tensor& images) { predict(net, images); });
  }
};

}  // namespace cag::norm

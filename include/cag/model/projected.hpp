#pragma once

#include <memory>
#include <utility>

#include <torch/nn/module.h>

#include <cag/model/backbone.hpp>
#include <cag/model/frozen_copy.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag {

/// A backbone whose features pass through a head, such as a 1 x 1 convolution to fewer channels:
/// anchors and distances are of what the head gives, the logits stay. The head trains and is copied
/// and saved with the network, under "head" beside "backbone". Copies share both.
/// @tparam H  holder of a module, or a shared pointer to one: forward(features [N, D, h, w]) gives
///            [N, E, h, w]
template <TrainableBackbone B, detail::ModuleHandle H>
class Projected {
 public:
  Projected(B net, H head)
      : net_(std::move(net)),
        head_(std::move(head)),
        both_(std::make_shared<torch::nn::Module>("Projected")) {
    both_->register_module("backbone", TrainingTraits<B>::module(net_).shared_from_this());
    both_->register_module("head", head_->shared_from_this());
  }

  Prediction forward(const at::Tensor& images) {
    auto prediction = BackboneTraits<B>::forward(net_, images);
    prediction.features = head_->forward(prediction.features);
    return prediction;
  }

  torch::nn::Module& module() { return *both_; }

  Projected frozen_copy() const {
    Projected copy(TrainingTraits<B>::frozen_copy(net_), cag::frozen_copy(head_));
    copy.both_->eval();
    return copy;
  }

 private:
  B net_;
  H head_;
  std::shared_ptr<torch::nn::Module> both_;
};

/// The backbone and its head train together.
template <typename B, typename H>
struct TrainingTraits<Projected<B, H>> {
  static torch::nn::Module& module(Projected<B, H>& net) { return net.module(); }
  static Projected<B, H> frozen_copy(const Projected<B, H>& net) { return net.frozen_copy(); }
};

}  // namespace cag

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <torch/nn/module.h>

#include <cag/model/backbone.hpp>
#include <cag/model/frozen_copy.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag {

/// A network whose type is chosen at run time: holds any TrainableBackbone. Copies share it.
class AnyBackbone {
 public:
  template <TrainableBackbone B>
  requires(!std::same_as<std::remove_cvref_t<B>, AnyBackbone>) explicit AnyBackbone(B net)
      : held_(std::make_shared<Held<B>>(std::move(net))) {}

  Prediction forward(const at::Tensor& images) { return held_->forward(images); }
  torch::nn::Module& module() { return held_->module(); }
  AnyBackbone frozen_copy() const { return AnyBackbone(held_->frozen_copy()); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual Prediction forward(const at::Tensor& images) = 0;
    virtual torch::nn::Module& module() = 0;
    virtual std::shared_ptr<Interface> frozen_copy() = 0;
  };

  template <typename B>
  struct Held final : Interface {
    explicit Held(B net) : net(std::move(net)) {}
    Prediction forward(const at::Tensor& images) override {
      return BackboneTraits<B>::forward(net, images);
    }
    torch::nn::Module& module() override { return TrainingTraits<B>::module(net); }
    std::shared_ptr<Interface> frozen_copy() override {
      return std::make_shared<Held>(TrainingTraits<B>::frozen_copy(net));
    }
    B net;
  };

  explicit AnyBackbone(std::shared_ptr<Interface> held) : held_(std::move(held)) {}

  std::shared_ptr<Interface> held_;
};

/// The network that it holds trains.
template <>
struct TrainingTraits<AnyBackbone> {
  static torch::nn::Module& module(AnyBackbone& net) { return net.module(); }
  static AnyBackbone frozen_copy(const AnyBackbone& net) { return net.frozen_copy(); }
};

}  // namespace cag

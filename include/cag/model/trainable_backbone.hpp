#pragma once

#include <concepts>

#include <torch/nn/module.h>

#include <cag/model/backbone.hpp>
#include <cag/model/frozen_copy.hpp>

namespace cag {

/// What training needs of a network of type B beside a forward pass. This primary template serves
/// LibTorch's holders and shared pointers to modules. Specialise it for anything else.
template <typename B>
struct TrainingTraits {
  /// The module that owns the parameters and buffers.
  static torch::nn::Module& module(B& net) requires detail::ModuleHandle<B> { return *net; }

  /// A deep copy in eval mode, without gradients.
  static B frozen_copy(const B& net) requires detail::ModuleHandle<B> {
    return cag::frozen_copy(net);
  }
};

/// A Backbone that the scheduler can train and copy as a teacher. B is a handle: copies of it share
/// the network.
/// Not checkable here: frozen_copy shares nothing with the original.
template <typename B>
concept TrainableBackbone = Backbone<B> && std::copyable<B> && requires(B& net) {
  { TrainingTraits<B>::module(net) } -> std::same_as<torch::nn::Module&>;
  { TrainingTraits<B>::frozen_copy(net) } -> std::same_as<B>;
};

/// A teacher: the same of a backbone that is no handle of a module, as cag::adapt makes them.
template <TrainableBackbone B>
requires(!detail::ModuleHandle<B>) B frozen_copy(const B& net) {
  return TrainingTraits<B>::frozen_copy(net);
}

}  // namespace cag

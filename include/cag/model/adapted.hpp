#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cag/model/backbone.hpp>
#include <cag/model/frozen_copy.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag {
namespace detail {

template <typename F, typename M>
concept Runs = requires(F& f, M& module, const at::Tensor& images) {
  { f(module, images) } -> PredictionLike;
};

/// A module that clones itself.
struct ByClone {
  template <typename M>
  M operator()(const M& module) const {
    return cag::frozen_copy(module);
  }
};

/// A module of the same entries from a function, then the values.
template <typename Factory>
struct ByFactory {
  std::shared_ptr<Factory> factory;

  template <typename M>
  M operator()(const M& module) const {
    return cag::frozen_copy(module, *factory);
  }
};

}  // namespace detail

/// A module and the function that runs it, together a TrainableBackbone. Copies share the module.
/// Made by cag::adapt.
/// @tparam M  holder of a module, or a shared pointer to one
template <detail::ModuleHandle M, detail::Runs<M> F, typename Copy = detail::ByClone>
class Adapted {
 public:
  Adapted(M module, F forward, Copy copy = {})
      : module_(std::move(module)),
        forward_(std::make_shared<F>(std::move(forward))),
        copy_(std::move(copy)) {}

  Prediction forward(const at::Tensor& images) {
    return detail::to_prediction((*forward_)(module_, images));
  }

  M& module() { return module_; }

  Adapted frozen_copy() const {
    auto copy = *this;
    copy.module_ = copy_(module_);
    return copy;
  }

 private:
  M module_;
  std::shared_ptr<F> forward_;  // a lambda cannot be assigned
  Copy copy_;
};

/// Adapted networks train as the module that they hold.
template <typename M, typename F, typename Copy>
struct TrainingTraits<Adapted<M, F, Copy>> {
  /// The network.
  using Net = Adapted<M, F, Copy>;
  static torch::nn::Module& module(Net& net) { return *net.module(); }
  static Net frozen_copy(const Net& net) { return net.frozen_copy(); }
};

/// Makes a backbone of any module: `forward(module, images)` gives a Prediction, or features
/// [N, D, h, w] and logits [N, K, h, w] as a pair. It refers to nothing but its arguments, for a
/// teacher runs it with another module.
template <detail::ModuleHandle M, detail::Runs<M> F>
Adapted<M, F> adapt(M module, F forward) {
  static_assert(detail::CopiesItself<M>,
                "adapt(module, forward) needs a module that derives from torch::nn::Cloneable of "
                "itself; give any other a factory: adapt(module, forward, [] { return another; })");
  return {std::move(module), std::move(forward)};
}

/// The same of a module that cannot clone itself: `factory()` makes another of the same parameters
/// and buffers, whose values do not matter.
template <detail::ModuleHandle M, detail::Runs<M> F, std::invocable Factory>
requires std::same_as<std::invoke_result_t<Factory>, M>
auto adapt(M module, F forward, Factory factory) {
  using Copy = detail::ByFactory<Factory>;
  return Adapted<M, F, Copy>(std::move(module), std::move(forward),
                             Copy{std::make_shared<Factory>(std::move(factory))});
}

}  // namespace cag

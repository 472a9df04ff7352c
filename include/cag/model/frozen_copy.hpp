#pragma once

#include <concepts>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace cag {

namespace detail {

/// Building a module draws its initial weights; a copy overwrites them, so the draw must not shift
/// the random numbers of the training around it.
class KeepRandomState {
 public:
  KeepRandomState() : generator_(at::detail::getDefaultCPUGenerator()) {
    const std::scoped_lock lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  ~KeepRandomState() {
    const std::scoped_lock lock(generator_.mutex());
    generator_.set_state(state_);
  }
  KeepRandomState(const KeepRandomState&) = delete;
  KeepRandomState& operator=(const KeepRandomState&) = delete;

 private:
  at::Generator generator_;
  at::Tensor state_;
};

inline void freeze(torch::nn::Module& module) {
  module.eval();
  for (auto& parameter : module.parameters()) {
    parameter.set_requires_grad(false);
  }
}

template <typename Dict>
void copy_entries(const char* what, const Dict& from, Dict to) {
  for (const auto& entry : to) {
    TORCH_CHECK_VALUE(from.contains(entry.key()), "frozen_copy: the new module has the ", what,
                      " '", entry.key(), "', which the source module lacks");
  }
  for (const auto& entry : from) {
    const auto& name = entry.key();
    auto* target = to.find(name);
    TORCH_CHECK_VALUE(target != nullptr, "frozen_copy: the source module has the ", what, " '",
                      name, "', which the new module lacks");
    TORCH_CHECK_VALUE(target->sizes() == entry.value().sizes(), "frozen_copy: ", what, " '", name,
                      "' is ", entry.value().sizes(), " in the source module but ", target->sizes(),
                      " in the new one");
    target->set_data(entry.value().detach().clone());
  }
}

template <typename T>
concept ModuleHandle = requires(const T& handle) {
  { *handle } -> std::convertible_to<const torch::nn::Module&>;
};

template <ModuleHandle T>
using ModuleOf = std::remove_cvref_t<decltype(*std::declval<const T&>())>;

template <typename T>
concept HasFrozenCopy = ModuleHandle<T> && requires(const T& handle) {
  { handle->frozen_copy() } -> std::same_as<T>;
};

template <typename T>
concept CopiesItself = HasFrozenCopy<T> ||
    (ModuleHandle<T>&& std::derived_from<ModuleOf<T>, torch::nn::Cloneable<ModuleOf<T>>>);

}  // namespace detail

/// A teacher: a deep copy of `module` (a holder such as `Compact`, or a shared_ptr to a module) on
/// the same device, with the same parameters and buffers, in eval mode, without gradients. The
/// default CPU generator is left as it was. Training the original does not change the copy.
template <detail::ModuleHandle Handle>
Handle frozen_copy(const Handle& module) {
  static_assert(detail::CopiesItself<Handle>,
                "frozen_copy(module) needs a module that derives from torch::nn::Cloneable of "
                "itself; give any other a factory: frozen_copy(module, [] { return another; })");
  if constexpr (detail::HasFrozenCopy<Handle>) {
    return module->frozen_copy();
  } else if constexpr (detail::CopiesItself<Handle>) {
    using Module = detail::ModuleOf<Handle>;
    const detail::KeepRandomState keep;
    Handle copy(std::dynamic_pointer_cast<Module>(module->clone()));
    detail::freeze(*copy);
    return copy;
  }
}

/// The same for a module that cannot clone itself: `factory()` builds a module (holder or
/// shared_ptr) of the same parameters and buffers, whose values are then copied by name.
/// @throws c10::ValueError when the two differ in a name or a shape.
template <detail::ModuleHandle Handle, std::invocable Factory>
requires detail::ModuleHandle<std::invoke_result_t<Factory>> std::invoke_result_t<Factory>
frozen_copy(const Handle& module, Factory&& factory) {
  const detail::KeepRandomState keep;
  auto copy = std::forward<Factory>(factory)();
  const torch::nn::Module& source = *module;
  torch::nn::Module& target = *copy;
  TORCH_CHECK_VALUE(&source != &target, "frozen_copy: the factory returned the module itself");
  detail::copy_entries("parameter", source.named_parameters(), target.named_parameters());
  detail::copy_entries("buffer", source.named_buffers(), target.named_buffers());
  detail::freeze(target);
  return copy;
}

}  // namespace cag

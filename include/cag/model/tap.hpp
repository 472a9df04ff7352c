#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include <ATen/core/Tensor.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>

namespace cag {

/// Put where features are to be taken from: `features = tap(features)` in a forward, or a step of
/// a torch::nn::Sequential. It passes on what it gets and keeps it until it is taken.
struct TapImpl : torch::nn::Cloneable<TapImpl> {
  void reset() override { value_.reset(); }
  void pretty_print(std::ostream& stream) const override { stream << "cag::Tap()"; }

  at::Tensor forward(const at::Tensor& features) {
    value_ = features;
    return features;
  }

  /// What passed last, once: it holds a graph, and with it memory.
  /// @throws c10::ValueError where nothing has passed since
  at::Tensor take() {
    TORCH_CHECK_VALUE(value_.defined(), "nothing has passed this tap since it was last taken from");
    return std::exchange(value_, {});
  }

 private:
  at::Tensor value_;
};
TORCH_MODULE(Tap);

/// The tap of a module by its dotted name, as in named_modules().
/// @throws c10::ValueError naming the taps that there are
inline TapImpl& tap_of(torch::nn::Module& module, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& part : module.named_modules("", /*include_self=*/false)) {
    auto* tap = part.value()->as<TapImpl>();
    if (tap == nullptr) continue;
    if (part.key() == name) return *tap;
    names.push_back(part.key());
  }
  C10_THROW_ERROR(ValueError,
                  fmt::format("expected a tap {}, found {}", name,
                              names.empty() ? "none: register cag::Tap where features pass"
                                            : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace cag

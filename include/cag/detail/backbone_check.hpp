#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rand_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <cag/detail/first_line.hpp>
#include <cag/io/module_state.hpp>
#include <cag/model/backbone_report.hpp>
#include <cag/model/frozen_copy.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag::detail {

/// "a, b and 3 more"
inline std::string some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 4;
  const auto shown = std::min(names.size(), kShown);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  const auto text = fmt::format("{}", fmt::join(names.begin(), end, ", "));
  return names.size() > kShown ? fmt::format("{} and {} more", text, names.size() - kShown) : text;
}

template <TrainableBackbone B>
class BackboneCheck {
 public:
  BackboneCheck(B& net, const at::Tensor& images) : original_(net), images_(images) {}

  BackboneReport run() {
    const KeepRandomState keep;
    if (copies() && evaluates()) trains();
    return std::move(report_);
  }

 private:
  void add(const char* about, std::string message) {
    report_.findings.push_back({about, std::move(message)});
  }

  torch::nn::Module& module() { return TrainingTraits<B>::module(*copy_); }

  std::optional<Prediction> forward(const char* about, const at::Tensor& images) {
    try {
      return BackboneTraits<B>::forward(*copy_, images);
    } catch (const std::exception& error) {
      std::ostringstream sizes;
      sizes << images.sizes();
      add(about, fmt::format("forward of images {} threw: {}", sizes.str(), first_line(error)));
      return std::nullopt;
    }
  }

  bool copies() {
    try {
      copy_.emplace(TrainingTraits<B>::frozen_copy(original_));
    } catch (const std::exception& error) {
      add("teacher", fmt::format("frozen_copy threw: {}", first_line(error)));
      return false;
    }
    const auto own = module_tensors(TrainingTraits<B>::module(original_));
    const auto copied = module_tensors(module());
    std::vector<std::string> shared, lacking;
    for (const auto& [name, tensor] : own) {
      const auto found = copied.find(name);
      if (found == copied.end()) {
        lacking.push_back(name);
      } else if (tensor.numel() > 0 && found->second.data_ptr() == tensor.data_ptr()) {
        shared.push_back(name);
      }
    }
    if (own.empty())
      add("teacher",
          "the module has neither parameters nor buffers: make them with register_module and "
          "register_parameter");
    if (!lacking.empty())
      add("teacher",
          fmt::format("frozen_copy lacks {}: make every member in reset()", some(lacking)));
    if (!shared.empty())
      add("teacher",
          fmt::format("frozen_copy shares {} with the network, and training would change it: make "
                      "every member in reset()",
                      some(shared)));
    return report_.ok();
  }

  /// In eval mode, as a teacher runs.
  bool evaluates() {
    const at::NoGradGuard no_grad;
    module().eval();
    const auto before = module_state(module());
    const auto first = forward("forward", images_);
    if (!first || !is_prediction(*first)) return false;
    report_.shape = BackboneShape::of(*first, images_);
    const auto second = forward("eval mode", images_);
    if (second && !(second->features.equal(first->features) && second->logits.equal(first->logits)))
      add("eval mode",
          "a second forward of the same images gave other values: make dropout and the like with "
          "register_module, or ask is_training()");
    const bool repeats = report_.ok();
    const auto alone = forward("eval mode", images_.narrow(0, 0, 1));
    if (repeats && alone && !near(alone->logits, first->logits.narrow(0, 0, 1)))
      add("eval mode",
          "an image alone gives other logits than in a batch: make batch norm with "
          "register_module");
    std::vector<std::string> changed;
    for (const auto& [name, tensor] : module_tensors(module()))
      if (!tensor.equal(before.at(name))) changed.push_back(name);
    if (!changed.empty())
      add("eval mode",
          fmt::format("forward changed {}: make batch norm with register_module", some(changed)));
    return true;
  }

  static bool near(const at::Tensor& a, const at::Tensor& b) {
    constexpr double kTolerance = 1e-3;  // other sizes may take other kernels
    return a.sizes() == b.sizes() && (a - b).abs().max().template item<double>() <=
                                         kTolerance * b.abs().max().template item<double>();
  }

  bool is_prediction(const Prediction& p) {
    const auto size = [](const at::Tensor& t) {
      std::ostringstream text;
      if (t.defined()) {
        text << t.sizes();
      } else {
        text << "nothing";
      }
      return text.str();
    };
    const auto is_map = [&](const at::Tensor& t) {
      return t.defined() && t.dim() == 4 && t.size(0) == images_.size(0);
    };
    if (!is_map(p.features) || !is_map(p.logits)) {
      add("shapes",
          fmt::format(
              "expected features [N, D, h, w] and logits [N, K, h, w] of {} images, got {} and {}",
              images_.size(0), size(p.features), size(p.logits)));
      return false;
    }
    if (p.features.size(2) != p.logits.size(2) || p.features.size(3) != p.logits.size(3))
      add("shapes",
          fmt::format(
              "features {} and logits {} differ in height and width: return the logits before "
              "they are upsampled, or bring the features to their size",
              size(p.features), size(p.logits)));
    if (p.logits.size(1) < 2)
      add("shapes", fmt::format("expected logits of 2 categories or more, got {}", size(p.logits)));
    for (const auto& [name, map] :
         {std::pair("features", p.features), std::pair("logits", p.logits)}) {
      if (!map.is_floating_point())
        add("type", fmt::format("expected floating-point {}, got {}", name,
                                c10::toString(map.scalar_type())));
      if (map.device() != images_.device())
        add("device", fmt::format("the images are on {}, the {} on {}", images_.device().str(),
                                  name, map.device().str()));
      if (map.is_floating_point() && !map.isfinite().all().template item<bool>())
        add("values", fmt::format("the {} are not all finite", name));
    }
    return report_.ok();
  }

  /// In train mode, with gradients of the parameters that the network itself has them of.
  void trains() {
    const at::AutoGradMode with_gradients(true);
    auto& net = module();
    net.train();
    std::vector<std::string> names;
    std::vector<at::Tensor> trained;
    const auto own = TrainingTraits<B>::module(original_).named_parameters();
    for (auto& parameter : net.named_parameters()) {
      if (!own[parameter.key()].requires_grad()) continue;
      names.push_back(parameter.key());
      trained.push_back(parameter.value().set_requires_grad(true));
    }
    if (trained.empty()) return add("gradient", "no parameter requires one: nothing would train");
    at::Tensor logits;
    {
      const KeepRandomState keep;
      const auto p = forward("train mode", images_);
      if (!p) return;
      logits = p->logits.detach();
      try {
        expect_gradients(*p, names, trained);
      } catch (const std::exception& error) {
        add("gradient", fmt::format("backward threw: {}", first_line(error)));
      }
    }
    const auto again = forward("train mode", images_);
    if (again && images_.is_cpu() && !again->logits.equal(logits))
      add("train mode",
          "the same random numbers gave other logits: draw from LibTorch's default generator and "
          "keep no state in forward, so that a run can be resumed");
  }

  void expect_gradients(const Prediction& p, const std::vector<std::string>& names,
                        const std::vector<at::Tensor>& trained) {
    if (!p.logits.requires_grad())
      return add("gradient",
                 "the logits have no graph: run forward without NoGradGuard and detach()");
    if (!p.features.requires_grad())
      return add("gradient",
                 "the features have no graph: run forward without NoGradGuard and detach()");
    const auto of_logits = reached(p.logits, trained);
    const auto of_features = reached(p.features, trained);
    const auto of_auxiliary = p.auxiliary.defined() && p.auxiliary.requires_grad()
                                  ? reached(p.auxiliary, trained)
                                  : std::vector<bool>(trained.size());
    std::vector<std::string> unreached;
    bool common = false;
    for (std::size_t i = 0; i < trained.size(); ++i) {
      if (!of_logits[i] && !of_features[i] && !of_auxiliary[i]) unreached.push_back(names[i]);
      common = common || (of_logits[i] && of_features[i]);
    }
    if (unreached.size() == trained.size())
      return add("gradient",
                 "reaches no parameter of the copy: forward seems to run another module than the "
                 "one it is given");
    if (!unreached.empty())
      add("gradient", fmt::format("reaches none of {}: use them in forward, or freeze them with "
                                  "set_requires_grad(false)",
                                  some(unreached)));
    if (!common)
      add("gradient",
          "logits and features have no parameter in common: drawing features to anchors would not "
          "change the logits; return features that lead to them");
  }

  /// Whether a gradient of `map` arrives at each parameter.
  static std::vector<bool> reached(const at::Tensor& map,
                                   const std::vector<at::Tensor>& parameters) {
    const auto total = (map * at::rand_like(map)).sum();
    std::vector<bool> result;
    for (const auto& gradient : torch::autograd::grad({total}, parameters, {}, true, false, true))
      result.push_back(gradient.defined());
    return result;
  }

  B& original_;
  const at::Tensor& images_;
  std::optional<B> copy_{};
  BackboneReport report_{};
};

}  // namespace cag::detail

#pragma once

#include <array>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/nn/module.h>

#include <cag/detail/first_line.hpp>
#include <cag/detail/running_statistics.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>
#include <cag/io/replace_file.hpp>
#include <cag/io/trusted_program.hpp>
#include <cag/model/frozen_copy.hpp>
#include <cag/model/prediction.hpp>

namespace cag {

/// A network that Python wrote as TorchScript (torch.jit.script), as a module that trains: its
/// parameters and buffers are the script's own, by their names there. Its forward(images) gives
/// (features [N, D, h, w], logits [N, K, h, w]), or a dict of "features" and "logits".
///
/// A traced network has its mode baked in: train() and eval() do not reach its batch norm and
/// dropout. Script it instead; cag::check_backbone tells.
class ScriptedImpl : public torch::nn::Module {
 public:
  explicit ScriptedImpl(torch::jit::Module script)
      : torch::nn::Module("Scripted"), script_(std::move(script)) {
    for (const auto& part : script_.named_modules())
      if (auto norm = batch_norm(part.value)) parts_[part.name] = std::move(norm);
    for (const auto& parameter : script_.named_parameters()) {
      const auto [owner, name] = place_of(parameter.name);
      owner->register_parameter(name, parameter.value, parameter.value.requires_grad());
    }
    for (const auto& buffer : script_.named_buffers()) {
      const auto [owner, name] = place_of(buffer.name);
      owner->register_buffer(name, buffer.value);
    }
    train(script_.is_training());
  }

  Prediction forward(const at::Tensor& images) {
    const auto result = script_.forward({images});
    if (result.isTuple()) {
      const auto& parts = result.toTupleRef().elements();
      if (parts.size() >= 2 && parts[0].isTensor() && parts[1].isTensor())
        return {parts[0].toTensor(), parts[1].toTensor()};
    } else if (result.isGenericDict()) {
      const auto parts = result.toGenericDict();
      if (parts.contains("features") && parts.contains("logits"))
        return {parts.at("features").toTensor(), parts.at("logits").toTensor()};
    }
    C10_THROW_ERROR(
        ValueError,
        fmt::format("expected a script whose forward gives (features, logits) or a dict "
                    "of them, got {}: wrap it in Python in a module that does",
                    result.type()->str()));
  }

  void train(bool on = true) override {
    torch::nn::Module::train(on);
    script_.train(on);
  }

  /// Another with copies of all values, in eval mode, without gradients.
  std::shared_ptr<ScriptedImpl> frozen_copy() const {
    auto copy = std::make_shared<ScriptedImpl>(script_.deepcopy());
    detail::freeze(*copy);
    return copy;
  }

  /// Writes TorchScript that Python's torch.jit.load reads, durably, in place of what is at `path`.
  void write(const std::filesystem::path& path) const {
    std::ostringstream bytes;
    script_.save(bytes);
    const auto text = bytes.str();
    const std::array<std::string_view, 1> pieces{text};
    replace_file(path, pieces);
  }

 private:
  struct Place {
    torch::nn::Module* owner;
    std::string name;
  };

  /// The module of a dotted name, made where it is not there yet.
  Place place_of(const std::string& name) {
    torch::nn::Module* owner = this;
    std::size_t from = 0;
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.', from)) {
      auto& part = parts_[name.substr(0, dot)];
      if (!part) part = std::make_shared<torch::nn::Module>("Part");
      const auto key = name.substr(from, dot - from);
      if (!owner->named_children().contains(key)) owner->register_module(key, part);
      owner = part.get();
      from = dot + 1;
    }
    return {owner, name.substr(from)};
  }

  /// Nothing for a module that keeps no running statistics, or keeps them as they are.
  static std::shared_ptr<torch::nn::Module> batch_norm(const torch::jit::Module& part) {
    const auto has_tensor = [&](const char* name) {
      return part.hasattr(name) && part.attr(name).isTensor();
    };
    constexpr const char* kMomentum = "momentum";
    const auto type = part.type();
    // An InstanceNorm has the same members and would take each image's own statistics in training.
    const auto& name = type->name();
    if (!name || name->name().find("BatchNorm") == std::string::npos) return nullptr;
    if (!has_tensor("running_mean") || !has_tensor("running_var") ||
        !has_tensor("num_batches_tracked") ||
        !(part.hasattr(kMomentum) || type->findConstantSlot(kMomentum)))
      return nullptr;
    const auto momentum = part.attr(kMomentum);
    return std::make_shared<detail::RunningStatistics>(
        momentum.isNone() ? std::nullopt : std::optional(momentum.toDouble()),
        [part = part](bool on) mutable { part.setattr("training", on); });
  }

  torch::jit::Module script_;
  std::map<std::string, std::shared_ptr<torch::nn::Module>> parts_{};
};

/// A handle: copies share the network.
using Scripted = std::shared_ptr<ScriptedImpl>;

/// @throws IoError where there is no such file, CheckpointError where it is no TorchScript
inline Scripted load_script(const TrustedProgram& program,
                            at::Device device = at::Device(at::kCPU)) {
  const auto& path = program.path;
  if (!PosixFs{}.exists(path)) throw IoError("{}: No such file or directory", path.string());
  try {
    return std::make_shared<ScriptedImpl>(torch::jit::load(path.string(), device));
  } catch (const std::exception& error) {
    throw CheckpointError("{}: expected TorchScript, as torch.jit.save writes it: {}",
                          path.string(), detail::first_line(error));
  }
}

}  // namespace cag

#include <cmath>
#include <regex>
#include <utility>

#include <ATen/ops/empty.h>
#include <torch/nn/modules/dropout.h>

#include <cag/io/module_state.hpp>
#include <cag/network/deeplab_v3_plus.hpp>

#include "closed_form.hpp"
#include "replay.hpp"

namespace cag::parity {
namespace {

/// offset + scale · s(key, i), rounded once.
at::Tensor closed_form(std::string_view key, at::IntArrayRef sizes, double scale = 1,
                       double offset = 0) {
  auto tensor = at::empty(sizes, at::kFloat);
  const ClosedForm s(key);
  auto* out = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    out[i] = static_cast<float>(offset + scale * s(i));
  }
  return tensor;
}

/// A parameter or buffer of the golden network, by the first rule of the case's recipe that fits.
at::Tensor weight(const std::string& key, const at::Tensor& like) {
  const auto ends = [&](std::string_view suffix) { return key.ends_with(suffix); };
  if (ends("num_batches_tracked")) return at::zeros_like(like);
  if (ends("running_var")) return closed_form(key, like.sizes(), 0.25, 1);
  if (ends("running_mean") || ends(".bias")) return closed_form(key, like.sizes(), 0.1);
  if (like.dim() == 4) {
    const auto fan_in = static_cast<double>(like.numel() / like.size(0));
    return closed_form(key, like.sizes(), std::sqrt(6 / fan_in));
  }
  if (ends(".bn3.weight")) return closed_form(key, like.sizes(), 0.025, 0.25);
  return closed_form(key, like.sizes(), 0.1, 1);
}

DeepLabV3Plus network_of(const Case& golden) {
  const auto description = golden.json.at("class").get<std::string>();
  std::smatch match;
  static const std::regex kPattern(
      R"(.*backbone=resnet(\d+), output_stride=(\d+), num_classes=(\d+), bn=\w+\))");
  if (!std::regex_match(description, match, kPattern)) {
    throw DataError("{}: expected the class of a DeepLab over a ResNet, got {}", golden.name,
                    description);
  }
  DeepLabV3Plus net(DeepLabV3PlusOptions{.depth = std::stoi(match[1]),
                                         .categories = std::stoi(match[3]),
                                         .output_stride = std::stoi(match[2])});
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : detail::module_tensors(*net)) tensor.copy_(weight(name, tensor));
  return net;
}

/// Names, shapes, order and sums of the state dict.
void check_state(const Case& golden, const torch::nn::Module& net, Check& check) {
  if (!golden.json.contains("state_dict")) return;
  std::vector<std::pair<std::string, at::Tensor>> found[2];
  for (const auto& item : net.named_parameters()) found[0].emplace_back(item.pair());
  for (const auto& item : net.named_buffers()) found[1].emplace_back(item.pair());
  std::size_t position[2] = {0, 0};
  for (const auto& [name, entry] : golden.json["state_dict"].items()) {
    const bool is_buffer = name.find(".running_") != name.npos || name.ends_with("_tracked");
    const auto i = position[is_buffer]++;
    const auto& list = found[is_buffer];
    const bool same = i < list.size() && list[i].first == name &&
                      list[i].second.sizes() == entry["shape"].get<std::vector<std::int64_t>>();
    check.that(same, fmt::format("state dict: {} is missing, misplaced or of another shape", name));
    if (!same) return;
    const auto sum = list[i].second.to(at::kDouble).sum().item<double>();
    check.close(name + ".sum", sum, number(entry["sum"]), 1e-9, 1e-6);
  }
  check.that(position[0] == found[0].size() && position[1] == found[1].size(),
             "state dict: entries that the case does not have");
}

/// What the case has in place of the values: sums, the first four and the last.
void check_sums(const std::string& what, const at::Tensor& actual, const Json& sums,
                double tolerance, Check& check) {
  const auto values = actual.detach().to(at::kDouble).flatten();
  const auto squares = number(sums.at("sumsq"));
  const auto total = number(sums.at("abs_sum"));
  const auto typical = std::sqrt(squares / static_cast<double>(values.numel()));
  check.close(what + " sumsq", values.square().sum().item<double>(), squares, tolerance, 1e-12);
  check.close(what + " abs_sum", values.abs().sum().item<double>(), total, tolerance, 1e-12);
  check.close(what + " sum", values.sum().item<double>(), number(sums.at("sum")), 0,
              tolerance * total + 1e-12);
  const auto close = [&](std::int64_t i, const Json& expected) {
    check.close(fmt::format("{}[{}]", what, i), values[i].item<double>(), number(expected),
                tolerance, tolerance * typical + 1e-12);
  };
  std::int64_t i = 0;
  for (const auto& expected : sums.at("first4")) close(i++, expected);
  close(values.numel() - 1, sums.at("last"));
}

void check_evaluation(const Case& golden, DeepLabV3Plus& net, const at::Tensor& images,
                      Check& check) {
  constexpr double kTolerance = 1e-4;
  const at::NoGradGuard no_grad;
  net->eval();
  const auto& expected = golden.tensor("eval.logits");
  const auto p = net->forward(images.narrow(0, 0, expected.size(0)));
  check.close("eval.feat_cls", p.features, golden.tensor("eval.feat_cls"), 0, kTolerance);
  check.close("eval.logits", p.logits, expected, 0, kTolerance);
}

/// In float64: the published code's own float32 gradients are 2 % off its float64 ones.
void check_training(const Case& golden, DeepLabV3Plus& net, const at::Tensor& images,
                    Check& check) {
  net->to(at::kDouble);
  net->train();
  for (const auto& part : net->modules(/*include_self=*/false)) {
    if (part->as<torch::nn::DropoutImpl>() != nullptr) part->eval();
  }
  const auto p = net->forward(images.to(at::kDouble));
  const auto loss = (p.logits * closed_form("loss_weight", p.logits.sizes())).mean() +
                    (p.features * closed_form("loss_weight_feat", p.features.sizes())).mean();
  loss.backward();

  const auto tensor = [&](const std::string& key) { return golden.doubles.at(key); };
  check.close("train.logits", p.logits, tensor("train.logits"), 1e-6, 1e-9);
  const auto& sums = golden.json.at("train_gradient_checksums_float64");
  check.that(sums.size() == net->parameters().size(), "not as many gradients as parameters");
  for (const auto& item : net->named_parameters()) {
    const auto name = "train.grad." + item.key();
    const auto& gradient = item.value().grad();
    check.that(sums.contains(item.key()), name + ": not in the case");
    if (sums.contains(item.key())) check_sums(name, gradient, sums[item.key()], 1e-6, check);
    if (golden.doubles.contains(name)) check.close(name, gradient, tensor(name), 1e-6, 1e-12);
  }
  const auto statistics = net->named_buffers();
  // Recorded in float32.
  for (const auto& [name, expected] :
       golden.json.at("running_stats_after_one_train_forward").items())
    check_sums(name, statistics[name], expected, 1e-4, check);
}

}  // namespace

void replay_network(const Case& golden, const Method&, Check& check) {
  auto net = network_of(golden);
  check_state(golden, *net, check);
  const auto& images = golden.tensor("image");
  check.equal("image", closed_form("image", images.sizes(), 0.5, 0.5), images);
  check_evaluation(golden, net, images, check);
  check_training(golden, net, images, check);
}

}  // namespace cag::parity

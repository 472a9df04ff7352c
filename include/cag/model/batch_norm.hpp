#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/utils.h>

#include <cag/detail/running_statistics.hpp>
#include <cag/error.hpp>

namespace cag {

namespace detail {

/// The running statistics of one batch norm layer, whatever its dimension, and what they were.
class BatchNormLayer {
 public:
  /// Nothing for any other module, and for a layer that keeps no running statistics.
  static std::optional<BatchNormLayer> of(torch::nn::Module& module) {
    if (auto* norm = module.as<torch::nn::BatchNorm1dImpl>()) return view(*norm);
    if (auto* norm = module.as<torch::nn::BatchNorm2dImpl>()) return view(*norm);
    if (auto* norm = module.as<torch::nn::BatchNorm3dImpl>()) return view(*norm);
    if (auto* norm = module.as<RunningStatistics>()) return view(*norm);
    return std::nullopt;
  }

  /// From here on training-mode forwards accumulate a plain average.
  void begin() {
    mean_.zero_();
    variance_.fill_(1);
    batches_.zero_();
    if (options_ != nullptr) options_->momentum(std::nullopt);
    module_->train();
  }

  /// Around each batch, for a layer whose momentum stays: started from zero, what a forward leaves
  /// is a known share of the batch's own statistics.
  void before_batch() {
    if (options_ != nullptr) return;
    mean_.zero_();
    variance_.zero_();
    batches_.zero_();
  }
  void after_batch() {
    if (options_ != nullptr) return;
    const auto forwards = batches_.item<std::int64_t>();
    if (forwards == 0 || momentum_ == 0.0) return;  // frozen statistics stay as they were
    const auto share = 1 - std::pow(1 - momentum_.value_or(1), forwards);
    mean_sum_ += mean_ / share;
    variance_sum_ += variance_ / share;
    ++collected_;
  }
  void end() {
    if (options_ != nullptr) return;
    batches_.fill_(collected_);
    if (collected_ == 0) return;
    mean_.copy_(mean_sum_ / collected_);
    variance_.copy_(variance_sum_ / collected_);
  }

  void restore_momentum() {
    if (options_ != nullptr) options_->momentum(momentum_);
  }

  void restore_statistics() {
    mean_.copy_(old_mean_);
    variance_.copy_(old_variance_);
    batches_.copy_(old_batches_);
  }

  bool reached() const { return batches_.item<std::int64_t>() > 0; }
  bool finite() const {
    return at::isfinite(mean_).all().item<bool>() && at::isfinite(variance_).all().item<bool>();
  }

 private:
  template <typename Norm>
  static std::optional<BatchNormLayer> view(Norm& norm) {
    if (!norm.running_mean.defined()) return std::nullopt;
    BatchNormLayer layer;
    layer.module_ = &norm;
    layer.options_ = &norm.options;
    layer.momentum_ = norm.options.momentum();
    layer.mean_ = norm.running_mean;
    layer.variance_ = norm.running_var;
    layer.batches_ = norm.num_batches_tracked;
    layer.remember();
    return layer;
  }

  static std::optional<BatchNormLayer> view(RunningStatistics& norm) {
    const auto buffers = norm.named_buffers(/*recurse=*/false);
    BatchNormLayer layer;
    layer.module_ = &norm;
    layer.momentum_ = norm.momentum();
    layer.mean_ = buffers["running_mean"];
    layer.variance_ = buffers["running_var"];
    layer.batches_ = buffers["num_batches_tracked"];
    layer.mean_sum_ = at::zeros_like(layer.mean_);
    layer.variance_sum_ = at::zeros_like(layer.variance_);
    layer.remember();
    return layer;
  }

  void remember() {
    old_mean_ = mean_.clone();
    old_variance_ = variance_.clone();
    old_batches_ = batches_.clone();
  }

  torch::nn::Module* module_ = nullptr;
  torch::nn::BatchNormOptions* options_ = nullptr;  // nothing of RunningStatistics
  std::optional<double> momentum_;
  at::Tensor mean_, variance_, batches_;
  at::Tensor old_mean_, old_variance_, old_batches_;
  at::Tensor mean_sum_, variance_sum_;
  std::int64_t collected_ = 0;
};

/// Puts the whole module in eval mode and its batch norm layers in accumulation, and puts modes and
/// momenta back at the end; statistics too, unless kept.
class BatchNormEstimation {
 public:
  explicit BatchNormEstimation(torch::nn::Module& module) {
    // Without the module itself: it need not be owned by a shared_ptr.
    parts_ = module.modules(/*include_self=*/false);
    root_ = &module;
    root_trains_ = module.is_training();
    if (auto layer = BatchNormLayer::of(module)) layers_.push_back(*std::move(layer));
    for (const auto& part : parts_) {
      trains_.push_back(part->is_training());
      if (auto layer = BatchNormLayer::of(*part)) layers_.push_back(*std::move(layer));
    }
  }

  void begin() {
    root_->eval();
    for (auto& layer : layers_) layer.begin();
  }

  void before_batch() {
    for (auto& layer : layers_) layer.before_batch();
  }
  void after_batch() {
    for (auto& layer : layers_) layer.after_batch();
  }

  /// The number of layers that have new statistics; one that no forward reached keeps its old ones.
  std::int64_t keep() {
    std::int64_t reached = 0;
    for (auto& layer : layers_) {
      layer.end();
      if (!layer.finite()) {
        throw NumericalError(
            "re-estimating batch norm: expected finite statistics, got a value "
            "that is not (images or activations that are not finite)");
      }
      reached += layer.reached() ? 1 : 0;
    }
    kept_ = true;
    return reached;
  }

  ~BatchNormEstimation() {
    const torch::NoGradGuard no_grad;
    for (auto& layer : layers_) {
      if (!kept_ || !layer.reached()) layer.restore_statistics();
      layer.restore_momentum();
    }
    // Parents come before their children, so that each module's own mode is set last.
    root_->train(root_trains_);
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i]->train(trains_[i]);
  }
  BatchNormEstimation(const BatchNormEstimation&) = delete;
  BatchNormEstimation& operator=(const BatchNormEstimation&) = delete;

  bool empty() const noexcept { return layers_.empty(); }

 private:
  torch::nn::Module* root_ = nullptr;
  bool root_trains_ = false;
  std::vector<std::shared_ptr<torch::nn::Module>> parts_;
  std::vector<bool> trains_;
  std::vector<BatchNormLayer> layers_;
  bool kept_ = false;
};

}  // namespace detail

/// A sequence of image batches [N, 3, H, W] that can be read once.
template <typename R>
concept ImageBatches = std::ranges::input_range<R> &&
    std::convertible_to<std::ranges::range_reference_t<R>, at::Tensor>;

/// Replaces the running statistics of every batch norm layer in `module` by those of `batches`,
/// which need no labels: the mean over the batches of batch mean and (unbiased) batch variance,
/// every batch weighing the same. Parameters, train/eval modes and momenta stay; the rest of the
/// module runs in eval mode, without gradients.
///
/// @param forward runs the module on one batch; its result is discarded.
/// @return the number of layers re-estimated: 0, without running anything, if there are none.
/// @throws DataError if there is no batch, NumericalError if a statistic is not finite. After any
///         exception the module is as before.
template <ImageBatches Batches, std::invocable<at::Tensor> Forward>
std::int64_t reestimate_batch_norm(torch::nn::Module& module, Batches&& batches,
                                   Forward&& forward) {
  detail::BatchNormEstimation estimation(module);
  if (estimation.empty()) return 0;
  const torch::NoGradGuard no_grad;
  auto batch = std::ranges::begin(batches);
  const auto end = std::ranges::end(batches);
  if (batch == end) {
    throw DataError("re-estimating batch norm: expected at least 1 batch of images, got 0");
  }
  estimation.begin();
  for (; batch != end; ++batch) {
    estimation.before_batch();
    static_cast<void>(std::invoke(forward, at::Tensor(*batch)));
    estimation.after_batch();
  }
  return estimation.keep();
}

/// The same for a network (a holder such as `Compact`, or a shared_ptr) through its own `forward`.
template <typename Network, ImageBatches Batches>
requires requires(Network& network, const at::Tensor& images) { network->forward(images); }
std::int64_t reestimate_batch_norm(Network& network, Batches&& batches) {
  return reestimate_batch_norm(*network, std::forward<Batches>(batches),
                               [&](const at::Tensor& images) { network->forward(images); });
}

}  // namespace cag

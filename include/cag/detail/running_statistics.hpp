#pragma once

#include <functional>
#include <optional>
#include <utility>

#include <torch/nn/module.h>

namespace cag::detail {

/// A batch norm that runs elsewhere, in TorchScript: its buffers `running_mean`, `running_var` and
/// `num_batches_tracked`, which it changes in place, are registered here under these names.
class RunningStatistics : public torch::nn::Module {
 public:
  /// @param momentum  which cannot be changed; nothing: the average of all batches
  /// @param set_mode  puts it into train mode, or eval mode
  RunningStatistics(std::optional<double> momentum, std::function<void(bool)> set_mode)
      : torch::nn::Module("BatchNorm"), momentum_(momentum), set_mode_(std::move(set_mode)) {}

  void train(bool on = true) override {
    torch::nn::Module::train(on);
    set_mode_(on);
  }

  std::optional<double> momentum() const { return momentum_; }

 private:
  std::optional<double> momentum_;
  std::function<void(bool)> set_mode_;
};

}  // namespace cag::detail

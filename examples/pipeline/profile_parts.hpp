#pragma once

#include <functional>

#include <ATen/core/Tensor.h>

#include <cag/anchor/anchors.hpp>
#include <cag/model/any_backbone.hpp>
#include <cag/model/prediction.hpp>
#include <cag/stage/run_state.hpp>
#include <cag/stage/stagewise_scheduler.hpp>

#include "pipeline/clean_list.hpp"
#include "pipeline/config.hpp"
#include "pipeline/dataset.hpp"

namespace pipeline {

struct Run;

/// What the pseudo-labels of a network would be: prediction and anchors -> [N, h, w].
using LabelFunction = std::function<at::Tensor(const cag::Prediction&, const cag::Anchors&)>;

/// What a run does with the policies of its profile, compiled for one kind of device.
struct ProfileParts {
  /// The anchors that the configured profile gives a network.
  cag::Anchors (*anchors_of)(const Config& config, cag::AnyBackbone& net,
                             const CleanList<Labelled>& source);

  LabelFunction (*label_function)(const Config& config);

  /// The configured warm-up and stages of self-training.
  cag::RunEnd (*self_train)(Run& run, cag::RunState<cag::AnyBackbone>& state);
};

/// With the operators of cag::kernels.
ProfileParts cpu_parts();

/// With those of cag::kernels_cuda as well, in a build that has them and LibTorch's CUDA library;
/// else those for the CPU, which leave a GPU's tensors to LibTorch.
ProfileParts cuda_parts();

/// Those for the configured device.
/// @throws cag::UsageError where there is no such device
ProfileParts parts_for(const Config& config);

}  // namespace pipeline

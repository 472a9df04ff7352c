#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <torch/optim/sgd.h>

#include <cag/anchor/anchors.hpp>
#include <cag/model/trainable_backbone.hpp>
#include <cag/stage/adversary.hpp>
#include <cag/stage/optimization.hpp>

namespace cag {

/// Everything that changes while a run goes on. cag/stage/checkpoint.hpp saves and loads it.
template <TrainableBackbone B>
struct RunState {
  explicit RunState(B network) : student(std::move(network)) {}

  B student;                                   ///< the network that trains
  std::optional<B> teacher;                    ///< frozen, from the stage's start
  std::optional<Anchors> anchors;              ///< of the teacher
  std::optional<torch::optim::SGD> optimizer;  ///< of the student's parameters
  std::optional<Adversary> adversary;          ///< of a stage that has one
  std::int64_t stage = 0;                      ///< the stage the run is in, from 0
  std::int64_t step = 0;                       ///< steps done in this stage
  bool begun = false;                          ///< whether this stage has been prepared
  std::int64_t drawn = 0;                      ///< batches drawn since the run began
  std::int64_t skipped = 0;                    ///< steps in a row without a finite gradient

  /// A fresh optimizer over all of the student's parameters, and no adversary.
  void restart(const Optimization& optimization) {
    optimization.check();
    adversary.reset();
    optimizer.emplace(TrainingTraits<B>::module(student).parameters(),
                      torch::optim::SGDOptions(optimization.learning_rate)
                          .momentum(optimization.momentum)
                          .weight_decay(optimization.weight_decay));
  }
};

}  // namespace cag

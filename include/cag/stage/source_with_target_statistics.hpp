#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/grad_mode.h>

#include <cag/data/batch.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/loss/source_cross_entropy.hpp>
#include <cag/model/backbone.hpp>
#include <cag/stage/domains.hpp>
#include <cag/stage/optimization.hpp>
#include <cag/stage/run_state.hpp>

namespace cag::stage {

/// The control of self-training: the same steps, but the target only passes through batch norm.
template <typename Loss = loss::SourceCrossEntropy<>>
struct SourceWithTargetStatistics {
  static constexpr std::string_view kName = "control";

  std::int64_t iterations = 90000;
  Optimization optimization{};
  Loss loss{};

  template <TrainableBackbone B, AdaptationData Data>
  void begin(RunState<B>& state, Data&) const {
    state.restart(optimization);
  }

  template <TrainableBackbone B, AdaptationData Data>
  LossTerms losses(RunState<B>& state, Data& data) const {
    const LabelledBatch batch = data.source.batch(state.drawn);
    LossTerms terms;
    terms.add("source", loss(predict(state.student, batch.images).logits, batch.labels));
    const at::NoGradGuard no_grad;
    predict(state.student, data.target.batch(state.drawn).images);
    return terms;
  }
};

}  // namespace cag::stage

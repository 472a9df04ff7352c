#pragma once

#include <cstdint>
#include <string_view>

#include <cag/data/batch.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/loss/source_cross_entropy.hpp>
#include <cag/model/backbone.hpp>
#include <cag/stage/optimization.hpp>
#include <cag/stage/run_state.hpp>

namespace cag::stage {

/// Trains on two labelled domains: the oracle that self-training is measured against, which reads
/// the target's labels.
template <typename Loss = loss::SourceCrossEntropy<>>
struct Supervised {
  static constexpr std::string_view kName = "oracle";

  std::int64_t iterations = 90000;
  Optimization optimization{};
  Loss loss{};

  template <TrainableBackbone B>
  void begin(RunState<B>& state, auto&) const {
    state.restart(optimization);
  }

  template <TrainableBackbone B>
  LossTerms losses(RunState<B>& state, auto& data) const {
    const LabelledBatch source = data.source.batch(state.drawn);
    const LabelledBatch target = data.target.batch(state.drawn);
    LossTerms terms;
    terms.add("source", loss(predict(state.student, source.images).logits, source.labels));
    terms.add("target", loss(predict(state.student, target.images).logits, target.labels));
    return terms;
  }
};

}  // namespace cag::stage

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

/// Trains on labelled source images alone.
template <typename Loss = loss::SourceCrossEntropy<>>
struct WarmUp {
  static constexpr std::string_view kName = "warm-up";

  std::int64_t iterations = 90000;
  Optimization optimization{};
  Loss loss{};

  template <TrainableBackbone B>
  void begin(RunState<B>& state, auto&) const {
    state.restart(optimization);
  }

  template <TrainableBackbone B>
  LossTerms losses(RunState<B>& state, auto& data) const {
    const LabelledBatch batch = data.source.batch(state.drawn);
    LossTerms terms;
    terms.add("source", loss(predict(state.student, batch.images).logits, batch.labels));
    return terms;
  }
};

}  // namespace cag::stage

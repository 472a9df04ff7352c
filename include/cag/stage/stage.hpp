#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include <cag/loss/loss_terms.hpp>
#include <cag/stage/optimization.hpp>
#include <cag/stage/run_state.hpp>

namespace cag {

/// One stage of a run: `begin` prepares the state, `losses` runs the student on the batches
/// numbered `state.drawn`.
/// Not checkable here: `losses` changes nothing that a checkpoint would miss.
template <typename S, typename B, typename Data>
concept Stage = requires(const S stage, RunState<B>& state, Data& data) {
  stage.begin(state, data);
  { stage.losses(state, data) } -> std::same_as<LossTerms>;
  { stage.iterations } -> std::convertible_to<std::int64_t>;
  { stage.optimization } -> std::convertible_to<Optimization>;
  { S::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <c10/util/Exception.h>

#include <cag/detail/pieces.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/stage/domains.hpp>
#include <cag/stage/optimization.hpp>
#include <cag/stage/run_state.hpp>

namespace cag::stage {

/// A stage whose steps take their batches in `parts` equal pieces, one after the other, and average
/// the pieces' losses and gradients: a step needs the memory of one piece. It is another step than
/// with whole batches: batch norm normalises each piece by the piece's own statistics, and moves
/// its running ones once for each; a mean over pixels becomes a mean of means.
template <typename S>
struct MicroBatches {
  static constexpr std::string_view kName = S::kName;

  S stage{};
  std::int64_t parts = 1;
  /// The stage's, in whose place they are.
  std::int64_t iterations = stage.iterations;
  Optimization optimization = stage.optimization;

  template <TrainableBackbone B>
  void begin(RunState<B>& state, auto& data) const {
    inner().begin(state, data);
  }

  /// The graph of the result is the last piece's. What the others add to the gradient is there
  /// already.
  template <TrainableBackbone B>
  LossTerms losses(RunState<B>& state, auto& data) const {
    TORCH_CHECK_VALUE(parts >= 1, "expected at least 1 micro-batch, got ", parts);
    std::int64_t part = 0;
    cag::detail::Pieces source(data.source, parts, part);
    cag::detail::Pieces target(data.target, parts, part);
    Domains pieces{source, target, data.clean_source, data.clean_target};
    const auto piecewise = inner();
    std::vector<LossTerms> done;
    for (; part + 1 < parts; ++part) {
      const auto terms = piecewise.losses(state, pieces);
      const auto& total = terms.total();
      if (total.defined() && total.requires_grad()) (total / parts).backward();
      done.push_back(detached(terms));
    }
    return mean(piecewise.losses(state, pieces), done);
  }

 private:
  S inner() const {
    auto copy = stage;
    copy.iterations = iterations;
    copy.optimization = optimization;
    return copy;
  }

  static LossTerms detached(const LossTerms& terms) {
    LossTerms values;
    for (const auto& term : terms.terms()) values.add(term.name, term.value.detach(), term.weight);
    return values;
  }

  LossTerms mean(const LossTerms& last, const std::vector<LossTerms>& others) const {
    LossTerms result;
    for (std::size_t i = 0; i < last.terms().size(); ++i) {
      auto sum = last.terms()[i].value;
      for (const auto& other : others) {
        TORCH_CHECK_VALUE(other.terms().size() == last.terms().size(),
                          "expected as many loss terms of each micro-batch, got ",
                          other.terms().size(), " and ", last.terms().size());
        sum = sum + other.terms()[i].value;
      }
      result.add(last.terms()[i].name, sum / parts, last.terms()[i].weight);
    }
    return result;
  }
};

template <typename S>
MicroBatches(S) -> MicroBatches<S>;
template <typename S>
MicroBatches(S, std::int64_t) -> MicroBatches<S>;

}  // namespace cag::stage

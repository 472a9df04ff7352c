#pragma once

#include <cstdint>
#include <string_view>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/label/fit_margins.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/profile/cag.hpp>
#include <cag/profile/profile.hpp>
#include <cag/stage/domains.hpp>
#include <cag/stage/optimization.hpp>
#include <cag/stage/run_state.hpp>

namespace cag::stage {

/// Freezes the student as teacher, builds its anchors from the source, then trains the student on
/// source truth and on the teacher's pseudo-labels of the target.
template <Profile P = profile::Cag>
struct SelfTraining {
  static constexpr std::string_view kName = "self-training";

  std::int64_t categories = 19;
  std::int64_t iterations = 90000;
  Optimization optimization{};
  typename P::Loss loss{};
  typename P::Update update{};
  typename P::Mask mask{};
  typename P::Moments moments{};
  typename P::Statistics statistics{};

  template <TrainableBackbone B, AdaptationData Data>
  void begin(RunState<B>& state, Data& data) const {
    auto teacher = TrainingTraits<B>::frozen_copy(state.student);
    statistics(teacher, images_of(data.clean_source));
    AnchorBank<B, typename P::Update, typename P::Mask, typename P::Moments, typename P::Sums> bank(
        categories, update, mask, moments);
    bank.observe_all(teacher, data.clean_source);
    statistics(teacher, images_of(data.clean_target));
    auto anchors = bank.anchors();
    if constexpr (requires {
                    fit_margins(loss.labeler, anchors, teacher, images_of(data.clean_target));
                  })
      fit_margins(loss.labeler, anchors, teacher, images_of(data.clean_target));
    state.teacher = std::move(teacher);
    state.anchors = std::move(anchors);
    state.restart(optimization);
  }

  template <TrainableBackbone B, AdaptationData Data>
  LossTerms losses(RunState<B>& state, Data& data) const {
    TORCH_CHECK_VALUE(state.teacher && state.anchors, "expected a state in a stage of ", kName,
                      " with a teacher and anchors, found none");
    return loss(state.student, *state.teacher, *state.anchors, data.source.batch(state.drawn),
                data.target.batch(state.drawn));
  }
};

}  // namespace cag::stage

#pragma once

#include <iterator>

#include <cag/anchor/anchor_bank.hpp>
#include <cag/profile/profile.hpp>
#include <cag/stage/self_training.hpp>

#include "pipeline/profile_parts.hpp"
#include "pipeline/profiles.hpp"
#include "pipeline/stages.hpp"

namespace pipeline {

/// @tparam Operators  what the profiles' policies are compiled with, see policies.hpp
template <typename Operators>
ProfileParts profile_parts_of() {
  return {.anchors_of =
              [](const Config& config, cag::AnyBackbone& net, const CleanList<Labelled>& source) {
                return with_profile(config, [&]<cag::Profile P>() {
                  using Own = ConfiguredProfile<P, Operators>;
                  cag::AnchorBank<cag::AnyBackbone, typename Own::Update, typename Own::Mask,
                                  typename Own::Moments, typename Own::Sums>
                      bank(std::ssize(category_names(config)));
                  bank.observe_all(net, source);
                  return bank.anchors();
                });
              },
          .label_function =
              [](const Config& config) {
                return with_profile(config, [&]<cag::Profile P>() -> LabelFunction {
                  return [labeler = configured_loss<P, Operators>(config, {}).labeler](
                             const cag::Prediction& prediction, const cag::Anchors& anchors) {
                    return cag::primary_map(labeler(prediction, anchors));
                  };
                });
              },
          .self_train =
              [](Run& run, State& state) {
                const auto& config = run.config;
                const auto categories = run.world.table.size();
                auto target = training_batches(run.world.target_train, config, Domain::kTarget);
                return with_warm_up(
                    config, categories, run.class_weights, [&](const auto& warm_up) {
                      return with_profile(config, [&]<cag::Profile P>() {
                        return run_stages(
                            run, state, warm_up,
                            cag::stage::SelfTraining<ConfiguredProfile<P, Operators>>{
                                .categories = categories,
                                .loss = configured_loss<P, Operators>(config, run.class_weights),
                                .statistics = {reestimates_teacher(config)}},
                            target);
                      });
                    });
              }};
}

}  // namespace pipeline

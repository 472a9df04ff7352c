// Stages of the compiled operators on a GPU, beside those of the CPU. Where there is no GPU, the
// test is skipped.
#include <type_traits>

#include <cag/profile/fused_cuda.hpp>

#include "cuda/device_training.hpp"

using namespace on_cuda;

namespace {

/// With a margin that some of the features meet.
template <typename Rule>
Rule eager(Rule rule) {
  if constexpr (requires { rule.margin; })
    rule.margin = 0.5;
  else
    rule.first.margin = 0.5;
  return rule;
}

template <cag::Profile P>
auto stage_of() {
  cag::stage::SelfTraining<cag::profile::FusedCuda<P>> stage{
      .categories = toy::kCategories, .iterations = 3, .optimization = kQuick};
  auto& labeler = stage.loss.labeler;
  labeler = std::remove_reference_t<decltype(labeler)>({}, eager(labeler.rule()));
  return stage;
}

template <cag::Profile P>
void compare_fused() {
  INFO(P::kName);
  const auto stage = stage_of<P>();
  auto state = compare_training(stage);
  const auto labels = stage.loss.labeler(
      cag::predict(*state.teacher, Data(kDevice).target.batch(0).images), *state.anchors);
  const auto active = cag::primary_map(labels).ne(cag::kIgnoreIndex);
  CHECK(active.any().template item<bool>());
  CHECK(active.logical_not().any().template item<bool>());
}

}  // namespace

TEST_CASE("On CUDA, stages of the compiled operators train as on the CPU", "[cuda]") {
  if (skipped()) return;
  compare_fused<cag::profile::Cag>();
  compare_fused<cag::profile::PublishedCode>();
  compare_fused<cag::profile::Paper>();
  compare_training(cag::stage::MicroBatches{stage_of<cag::profile::Cag>(), 2});
}

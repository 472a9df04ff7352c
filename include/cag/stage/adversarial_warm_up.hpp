#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <torch/csrc/autograd/autograd.h>

#include <cag/adversarial/domain_loss.hpp>
#include <cag/adversarial/vanilla.hpp>
#include <cag/data/batch.hpp>
#include <cag/detail/finite.hpp>
#include <cag/error.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/loss/source_cross_entropy.hpp>
#include <cag/model/backbone.hpp>
#include <cag/model/upsample.hpp>
#include <cag/stage/domains.hpp>
#include <cag/stage/optimization.hpp>
#include <cag/stage/run_state.hpp>

namespace cag::stage {

/// The paper's warm-up: source truth, while a discriminator learns to tell the softmax of target
/// images from that of source images, and the student to make it say source (AdaptSegNet, Tsai et
/// al., CVPR 2018: output-space adaptation). With two levels, the same of Prediction::auxiliary.
template <DomainLoss A = adversarial::Vanilla, typename Loss = loss::SourceCrossEntropy<>>
struct AdversarialWarmUp {
  static constexpr std::string_view kName = "adversarial warm-up";

  std::int64_t categories = 19;
  std::int64_t levels = 1;  ///< 2: of Prediction::auxiliary too
  std::int64_t iterations = 250000;
  Optimization optimization{
      .learning_rate = 2.5e-4, .weight_decay = 5e-4, .max_iterations = 250000, .first = 0};
  double discriminator_rate = 1e-4;      ///< with the student's schedule
  double weight = 0.001;                 ///< of the adversarial term
  double auxiliary_weight = 0.0002;      ///< of the second level's
  double auxiliary_source_weight = 0.1;  ///< of its cross-entropy on the source
  A adversarial{};  ///< what the discriminators and the student are trained with
  Loss loss{};

  template <TrainableBackbone B>
  void begin(RunState<B>& state, auto&) const {
    state.restart(optimization);
    const auto device = TrainingTraits<B>::module(state.student).parameters().front().device();
    state.adversary.emplace(levels, categories, device);
  }

  /// Trains the discriminators too, on predictions cut off from the student: after its own gradient
  /// has passed through them as they were. They step even where the student's step is then skipped.
  /// @throws NumericalError where their gradient is not finite
  template <TrainableBackbone B, AdaptationData Data>
  LossTerms losses(RunState<B>& state, Data& data) const {
    const auto found = state.adversary ? std::ssize(state.adversary->discriminators) : 0;
    TORCH_CHECK_VALUE(found == levels, "expected a state in a stage of ", kName, " with ", levels,
                      " discriminators, found ", found);
    const LabelledBatch source = data.source.batch(state.drawn);
    const UnlabelledBatch target = data.target.batch(state.drawn);
    const auto seen = levels_of(predict(state.student, source.images));
    LossTerms terms;
    terms.add("source", loss(seen[0], source.labels));
    if (levels > 1)
      terms.add("source_auxiliary", loss(seen[1], source.labels), auxiliary_source_weight);
    const auto asked = levels_of(predict(state.student, target.images));

    auto& adversary = *state.adversary;
    adversary.set_rate(discriminator_rate *
                       (optimization.rate(state.step + 1) / optimization.learning_rate));
    for (std::size_t i = 0; i < asked.size(); ++i)
      terms.add(i == 0 ? "adversarial" : "adversarial_auxiliary",
                deception(adversary.discriminators[i], asked[i], target.images),
                i == 0 ? weight : auxiliary_weight);
    terms.add("discriminator", train(adversary, seen, source.images, asked, target.images), 0);
    return terms;
  }

 private:
  using Level = std::vector<at::Tensor>;

  Level levels_of(const Prediction& prediction) const {
    if (levels == 1) return {prediction.logits};
    TORCH_CHECK_VALUE(
        prediction.auxiliary.defined() && prediction.auxiliary.dim() == 4,
        "two levels: expected a network with auxiliary logits [N, K, h, w], got ",
        prediction.auxiliary.defined() ? prediction.auxiliary.sizes() : at::IntArrayRef{});
    return {prediction.logits, prediction.auxiliary};
  }

  static at::Tensor softmax(const at::Tensor& logits, const at::Tensor& images) {
    return upsample_logits(logits, images.size(2), images.size(3)).softmax(1);
  }

  /// How far the discriminator is from taking the target for the source. Its gradient is taken here
  /// and now, so that the discriminator may learn before the student's backward pass.
  at::Tensor deception(Discriminator discriminator, const at::Tensor& logits,
                       const at::Tensor& images) const {
    const auto leaf = logits.detach().requires_grad_(true);
    const auto value = adversarial(discriminator(softmax(leaf, images)), DomainLabel::kSource);
    const auto gradient = torch::autograd::grad({value}, {leaf}).front();
    const auto linear = (logits * gradient).sum();
    return value.detach() + (linear - linear.detach());  // the bracket is exactly zero
  }

  at::Tensor train(Adversary& adversary, const Level& seen, const at::Tensor& source_images,
                   const Level& asked, const at::Tensor& target_images) const {
    adversary.optimizer.zero_grad();
    at::Tensor total;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      auto& discriminator = adversary.discriminators[i];
      const auto of = [&](const at::Tensor& logits, const at::Tensor& images, DomainLabel domain) {
        return adversarial(discriminator(softmax(logits.detach(), images)), domain) / 2;
      };
      const auto both = of(seen[i], source_images, DomainLabel::kSource) +
                        of(asked[i], target_images, DomainLabel::kTarget);
      total = total.defined() ? total + both : both;
    }
    total.backward();
    if (!detail::all_finite(adversary.parameters()))
      throw NumericalError("expected a finite gradient of the discriminators, got none; loss {}",
                           total.item<double>());
    adversary.optimizer.step();
    return total.detach();
  }
};

}  // namespace cag::stage

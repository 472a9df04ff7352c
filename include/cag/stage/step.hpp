#pragma once

#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>

#include <cag/anchor/anchors.hpp>
#include <cag/data/batch.hpp>
#include <cag/detail/descend.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/model/trainable_backbone.hpp>

namespace cag {

/// What cag::step did.
struct StepResult {
  LossTerms terms;  ///< of the step, with their graph
  at::Tensor
      pseudo_labels;    ///< of the target: [N, h, w] int64, or [M, N, h, w] of a rule of M maps
  bool applied = true;  ///< false where the gradient was not finite: no weight has changed

  /// Share of the target's pixels that are active, in the map that the anchor loss uses.
  double coverage() const { return active_share(pseudo_labels); }
};

/// One adaptation step in your own loop: pseudo-labels of the target from the teacher, the loss of
/// both domains, its gradient, and a step of your optimizer. The student is put into train mode,
/// the teacher has to be in eval mode. Any schedule, device, thread and process is yours.
/// @param loss  such as profile::Cag::Loss{}; its labeler labels the target
template <TrainableBackbone Student, Backbone Teacher, typename Loss = AdaptationLoss<>>
StepResult step(Student& student, Teacher& teacher, const Anchors& anchors,
                torch::optim::Optimizer& optimizer, const LabelledBatch& source,
                const UnlabelledBatch& target, const Loss& loss = {}) {
  auto& module = TrainingTraits<Student>::module(student);
  module.train();
  optimizer.zero_grad();
  StepResult result;
  result.terms = loss(student, teacher, anchors, source, target, &result.pseudo_labels);
  result.applied = detail::descend(result.terms.total(), module, optimizer);
  return result;
}

}  // namespace cag

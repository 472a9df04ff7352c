#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <cag/anchor/anchors.hpp>
#include <cag/data/batch.hpp>
#include <cag/label/downsample.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/loss/anchor_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/loss/loss_terms.hpp>
#include <cag/loss/pseudo_cross_entropy.hpp>
#include <cag/loss/source_cross_entropy.hpp>
#include <cag/model/backbone.hpp>

namespace cag {

/// The loss of one adaptation step: cross-entropy on source truth, cross-entropy on the target's
/// pseudo-labels, and the distance of both domains' features to the anchors.
/// @tparam L  PseudoLabeler
/// @tparam S  source cross-entropy  @tparam P  pseudo-label cross-entropy  @tparam A  AnchorLoss
template <typename L = PseudoLabeler<>, typename S = loss::SourceCrossEntropy<>,
          typename P = loss::PseudoCrossEntropy<>, AnchorLoss A = loss::CentroidDistance<>>
struct AdaptationLoss {
  L labeler{};
  S source{};                  ///< cross-entropy on source truth
  P pseudo{};                  ///< cross-entropy on pseudo-labels
  A anchor{};                  ///< of each domain's features
  double anchor_weight = 0.7;  ///< of each of the two anchor terms

  /// From the student's predictions.
  /// @param source_labels [N, H, W] int64 truth
  /// @param pseudo_labels [N, h, w] or [M, N, h, w] int64, what the labeler gave for the target
  LossTerms terms(const Prediction& source_prediction, const at::Tensor& source_labels,
                  const Prediction& target_prediction, const at::Tensor& pseudo_labels,
                  const Anchors& anchors) const {
    const auto& logits = source_prediction.logits;
    const auto coarse = downsample_labels(source_labels, logits.size(2), logits.size(3));
    LossTerms terms;
    terms.add("pseudo", pseudo(target_prediction.logits, pseudo_labels));
    terms.add("source", source(logits, source_labels));
    terms.add("anchor_source", anchor(source_prediction, coarse, anchors), anchor_weight);
    terms.add("anchor_target", anchor(target_prediction, primary_map(pseudo_labels), anchors),
              anchor_weight);
    return terms;
  }

  /// Runs the student on both domains, one after the other, so that batch norm sees each domain by
  /// itself, and the teacher on the target. Put the student in train mode and the teacher in eval
  /// mode before.
  /// @param pseudo_labels  receives what the target was labelled with, where not null
  template <Backbone Student, Backbone Teacher>
  LossTerms operator()(Student& student, Teacher& teacher, const Anchors& anchors,
                       const LabelledBatch& source_batch, const UnlabelledBatch& target_batch,
                       at::Tensor* pseudo_labels = nullptr) const {
    const auto source_prediction = predict(student, source_batch.images);
    const auto labels = label(teacher, anchors, target_batch);
    if (pseudo_labels != nullptr) *pseudo_labels = labels;
    const auto target_prediction = predict(student, target_batch.images);
    return terms(source_prediction, source_batch.labels, target_prediction, labels, anchors);
  }

  /// The pseudo-labels of a target batch.
  template <Backbone Teacher>
  at::Tensor label(Teacher& teacher, const Anchors& anchors, const UnlabelledBatch& batch) const {
    const at::NoGradGuard no_grad;
    return labeler(predict(teacher, batch.images), anchors);
  }
};

}  // namespace cag

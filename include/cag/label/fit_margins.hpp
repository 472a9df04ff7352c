#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <cag/anchor/anchors.hpp>
#include <cag/error.hpp>
#include <cag/label/fitted_rule.hpp>
#include <cag/label/gap_histogram.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/model/backbone.hpp>

namespace cag {

/// Gives the anchors the margins of a labeler whose rule has its own for each set of anchors, from
/// one pass over the target.
/// @param teacher  in eval mode
/// @param batches  a range of target images [N, 3, H, W]
/// @throws DataError where no pixel says anything
template <Metric M, FittedRule R, CandidateRule C, Backbone B, typename Batches>
void fit_margins(const PseudoLabeler<M, R, C>& labeler, Anchors& anchors, B& teacher,
                 Batches&& batches) {
  const at::NoGradGuard no_grad;
  GapHistogram gaps(anchors.categories());
  for (const at::Tensor& images : batches)
    gaps.add(labeler.distances(predict(teacher, images).features, anchors));
  if (gaps.pixels().sum().template item<std::int64_t>() == 0)
    throw DataError(
        "expected target pixels whose two nearest anchors can be told apart, found none: no image, "
        "or fewer than two categories with an anchor");
  anchors.margins = labeler.rule().margins(gaps);
}

}  // namespace cag

#pragma once

#include <string_view>

#include <cag/anchor/pixel_mean.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/pixel_distance.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/moments/diagonal.hpp>
#include <cag/norm/as_trained.hpp>
#include <cag/sums/indexed.hpp>

namespace cag::profile {

/// The method as the paper (arXiv 1910.13049) states it: anchors are centroids of all source
/// features, the distance loss is over pixels, there is one set of pseudo-labels.
struct Paper {
  static constexpr std::string_view kName = "paper";

  using Update = anchor::PixelMean;
  using Mask = mask::Labelled;

  using Moments = moments::Diagonal;

  using Sums = sums::Indexed;

  using Labeler = PseudoLabeler<metric::Euclidean, label::StrictMargin, candidate::Seen>;

  using Loss = AdaptationLoss<Labeler, loss::SourceCrossEntropy<>, loss::PseudoCrossEntropy<>,
                              loss::PixelDistance<>>;

  using Statistics = norm::AsTrained;
};

}  // namespace cag::profile

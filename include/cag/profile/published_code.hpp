#pragma once

#include <string_view>

#include <cag/anchor/running_mean.hpp>
#include <cag/candidate/all.hpp>
#include <cag/cap/decade.hpp>
#include <cag/divisor/all.hpp>
#include <cag/empty/not_a_number.hpp>
#include <cag/gradient_scale/area.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/moments/diagonal.hpp>
#include <cag/norm/as_trained.hpp>
#include <cag/sums/indexed.hpp>

namespace cag::profile {

/// The method as its published code computes it, down to its reports of NaN and its competing zero
/// anchors. docs/method.md sets it beside the paper.
struct PublishedCode {
  static constexpr std::string_view kName = "published_code";

  using Update = anchor::RunningMean;
  using Mask = mask::Agreeing;

  using Moments = moments::Diagonal;

  using Sums = sums::Indexed;

  using Labeler =
      PseudoLabeler<metric::Euclidean, label::Separately<label::Margin, label::Probability>,
                    candidate::All>;

  using Loss =
      AdaptationLoss<Labeler, loss::SourceCrossEntropy<empty::NotANumber>,
                     loss::PseudoCrossEntropy<empty::NotANumber>,
                     loss::CentroidDistance<candidate::All, divisor::All, empty::NotANumber,
                                            cap::Decade, mask::Agreeing, gradient_scale::Area>>;

  using Statistics = norm::AsTrained;
};

}  // namespace cag::profile

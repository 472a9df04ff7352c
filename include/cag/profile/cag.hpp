#pragma once

#include <string_view>

#include <cag/anchor/running_mean.hpp>
#include <cag/candidate/seen.hpp>
#include <cag/label/margin.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/moments/diagonal.hpp>
#include <cag/norm/reestimated.hpp>
#include <cag/sums/indexed.hpp>

namespace cag::profile {

/// The library's own: the published losses, with categories never seen left out, every empty case
/// defined as zero, and a teacher whose batch-norm statistics are those of the domain it looks at.
struct Cag {
  static constexpr std::string_view kName = "cag";

  using Update = anchor::RunningMean;
  using Mask = mask::Agreeing;

  using Moments = moments::Diagonal;

  using Sums = sums::Indexed;

  using Labeler =
      PseudoLabeler<metric::Euclidean, label::Separately<label::Margin, label::Probability>,
                    candidate::Seen>;

  using Loss = AdaptationLoss<Labeler>;

  using Statistics = norm::Reestimated;
};

}  // namespace cag::profile

#pragma once

#include <string_view>

#include <cag/anchor/anchors.hpp>
#include <cag/model/prediction.hpp>

namespace cag::loss {

/// Leaves the features alone: for label rules that know no anchors, and for ablations.
struct NoAnchorLoss {
  static constexpr std::string_view kName = "none";

  at::Tensor operator()(const Prediction& student, const at::Tensor&, const Anchors&) const {
    return student.features.new_zeros({});
  }
};

}  // namespace cag::loss

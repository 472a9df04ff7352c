#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <cag/anchor/anchors.hpp>
#include <cag/anchor/class_mean_sample.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/detail/row_matrix.hpp>
#include <cag/random/stream.hpp>

namespace cag::anchor {

/// Several anchors of a category: k-means over its per-image class means, each image weighing the
/// same (Lloyd's iterations after k-means++). A road in the sun and one in the shade need not share
/// a centroid. Fewer anchors where there are fewer distinct means.
struct KMeans {
  static constexpr std::string_view kName = "k-means";

  std::int64_t each = 3;         ///< anchors of a category, at most
  std::int64_t min_pixels = 10;  ///< per image and category
  std::int64_t limit = 2000;     ///< class means kept of a category
  std::int64_t iterations = 100;
  std::uint64_t seed = 0;  ///< of what is kept, and of the first centres

  /// What it gathers.
  using State = ClassMeanSample;

  void operator()(State& sample, const ClassSums& sums) const {
    sample.add(sums, min_pixels, limit, seed);
  }

  Anchors anchors(const State& sample) const {
    std::vector<at::Tensor> vectors, counts, owners;
    for (std::int64_t k = 0; k < std::ssize(sample.means); ++k) {
      const auto own = sample.means[k].empty() ? Anchors::zeros(1, sample.width)
                                               : of(at::stack(sample.means[k]).contiguous(), k);
      vectors.push_back(own.vectors);
      counts.push_back(own.counts);
      owners.push_back(at::full({own.counts.size(0)}, k, at::kLong));
    }
    return {at::cat(vectors), at::cat(counts), at::cat(owners)};
  }

  /// The anchors of one category alone.
  /// @param means [M, D] float64, M >= 1
  /// @param category  its number, which the seed is mixed with
  Anchors of(const at::Tensor& means, std::int64_t category) const {
    TORCH_CHECK_VALUE(each >= 1 && iterations >= 1, "KMeans needs at least 1 anchor of each ",
                      "category and 1 iteration, got ", each, " and ", iterations);
    const auto points = detail::rows_of(means);
    auto centres = spread_centres(points, category);
    std::vector<std::int64_t> nearest(points.rows(), -1);
    auto counts = at::zeros({centres.rows()}, at::kLong);
    auto* n = counts.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < iterations && assign(points, centres, nearest); ++i) {
      detail::RowMatrix sums = detail::RowMatrix::Zero(centres.rows(), centres.cols());
      std::fill_n(n, centres.rows(), 0);
      for (Eigen::Index p = 0; p < points.rows(); ++p) {
        sums.row(nearest[p]) += points.row(p);
        ++n[nearest[p]];
      }
      // A centre that lost its last point stays: it may win some again, and counts 0 if it does
      // not.
      for (Eigen::Index c = 0; c < centres.rows(); ++c)
        if (n[c] > 0) centres.row(c) = sums.row(c) / static_cast<double>(n[c]);
    }
    auto vectors = at::zeros({centres.rows(), centres.cols()}, at::kDouble);
    detail::rows_of(vectors) = centres;
    const auto kept = counts.nonzero().squeeze(1);
    return {vectors.index_select(0, kept), counts.index_select(0, kept)};
  }

 private:
  /// k-means++: each centre is a point, drawn by its squared distance to those before it.
  detail::RowMatrix spread_centres(const auto& points, std::int64_t category) const {
    Stream random({.seed = seed,
                   .purpose = purpose("k-means"),
                   .index = static_cast<std::uint64_t>(category)});
    const auto most = std::min<Eigen::Index>(each, points.rows());
    detail::RowMatrix centres(most, points.cols());
    centres.row(0) = points.row(random.below(points.rows()));
    Eigen::VectorXd squared = (points.rowwise() - centres.row(0)).rowwise().squaredNorm();
    for (Eigen::Index c = 1; c < most; ++c) {
      const double total = squared.sum();
      if (total <= 0) return centres.topRows(c);
      double left = random.uniform(0, total);
      Eigen::Index chosen = 0;
      squared.maxCoeff(&chosen);  // where rounding leaves none
      for (Eigen::Index p = 0; p < points.rows(); ++p) {
        left -= squared[p];
        if (left < 0) {
          chosen = p;
          break;
        }
      }
      centres.row(c) = points.row(chosen);
      squared = squared.cwiseMin((points.rowwise() - centres.row(c)).rowwise().squaredNorm());
    }
    return centres;
  }

  /// Whether a point has another nearest centre than before.
  static bool assign(const auto& points, const detail::RowMatrix& centres,
                     std::vector<std::int64_t>& nearest) {
    bool changed = false;
    for (Eigen::Index p = 0; p < points.rows(); ++p) {
      Eigen::Index closest = 0;
      (centres.rowwise() - points.row(p)).rowwise().squaredNorm().minCoeff(&closest);
      changed = changed || nearest[p] != closest;
      nearest[p] = closest;
    }
    return changed;
  }
};

}  // namespace cag::anchor

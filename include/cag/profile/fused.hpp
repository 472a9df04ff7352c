#pragma once

#include <string_view>

#include <cag/label/pseudo_labeler.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/metric/euclidean.hpp>
#include <cag/metric/fused_euclidean.hpp>
#include <cag/profile/profile.hpp>
#include <cag/sums/fused.hpp>
#include <cag/sums/indexed.hpp>

namespace cag {
namespace detail {

/// What takes a policy's place: itself, but for those with a twin in cag::kernels.
template <typename T>
struct FusedTwin {
  using type = T;
};
template <LabelRule R, CandidateRule C>
struct FusedTwin<PseudoLabeler<metric::Euclidean, R, C>> {
  using type = PseudoLabeler<metric::FusedEuclidean, R, C>;
};
template <CandidateRule C, DivisorRule D, EmptyRule E, CapRule Cap, PixelMask M,
          GradientScaleRule S>
struct FusedTwin<loss::CentroidDistance<C, D, E, Cap, M, S, sums::Indexed>> {
  using type = loss::CentroidDistance<C, D, E, Cap, M, S, sums::Fused>;
};
template <typename L, typename S, typename P, AnchorLoss A>
struct FusedTwin<AdaptationLoss<L, S, P, A>> {
  using type = AdaptationLoss<typename FusedTwin<L>::type, S, P, typename FusedTwin<A>::type>;
};

}  // namespace detail

namespace profile {

/// Profile P with the operators of cag::kernels, which is to be linked, in place of LibTorch's:
/// the same labels, sums and gradients, up to rounding.
template <Profile P>
struct Fused {
  static constexpr std::string_view kName = P::kName;

  using Update = typename P::Update;
  using Mask = typename P::Mask;
  using Moments = typename P::Moments;
  using Sums = sums::Fused;
  using Loss = typename detail::FusedTwin<typename P::Loss>::type;
  using Labeler = decltype(Loss::labeler);
  using Statistics = typename P::Statistics;
};

}  // namespace profile
}  // namespace cag

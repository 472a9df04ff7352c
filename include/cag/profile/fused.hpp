#pragma once

#include <string_view>

#include <cag/label/agreement.hpp>
#include <cag/label/fused_probability.hpp>
#include <cag/label/probability.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/loss/fused_pixel_distance.hpp>
#include <cag/loss/pixel_distance.hpp>
#include <cag/mask/agreeing.hpp>
#include <cag/mask/fused_agreeing.hpp>
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
template <typename T>
using Twin = typename FusedTwin<T>::type;

template <>
struct FusedTwin<metric::Euclidean> {
  using type = metric::FusedEuclidean;
};
template <>
struct FusedTwin<mask::Agreeing> {
  using type = mask::FusedAgreeing;
};
template <>
struct FusedTwin<sums::Indexed> {
  using type = sums::Fused;
};
template <>
struct FusedTwin<label::Probability> {
  using type = label::FusedProbability;
};
template <LabelRule First, LabelRule Second>
struct FusedTwin<label::Agreement<First, Second>> {
  using type = label::Agreement<Twin<First>, Twin<Second>>;
};
template <LabelRule First, LabelRule Second>
struct FusedTwin<label::Separately<First, Second>> {
  using type = label::Separately<Twin<First>, Twin<Second>>;
};
template <Metric M, LabelRule R, CandidateRule C>
struct FusedTwin<PseudoLabeler<M, R, C>> {
  using type = PseudoLabeler<Twin<M>, Twin<R>, C>;
};
template <CandidateRule C, DivisorRule D, EmptyRule E, CapRule Cap, PixelMask M,
          GradientScaleRule S, SumsRule A>
struct FusedTwin<loss::CentroidDistance<C, D, E, Cap, M, S, A>> {
  using type = loss::CentroidDistance<C, D, E, Cap, Twin<M>, S, Twin<A>>;
};
template <PixelMask M, CandidateRule C, EmptyRule E>
struct FusedTwin<loss::PixelDistance<M, C, E>> {
  using type = loss::FusedPixelDistance<Twin<M>, C, E>;
};
template <typename L, typename S, typename P, AnchorLoss A>
struct FusedTwin<AdaptationLoss<L, S, P, A>> {
  using type = AdaptationLoss<Twin<L>, S, P, Twin<A>>;
};

}  // namespace detail

namespace profile {

/// Profile P with the operators of cag::kernels, which is to be linked, in place of LibTorch's:
/// the same labels, sums and gradients, up to rounding.
template <Profile P>
struct Fused {
  static constexpr std::string_view kName = P::kName;

  using Update = typename P::Update;
  using Mask = detail::Twin<typename P::Mask>;
  using Moments = typename P::Moments;
  using Sums = detail::Twin<typename P::Sums>;
  using Loss = detail::Twin<typename P::Loss>;
  using Labeler = decltype(Loss::labeler);
  using Statistics = typename P::Statistics;
};

}  // namespace profile
}  // namespace cag

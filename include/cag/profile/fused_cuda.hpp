#pragma once

#include <string_view>

#include <cag/label/agreement.hpp>
#include <cag/label/fused_cuda_probability.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/loss/fused_cuda_pixel_distance.hpp>
#include <cag/metric/fused_cuda_euclidean.hpp>
#include <cag/profile/fused.hpp>
#include <cag/sums/fused_cuda.hpp>

namespace cag {
namespace detail {

/// What takes a fused policy's place: itself, but for those with a twin in cag::kernels_cuda.
template <typename T>
struct FusedCudaTwin {
  using type = T;
};
template <typename T>
using CudaTwin = typename FusedCudaTwin<T>::type;

template <>
struct FusedCudaTwin<metric::FusedEuclidean> {
  using type = metric::FusedCudaEuclidean;
};
template <>
struct FusedCudaTwin<sums::Fused> {
  using type = sums::FusedCuda;
};
template <>
struct FusedCudaTwin<label::FusedProbability> {
  using type = label::FusedCudaProbability;
};
template <LabelRule First, LabelRule Second>
struct FusedCudaTwin<label::Agreement<First, Second>> {
  using type = label::Agreement<CudaTwin<First>, CudaTwin<Second>>;
};
template <LabelRule First, LabelRule Second>
struct FusedCudaTwin<label::Separately<First, Second>> {
  using type = label::Separately<CudaTwin<First>, CudaTwin<Second>>;
};
template <Metric M, LabelRule R, CandidateRule C>
struct FusedCudaTwin<PseudoLabeler<M, R, C>> {
  using type = PseudoLabeler<CudaTwin<M>, CudaTwin<R>, C>;
};
template <CandidateRule C, DivisorRule D, EmptyRule E, CapRule Cap, PixelMask M,
          GradientScaleRule S, SumsRule A>
struct FusedCudaTwin<loss::CentroidDistance<C, D, E, Cap, M, S, A>> {
  using type = loss::CentroidDistance<C, D, E, Cap, M, S, CudaTwin<A>>;
};
template <PixelMask M, CandidateRule C, EmptyRule E>
struct FusedCudaTwin<loss::FusedPixelDistance<M, C, E>> {
  using type = loss::FusedCudaPixelDistance<M, C, E>;
};
template <typename L, typename S, typename P, AnchorLoss A>
struct FusedCudaTwin<AdaptationLoss<L, S, P, A>> {
  using type = AdaptationLoss<CudaTwin<L>, S, P, CudaTwin<A>>;
};

}  // namespace detail

namespace profile {

/// Fused<P>, also of what lies on a GPU: with the operators of cag::kernels_cuda, which is to be
/// linked beside cag::kernels.
template <Profile P>
struct FusedCuda {
  static constexpr std::string_view kName = P::kName;

  using Update = typename P::Update;
  using Mask = typename Fused<P>::Mask;
  using Moments = typename P::Moments;
  using Sums = detail::CudaTwin<typename Fused<P>::Sums>;
  using Loss = detail::CudaTwin<typename Fused<P>::Loss>;
  using Labeler = decltype(Loss::labeler);
  using Statistics = typename P::Statistics;
};

}  // namespace profile
}  // namespace cag

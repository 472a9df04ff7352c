#pragma once

#include <cag/detail/twin.hpp>
#include <cag/label/fused_cuda_probability.hpp>
#include <cag/loss/fused_cuda_pixel_distance.hpp>
#include <cag/metric/fused_cuda_euclidean.hpp>
#include <cag/profile/fused.hpp>
#include <cag/sums/fused_cuda.hpp>

namespace cag {
namespace detail {

/// Twins of fused policies in cag::kernels_cuda.
template <typename T>
struct FusedCudaTwin {
  using type = T;
};
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
template <PixelMask M, CandidateRule C, EmptyRule E>
struct FusedCudaTwin<loss::FusedPixelDistance<M, C, E>> {
  using type = loss::FusedCudaPixelDistance<M, C, E>;
};

}  // namespace detail

namespace profile {

/// Fused<P>, also of what lies on a GPU: with the operators of cag::kernels_cuda, which is to be
/// linked beside cag::kernels.
template <Profile P>
using FusedCuda = detail::TwinProfile<detail::FusedCudaTwin, Fused<P>>;

}  // namespace profile
}  // namespace cag

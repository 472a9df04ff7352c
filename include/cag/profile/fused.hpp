#pragma once

#include <cag/detail/twin.hpp>
#include <cag/label/fused_probability.hpp>
#include <cag/label/probability.hpp>
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

/// Twins in cag::kernels.
template <typename T>
struct FusedTwin {
  using type = T;
};
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
template <PixelMask M, CandidateRule C, EmptyRule E>
struct FusedTwin<loss::PixelDistance<M, C, E>> {
  using type = loss::FusedPixelDistance<Twin<FusedTwin, M>, C, E>;
};

}  // namespace detail

namespace profile {

/// Profile P with the operators of cag::kernels, which is to be linked, in place of LibTorch's:
/// the same labels, sums and gradients, up to rounding.
template <Profile P>
using Fused = detail::TwinProfile<detail::FusedTwin, P>;

}  // namespace profile
}  // namespace cag

#pragma once

#include <string_view>

#include <cag/label/agreement.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/separately.hpp>
#include <cag/loss/adaptation_loss.hpp>
#include <cag/loss/centroid_distance.hpp>
#include <cag/profile/profile.hpp>

namespace cag::detail {

/// What takes a policy's place. `Own` says so of those with a twin, and of each other that it is
/// its own; a policy made of others is made of their twins.
template <template <typename> class Own, typename T>
struct TwinOf {
  using type = typename Own<T>::type;
};
template <template <typename> class Own, typename T>
using Twin = typename TwinOf<Own, T>::type;

template <template <typename> class Own, LabelRule First, LabelRule Second>
struct TwinOf<Own, label::Agreement<First, Second>> {
  using type = label::Agreement<Twin<Own, First>, Twin<Own, Second>>;
};
template <template <typename> class Own, LabelRule First, LabelRule Second>
struct TwinOf<Own, label::Separately<First, Second>> {
  using type = label::Separately<Twin<Own, First>, Twin<Own, Second>>;
};
template <template <typename> class Own, Metric M, LabelRule R, CandidateRule C>
struct TwinOf<Own, PseudoLabeler<M, R, C>> {
  using type = PseudoLabeler<Twin<Own, M>, Twin<Own, R>, C>;
};
template <template <typename> class Own, CandidateRule C, DivisorRule D, EmptyRule E, CapRule Cap,
          PixelMask M, GradientScaleRule S, SumsRule A>
struct TwinOf<Own, loss::CentroidDistance<C, D, E, Cap, M, S, A>> {
  using type = loss::CentroidDistance<C, D, E, Cap, Twin<Own, M>, S, Twin<Own, A>>;
};
template <template <typename> class Own, typename L, typename S, typename P, AnchorLoss A>
struct TwinOf<Own, AdaptationLoss<L, S, P, A>> {
  using type = AdaptationLoss<Twin<Own, L>, S, P, Twin<Own, A>>;
};

/// Profile P of the twins of its policies.
template <template <typename> class Own, Profile P>
struct TwinProfile {
  static constexpr std::string_view kName = P::kName;

  using Update = typename P::Update;
  using Mask = Twin<Own, typename P::Mask>;
  using Moments = typename P::Moments;
  using Sums = Twin<Own, typename P::Sums>;
  using Loss = Twin<Own, typename P::Loss>;
  using Labeler = decltype(Loss::labeler);
  using Statistics = typename P::Statistics;
};

}  // namespace cag::detail

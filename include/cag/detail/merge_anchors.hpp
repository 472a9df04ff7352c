#pragma once

#include <cstdint>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cag/anchor/anchors.hpp>

namespace cag::detail {

/// Anchors that are plain means, over the observations of both. Margins are of neither: the result
/// has none.
inline Anchors merged(const Anchors& a, const Anchors& b) {
  TORCH_CHECK_VALUE(!a.owner.defined() && !b.owner.defined(),
                    "expected one anchor for each category: several of a category do not merge");
  TORCH_CHECK_VALUE(a.vectors.sizes() == b.vectors.sizes(), "expected anchors ", a.vectors.sizes(),
                    ", got ", b.vectors.sizes());
  TORCH_CHECK_VALUE(a.moments.has_value() == b.moments.has_value(),
                    "expected moments of both anchors or of neither, found those of one alone");
  const auto counts = a.counts + b.counts;
  const auto expect = [](const at::Tensor& fine, const char* what) {
    TORCH_CHECK_VALUE(fine.all().item<bool>(), "the merged ", what,
                      " overflow: ", fine.logical_not().sum().item<std::int64_t>(), " of ",
                      fine.numel());
  };
  const auto expect_finite = [&](const at::Tensor& merged, const at::Tensor& first,
                                 const at::Tensor& second, const char* what) {
    const auto whole = first.isfinite().logical_and(second.isfinite());
    expect(merged.isfinite().logical_or(whole.logical_not()), what);
  };
  expect(counts.ge(0), "counts");
  const auto share = (b.counts.to(at::kDouble) / counts.clamp_min(1)).unsqueeze(1);
  Anchors result{a.vectors + share * (b.vectors - a.vectors), counts};
  expect_finite(result.vectors, a.vectors, b.vectors, "vectors");
  if (a.moments) {
    result.moments = a.moments;
    result.moments->merge(*b.moments);
    expect(result.moments->pixels.ge(0), "pixel counts");
    expect_finite(result.moments->mean, a.moments->mean, b.moments->mean, "means");
    expect_finite(result.moments->covariance, a.moments->covariance, b.moments->covariance,
                  "covariances");
  }
  return result;
}

}  // namespace cag::detail

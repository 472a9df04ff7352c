#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <cag/anchor/class_moments.hpp>

namespace cag {

/// Anchors of K categories, R in all, with the number of observations behind each: one for each
/// category, or several, of which a pixel goes by the nearest.
struct Anchors {
  at::Tensor vectors;  ///< [R, D] float64 on the CPU
  at::Tensor counts;   ///< [R] int64 on the CPU; 0: never seen, the row is zero

  /// [R] int64 on the CPU, ascending, every category at least once: whose anchor each is.
  /// Undefined: R = K, and anchor k is that of category k.
  at::Tensor owner{};

  /// How the features of each category are spread, for metrics that weigh by it.
  std::optional<ClassMoments> moments{};

  /// [K] float64 on the CPU, +inf where nothing is ever active: the margin of each category, for
  /// label::QuantileMargin. Undefined: none.
  at::Tensor margins{};

  /// K anchors of width D that nothing has been added to.
  static Anchors zeros(std::int64_t categories, std::int64_t width) {
    return {at::zeros({categories, width}, at::kDouble), at::zeros({categories}, at::kLong)};
  }

  std::int64_t categories() const {
    return owner.defined() ? owner[-1].item<std::int64_t>() + 1 : vectors.size(0);
  }
  std::int64_t width() const { return vectors.size(1); }

  /// [R] int64: whose anchor each is.
  at::Tensor owners() const { return owner.defined() ? owner : at::arange(vectors.size(0)); }

  /// [K] bool: which categories have been seen.
  at::Tensor seen() const {
    if (!owner.defined()) return counts.gt(0);
    return at::zeros({categories()}, at::kLong).index_add(0, owner, counts).gt(0);
  }

  /// [R] bool: rows that nothing was added to, of categories that have others.
  at::Tensor stand_ins() const {
    return counts.eq(0).logical_and(seen().index_select(0, owners()));
  }

  /// A copy that shares nothing with these.
  Anchors clone() const {
    const auto copy = [](const at::Tensor& t) { return t.defined() ? t.clone() : t; };
    auto moments_copy = moments;
    if (moments_copy) moments_copy = moments_copy->clone();
    return {copy(vectors), copy(counts), copy(owner), std::move(moments_copy), copy(margins)};
  }
};

}  // namespace cag

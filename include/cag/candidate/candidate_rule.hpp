#pragma once

#include <concepts>
#include <string_view>

#include <cag/anchor/anchors.hpp>

namespace cag {

/// Which anchors may be nearest, and which features are drawn to: anchors -> [K] bool.
template <typename C>
concept CandidateRule = std::copy_constructible<C> && requires(const C rule, const Anchors& a) {
  { rule(a) } -> std::same_as<at::Tensor>;
  { C::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag

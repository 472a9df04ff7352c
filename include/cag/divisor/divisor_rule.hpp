#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace cag {

/// What the sum over class means is divided by: (all class means, those whose anchor competes).
template <typename D>
concept DivisorRule = std::copy_constructible<D> && requires(const D rule, std::int64_t n) {
  { rule(n, n) } -> std::same_as<std::int64_t>;
  { D::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag

#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace cag {

/// What a discriminator is to say of a domain.
enum class DomainLabel : std::uint8_t { kSource = 0, kTarget = 1 };

/// How far a discriminator's scores [N, 1, h, w] are from saying a domain: a scalar.
/// Not checkable here: differentiable in the scores, least where they say it.
template <typename L>
concept DomainLoss = std::copy_constructible<L> &&
    requires(const L loss, const at::Tensor& scores, DomainLabel domain) {
  { loss(scores, domain) } -> std::same_as<at::Tensor>;
  { L::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag

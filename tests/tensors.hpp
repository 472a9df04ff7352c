#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/tensor.h>

namespace cag::test {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();

inline at::Tensor floats(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values.begin(), values.size()), at::kFloat);
}

inline at::Tensor doubles(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values.begin(), values.size()), at::kDouble);
}

inline at::Tensor ints(std::initializer_list<std::int64_t> values) {
  return at::tensor(at::ArrayRef<std::int64_t>(values.begin(), values.size()), at::kLong);
}

/// One image whose P pixels lie in a row: [P, D] -> [1, D, 1, P].
inline at::Tensor image_of(const at::Tensor& pixels) {
  return pixels.t().contiguous().unsqueeze(1).unsqueeze(0);
}

/// Logits that predict `labels`: [N, h, w] int64 -> [N, categories, h, w].
inline at::Tensor logits_for(const at::Tensor& labels, std::int64_t categories) {
  return at::one_hot(labels.clamp_max(categories - 1), categories)
      .permute({0, 3, 1, 2})
      .to(at::kFloat);
}

inline bool same(const at::Tensor& actual, const at::Tensor& expected) {
  return actual.scalar_type() == expected.scalar_type() && actual.equal(expected);
}

/// NaN is close to NaN.
inline bool close(const at::Tensor& actual, const at::Tensor& expected, double tolerance = 1e-6) {
  return actual.sizes() == expected.sizes() &&
         at::allclose(actual.detach().to(at::kDouble), expected.detach().to(at::kDouble), 0,
                      tolerance, true);
}

/// What a call that fails says; empty where it does not fail.
template <typename Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const c10::ValueError& error) {
    return error.what_without_backtrace();
  }
  return {};
}

}  // namespace cag::test

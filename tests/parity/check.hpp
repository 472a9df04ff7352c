#pragma once

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include "case.hpp"

namespace cag::parity {

/// Collects what differs, so that one line per case can report all of it.
class Check {
 public:
  void that(bool holds, const std::string& failure) {
    ++checks_;
    if (!holds) failures_.push_back(failure);
  }

  /// The same values, element by element.
  void equal(const std::string& what, const at::Tensor& actual, const at::Tensor& expected) {
    if (!same_size(what, actual, expected)) return;
    const auto wrong = actual.ne(expected.to(actual.scalar_type())).sum().item<std::int64_t>();
    that(wrong == 0, fmt::format("{}: {} of {} values differ", what, wrong, actual.numel()));
  }

  /// |actual - expected| <= atol + rtol * |expected|; NaN equals NaN only.
  void close(const std::string& what, const at::Tensor& actual, const at::Tensor& expected,
             double rtol, double atol) {
    if (!same_size(what, actual, expected)) return;
    const auto a = actual.detach().to(at::kDouble);
    const auto e = expected.to(at::kDouble);
    const auto error = a.sub(e).abs();
    const auto near = error.le(e.abs().mul(rtol).add(atol))
                          .logical_or(a.isnan().logical_and(e.isnan()))
                          .logical_or(a.eq(e));
    const auto wrong = near.logical_not().sum().item<std::int64_t>();
    that(wrong == 0, fmt::format("{}: {} of {} values differ, by up to {:.3e}", what, wrong,
                                 near.numel(), wrong == 0 ? 0 : error.max().item<double>()));
  }

  void close(const std::string& what, double actual, double expected, double rtol,
             double atol = 0) {
    const bool near = std::isnan(expected)
                          ? std::isnan(actual)
                          : std::abs(actual - expected) <= atol + rtol * std::abs(expected);
    that(near, fmt::format("{}: {} instead of {}", what, actual, expected));
  }

  int checks() const { return checks_; }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  bool same_size(const std::string& what, const at::Tensor& actual, const at::Tensor& expected) {
    if (actual.sizes() == expected.sizes()) return true;
    std::ostringstream sizes;
    sizes << what << ": size " << actual.sizes() << " instead of " << expected.sizes();
    that(false, sizes.str());
    return false;
  }

  int checks_ = 0;
  std::vector<std::string> failures_;
};

/// A number; "nan" and null are NaN.
inline double number(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace cag::parity

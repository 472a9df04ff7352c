#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/ranges.h>

#include <cag/error.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag::detail {

/// "N kind: a, b, ...", the first 20; nothing for none.
inline void describe(std::vector<std::string>& problems, const std::vector<std::string>& lines,
                     std::string_view kind) {
  constexpr std::size_t kShown = 20;
  if (lines.empty()) return;
  const auto shown = std::min(lines.size(), kShown);
  problems.push_back(fmt::format(
      "{} {}: {}{}", lines.size(), kind,
      fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
      lines.size() > shown ? ", ..." : ""));
}

/// Everything by which one set of tensors differs from another in names, shapes and types.
class StateComparison {
 public:
  StateComparison(const TensorMap& expected, const TensorMap& found) {
    for (const auto& [name, tensor] : expected) {
      const auto match = found.find(name);
      if (match == found.end() || !match->second.defined()) {
        missing_.push_back(name);
      } else {
        compare(name, tensor, match->second);
      }
    }
    for (const auto& [name, tensor] : found) {
      if (!expected.contains(name)) unexpected_.push_back(name);
    }
  }

  /// Throws one CheckpointError that lists it all, or the first 20 of each kind and their count.
  void expect_equal(std::string_view what) const {
    std::vector<std::string> problems;
    describe(problems, missing_, "missing");
    describe(problems, unexpected_, "unexpected");
    describe(problems, shapes_, "of another shape");
    describe(problems, types_, "of another type");
    if (problems.empty()) return;
    throw CheckpointError("{} does not fit: {}", what, fmt::join(problems, "; "));
  }

 private:
  using Lines = std::vector<std::string>;

  void compare(const std::string& name, const at::Tensor& expected, const at::Tensor& found) {
    if (expected.sizes() != found.sizes()) {
      shapes_.push_back(fmt::format("{} expected [{}], found [{}]", name,
                                    fmt::join(expected.sizes(), ", "),
                                    fmt::join(found.sizes(), ", ")));
    }
    if (expected.scalar_type() != found.scalar_type()) {
      types_.push_back(fmt::format("{} expected {}, found {}", name,
                                   c10::toString(expected.scalar_type()),
                                   c10::toString(found.scalar_type())));
    }
  }

  Lines missing_, unexpected_, shapes_, types_;
};

}  // namespace cag::detail

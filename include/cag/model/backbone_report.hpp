#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include <cag/model/backbone_shape.hpp>

namespace cag {

/// What cag::check_backbone found.
struct BackboneReport {
  /// A requirement that does not hold.
  struct Finding {
    std::string about;  ///< teacher, forward, shapes, type, values, eval mode, train mode, gradient
    std::string message;  ///< what is wrong and what to change
  };

  std::vector<Finding> findings;  ///< none of a backbone
  BackboneShape shape;            ///< where a forward pass gave one

  /// Whether it can be adapted.
  bool ok() const { return findings.empty(); }

  /// A line for each finding, or one that says what the backbone is.
  std::string text() const {
    if (ok())
      return fmt::format(
          "a backbone of {} categories and features of width {} at a stride of {:g} x {:g}\n",
          shape.categories, shape.width, shape.stride_height, shape.stride_width);
    std::string lines;
    for (const auto& [about, message] : findings) lines += fmt::format("{}: {}\n", about, message);
    return lines;
  }
};

}  // namespace cag

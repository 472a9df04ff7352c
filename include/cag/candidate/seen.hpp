#pragma once

#include <string_view>

#include <cag/anchor/anchors.hpp>

namespace cag::candidate {

/// Anchors of categories that occurred in the source.
struct Seen {
  static constexpr std::string_view kName = "seen";

  at::Tensor operator()(const Anchors& anchors) const { return anchors.seen(); }
};

}  // namespace cag::candidate

#pragma once

#include <string_view>
#include <utility>

#include <cag/error.hpp>

namespace cag::detail {

/// What f() returns, its CheckpointErrors beginning with `what`.
template <typename F>
decltype(auto) naming(std::string_view what, F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (const CheckpointError& error) {
    const std::string_view text = error.what();
    const bool named = text.starts_with(what) && text.size() > what.size() &&
                       (text[what.size()] == ':' || text[what.size()] == '/');
    if (named) throw;
    throw CheckpointError("{}: {}", what, text);
  }
}

}  // namespace cag::detail

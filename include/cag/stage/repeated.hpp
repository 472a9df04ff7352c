#pragma once

#include <cstdint>

namespace cag::stage {

/// A stage that is run `times` times in a row, each from where the last one ended.
template <typename S>
struct Repeated {
  S stage{};
  std::int64_t times = 1;
};

template <typename S>
Repeated(S, std::int64_t) -> Repeated<S>;

}  // namespace cag::stage

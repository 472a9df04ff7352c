#pragma once

// LibTorch's CHECK ends the process. Its header comes first, so that none that is included after
// this one defines it anew.
#include <c10/util/Logging.h>
#undef CHECK

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <vector>

namespace Catch::Detail {

/// LibTorch declares a stream operator for every std::vector<T>, printable T or not, which Catch2
/// would believe.
template <typename T>
class IsStreamInsertable<std::vector<T>> {
 public:
  static constexpr bool value = false;
};

}  // namespace Catch::Detail

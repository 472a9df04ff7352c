#pragma once

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

#pragma once

#include <concepts>
#include <cstdint>

#include <cag/data/batch.hpp>

namespace cag {

/// The training batches of a domain, by number: the same number gives the same batch, so that a
/// resumed run sees what the uninterrupted one would have seen.
template <typename S, typename Batch>
concept BatchSource = requires(S& source, std::int64_t number) {
  { source.batch(number) } -> std::same_as<Batch>;
};

/// Every image of a domain once, as it is, in `size()` batches.
template <typename S, typename Batch>
concept BatchList = BatchSource<S, Batch> && requires(const S& list) {
  { list.size() } -> std::convertible_to<std::int64_t>;
};

}  // namespace cag

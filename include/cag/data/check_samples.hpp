#pragma once

#include <cstdint>
#include <string_view>

#include <cag/data/dataset.hpp>
#include <cag/data/detail/problems.hpp>
#include <cag/error.hpp>

namespace cag {

/// Loads every sample once: finds each file that training would stumble over.
/// @param where  names the data set in the error
/// @throws DataError with the first 20 problems and their number
template <Dataset D>
void check_samples(const D& dataset, std::string_view where) {
  detail::Problems problems;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    try {
      dataset.get(i);
    } catch (const DataError& error) {
      problems.add(error.what());
    }
  }
  problems.raise(where);
}

}  // namespace cag

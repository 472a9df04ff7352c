#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/error.hpp>

namespace cag::detail {

/// Everything wrong with a data set folder, so that one run finds it all.
class Problems {
 public:
  void add(std::string problem) { problems_.push_back(std::move(problem)); }

  /// @throws DataError with the first 20 problems and their number, when there are any
  void raise(std::string_view where) const {
    if (problems_.empty()) return;
    constexpr std::size_t kShown = 20;
    std::string list;
    for (std::size_t i = 0; i < problems_.size() && i < kShown; ++i) list += "\n  " + problems_[i];
    if (problems_.size() > kShown) {
      list += fmt::format("\n  and {} more", problems_.size() - kShown);
    }
    throw DataError("{}: {} problem{}:{}", where, problems_.size(),
                    problems_.size() == 1 ? "" : "s", list);
  }

 private:
  std::vector<std::string> problems_;
};

}  // namespace cag::detail

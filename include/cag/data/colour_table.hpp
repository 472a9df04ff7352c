#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <cag/data/colour.hpp>
#include <cag/data/label_table.hpp>
#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

namespace cag {

/// What the colours in a data set's label files mean: each colour stands for a category, is
/// ignored, or is unlisted. An unlisted colour is an error when it occurs, never the nearest one of
/// the table.
class ColourTable {
 public:
  /// @param colours  of each category those that mean it; none: this data set lacks the category
  /// @param ignored  colours without a category
  /// @throws DataError for a colour listed twice, no colour at all, or more categories than fit
  ///   below kIgnoreIndex
  ColourTable(const std::vector<std::vector<Colour>>& colours, const std::vector<Colour>& ignored)
      : size_(std::ssize(colours)) {
    if (size_ > kIgnoreIndex) {
      throw DataError("expected 1 to {} categories, got {}", kIgnoreIndex, size_);
    }
    for (std::int64_t k = 0; k < size_; ++k) {
      for (const Colour& colour : colours[static_cast<std::size_t>(k)]) list(colour, k);
    }
    if (labels_.empty()) throw DataError("expected a colour of a category, got none");
    for (const Colour& colour : ignored) list(colour, kIgnoreIndex);
  }

  /// The table of the colours that `table` draws its categories in.
  static ColourTable of(const LabelTable& table, const std::vector<Colour>& ignored = {}) {
    std::vector<std::vector<Colour>> colours;
    for (const Colour& colour : table.colours()) colours.push_back({colour});
    return {colours, ignored};
  }

  /// @param colours  [H, W, 3] uint8, as read from a label file
  /// @param file  named in the error
  /// @return [H, W] int64 category, kIgnoreIndex where ignored
  /// @throws DataError naming `file`, the first unlisted colour and where it is
  at::Tensor apply(const at::Tensor& colours, std::string_view file) const {
    TORCH_CHECK_VALUE(
        colours.dim() == 3 && colours.size(2) == 3 && colours.scalar_type() == at::kByte,
        "expected colours [H, W, 3] uint8, got ", colours.sizes(), " ", colours.scalar_type());
    const at::Tensor source = colours.contiguous();
    at::Tensor labels = at::empty({source.size(0), source.size(1)}, at::kLong);
    const auto* from = source.const_data_ptr<std::uint8_t>();
    auto* to = labels.mutable_data_ptr<std::int64_t>();
    std::int64_t last = -1;  // neighbours are mostly alike
    std::int64_t label = kIgnoreIndex;
    for (std::int64_t i = 0; i < labels.numel(); ++i, from += 3) {
      const std::int64_t key = key_of({from[0], from[1], from[2]});
      if (key != last) {
        const auto found = labels_.find(key);
        if (found == labels_.end()) refuse(source, i, file);
        label = found->second;
        last = key;
      }
      to[i] = label;
    }
    return labels;
  }

  /// The number of categories.
  std::int64_t size() const { return size_; }

  /// The category that `colour` means: kIgnoreIndex where it is ignored, none where it is unlisted.
  std::optional<std::int64_t> meaning(const Colour& colour) const {
    const auto found = labels_.find(key_of(colour));
    return found == labels_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static std::int64_t key_of(const Colour& c) {
    return std::int64_t{c[0]} << 16 | std::int64_t{c[1]} << 8 | c[2];
  }

  void list(const Colour& colour, std::int64_t label) {
    if (!labels_.emplace(key_of(colour), label).second) {
      throw DataError("colour ({}, {}, {}) is listed twice", colour[0], colour[1], colour[2]);
    }
  }

  [[noreturn]] void refuse(const at::Tensor& colours, std::int64_t first,
                           std::string_view file) const {
    const auto* c = colours.const_data_ptr<std::uint8_t>();
    std::unordered_set<std::int64_t> unlisted;
    std::int64_t pixels = 0;
    for (std::int64_t i = 0; i < colours.numel(); i += 3) {
      const std::int64_t key = key_of({c[i], c[i + 1], c[i + 2]});
      if (labels_.contains(key)) continue;
      unlisted.insert(key);
      ++pixels;
    }
    c += 3 * first;
    throw DataError(
        "{}: colour ({}, {}, {}) at x {}, y {} is not in the table; {} px of {} such colour{}",
        file, c[0], c[1], c[2], first % colours.size(1), first / colours.size(1), pixels,
        unlisted.size(), unlisted.size() == 1 ? "" : "s");
  }

  std::int64_t size_;
  std::unordered_map<std::int64_t, std::int64_t> labels_;  // by key_of
};

}  // namespace cag

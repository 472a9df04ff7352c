#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/data/category.hpp>
#include <cag/error.hpp>
#include <cag/label/ignore.hpp>

namespace cag {

/// What the ids in a data set's label files mean: each id stands for a category, is ignored, or is
/// unlisted. An unlisted id is an error when it occurs, never a silent category.
class LabelTable {
 public:
  /// @param categories  category k is categories[k]
  /// @param ignored  ids without a category
  /// @throws DataError for an id outside 0..65535, an id or name listed twice, a category without
  ///   ids, no category, or more categories than fit below kIgnoreIndex
  LabelTable(std::vector<Category> categories, std::vector<std::int32_t> ignored)
      : LabelTable(std::move(categories), std::move(ignored), /*whole=*/true) {}

  /// The same for a data set that lacks some of the categories: those without ids.
  /// @throws DataError as the constructor, and where no category has an id
  static LabelTable partial(std::vector<Category> categories, std::vector<std::int32_t> ignored) {
    return {std::move(categories), std::move(ignored), /*whole=*/false};
  }

  /// @param ids  [H, W] int32, as read from a label file
  /// @param file  named in the error
  /// @return [H, W] int64 category, kIgnoreIndex where ignored
  /// @throws DataError naming the unlisted ids, how often each occurs, and `file`
  at::Tensor apply(const at::Tensor& ids, std::string_view file) const {
    TORCH_CHECK_VALUE(ids.dim() == 2 && ids.scalar_type() == at::kInt,
                      "expected ids [H, W] int32, got ", ids.sizes(), " ", ids.scalar_type());
    const at::Tensor source = ids.contiguous();
    at::Tensor labels = at::empty(ids.sizes(), at::kLong);
    const auto* from = source.const_data_ptr<std::int32_t>();
    auto* to = labels.mutable_data_ptr<std::int64_t>();
    bool complete = true;
    for (std::int64_t i = 0; i < source.numel(); ++i) {
      to[i] = label(from[i]);
      complete &= to[i] != kUnlisted;
    }
    if (!complete) refuse({from, static_cast<std::size_t>(source.numel())}, file);
    return labels;
  }

  /// The inverse, for writing predictions: the first id of each pixel's category.
  /// @param labels  integral [H, W] category or kIgnoreIndex
  /// @param ignored  the id written for kIgnoreIndex
  /// @return [H, W] uint8
  at::Tensor ids(const at::Tensor& labels, std::uint8_t ignored = 0) const {
    TORCH_CHECK_VALUE(labels.dim() == 2, "expected labels [H, W], got ", labels.sizes());
    const at::Tensor source = labels.to(at::kCPU, at::kLong).contiguous();
    at::Tensor ids = at::empty(labels.sizes(), at::kByte);
    const auto* from = source.const_data_ptr<std::int64_t>();
    auto* to = ids.mutable_data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < source.numel(); ++i) {
      to[i] = from[i] == kIgnoreIndex ? ignored : byte_id(from[i]);
    }
    return ids;
  }

  /// The table of some of the categories, renumbered in the order of `names`; the ids of all others
  /// are ignored.
  /// @throws DataError naming a category that this table lacks
  LabelTable select(std::span<const std::string> names) const {
    std::vector<Category> kept;
    for (const std::string& name : names) kept.push_back(categories_[find(name)]);
    std::vector<std::int32_t> ignored = ignored_;
    for (const Category& category : categories_) {
      if (std::find(names.begin(), names.end(), category.name) == names.end()) {
        ignored.insert(ignored.end(), category.ids.begin(), category.ids.end());
      }
    }
    return {std::move(kept), std::move(ignored), /*whole=*/false};  // this one was checked
  }

  /// The category that `id` means: kIgnoreIndex where it is ignored, none where it is unlisted.
  std::optional<std::int64_t> meaning(std::int32_t id) const {
    const std::int64_t found = label(id);
    return found == kUnlisted ? std::nullopt : std::optional(found);
  }

  /// The number of categories.
  std::int64_t size() const { return std::ssize(categories_); }
  const std::vector<Category>& categories() const { return categories_; }
  /// Of the categories, in order.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Category& category : categories_) names.push_back(category.name);
    return names;
  }
  /// Of the categories, in order.
  std::vector<Colour> colours() const {
    std::vector<Colour> colours;
    for (const Category& category : categories_) colours.push_back(category.colour);
    return colours;
  }

 private:
  static constexpr std::int64_t kUnlisted = -1;

  LabelTable(std::vector<Category> categories, std::vector<std::int32_t> ignored, bool whole)
      : categories_(std::move(categories)), ignored_(std::move(ignored)) {
    if (categories_.empty() || std::ssize(categories_) > kIgnoreIndex) {
      throw DataError("expected 1 to {} categories, got {}", kIgnoreIndex, categories_.size());
    }
    for (std::size_t k = 0; k < categories_.size(); ++k) {
      const Category& category = categories_[k];
      if (std::any_of(categories_.begin(), categories_.begin() + static_cast<std::ptrdiff_t>(k),
                      [&](const Category& other) { return other.name == category.name; })) {
        throw DataError("category {} is listed twice", category.name);
      }
      if (whole && category.ids.empty()) throw DataError("category {} has no id", category.name);
      for (const std::int32_t id : category.ids) list(id, static_cast<std::int64_t>(k));
    }
    if (labels_.empty()) throw DataError("expected an id of a category, got none");
    for (const std::int32_t id : ignored_) list(id, kIgnoreIndex);
  }

  std::int64_t label(std::int32_t id) const {
    return id >= 0 && id < std::ssize(labels_) ? labels_[static_cast<std::size_t>(id)] : kUnlisted;
  }

  void list(std::int32_t id, std::int64_t label) {
    if (id < 0 || id > std::numeric_limits<std::uint16_t>::max()) {
      throw DataError("expected label ids from 0 to 65535, got {}", id);
    }
    const auto slot = static_cast<std::size_t>(id);
    if (slot >= labels_.size()) labels_.resize(slot + 1, kUnlisted);
    if (labels_[slot] != kUnlisted) throw DataError("label id {} is listed twice", id);
    labels_[slot] = label;
  }

  std::size_t find(std::string_view name) const {
    for (std::size_t k = 0; k < categories_.size(); ++k) {
      if (categories_[k].name == name) return k;
    }
    throw DataError("no category {}: expected one of {}", name, fmt::join(names(), ", "));
  }

  std::uint8_t byte_id(std::int64_t label) const {
    TORCH_CHECK_VALUE(label >= 0 && label < size(), "expected categories below ", size(), ", got ",
                      label);
    const Category& category = categories_[static_cast<std::size_t>(label)];
    TORCH_CHECK_VALUE(!category.ids.empty(), "category ", category.name, " has no id to write");
    const std::int32_t id = category.ids.front();
    TORCH_CHECK_VALUE(id <= 255, "expected an id of 8 bits to write, got ", id);
    return static_cast<std::uint8_t>(id);
  }

  [[noreturn]] void refuse(std::span<const std::int32_t> ids, std::string_view file) const {
    std::map<std::int32_t, std::int64_t> unlisted;
    for (const std::int32_t id : ids) {
      if (label(id) == kUnlisted) ++unlisted[id];
    }
    std::string found;
    int shown = 0;
    for (const auto& [id, count] : unlisted) {
      if (++shown > 5) break;
      found += fmt::format("{}{} ({} px)", found.empty() ? "" : ", ", id, count);
    }
    if (unlisted.size() > 5) found += fmt::format(", and {} more", unlisted.size() - 5);
    throw DataError("{}: label ids that are not in the table: {}", file, found);
  }

  std::vector<Category> categories_;
  std::vector<std::int32_t> ignored_;
  std::vector<std::int64_t> labels_;  // by id
};

}  // namespace cag

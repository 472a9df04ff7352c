#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <fmt/ranges.h>

#include <cag/detail/bools.hpp>
#include <cag/detail/pickle_value.hpp>
#include <cag/error.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag::detail {

inline std::optional<at::ScalarType> numpy_type(std::string_view name) {
  static constexpr std::pair<std::string_view, at::ScalarType> kTypes[] = {
      {"f4", at::kFloat}, {"f8", at::kDouble}, {"f2", at::kHalf},
      {"i8", at::kLong},  {"i4", at::kInt},    {"i2", at::kShort},
      {"i1", at::kChar},  {"u1", at::kByte},   {"b1", at::kBool}};
  for (const auto& [known, type] : kTypes)
    if (known == name) return type;
  return std::nullopt;
}

/// The tensors of a pickle, by the dotted path of their dict and their name in it.
class PickleTensors {
 public:
  /// Gives the whole storage of a tensor: [storage_size] of its type.
  using Storages = std::function<at::Tensor(const PickledTensor&)>;

  static std::map<std::string, TensorMap> of(const Pickle& pickle, const Storages& storages,
                                             const std::string& what) {
    PickleTensors reader(storages, what);
    reader.visit(pickle.root, {});
    return std::move(reader.groups_);
  }

 private:
  using Kind = PickleNode::Kind;
  static constexpr int kMaxDepth = 32;
  static constexpr std::size_t kMaxVisits = 1'000'000;
  static constexpr std::size_t kMaxListed = std::size_t{64} << 20;  ///< bytes, about

  static constexpr std::size_t kEntryBytes = 512;  ///< of a tensor's handle and its map's node

  struct Place {
    std::string path{};
    int depth = 0;
    bool named = true;  ///< whether every key above is text or a number
  };

  PickleTensors(const Storages& storages, const std::string& what)
      : storages_(storages), what_(what) {}

  void visit(const PickleValue& value, const Place& place) {
    auto* const* held = std::get_if<PickleNode*>(&value);
    if (held == nullptr) return;
    const auto& node = **held;
    if (place.depth > kMaxDepth)
      throw CheckpointError("{}: expected values nested up to {} deep, found more at {}", what_,
                            kMaxDepth, place.path);
    if (node.kind == Kind::kDict) {
      for (std::size_t i = 0; i + 1 < node.items.size(); i += 2)
        add(place, name_of(node.items[i]), node.items[i + 1]);
    } else if (node.kind == Kind::kList || node.kind == Kind::kTuple) {
      for (std::size_t i = 0; i < node.items.size(); ++i)
        add(place, std::to_string(i), node.items[i]);
    } else if (place.depth == 0 && (node.kind == Kind::kTensor || node.kind == Kind::kArray)) {
      add(place, "tensor", value);
    }
  }

  /// @param name  none for a key that is neither text nor a number
  void add(const Place& place, const std::optional<std::string>& name, const PickleValue& value) {
    if (++visits_ > kMaxVisits)
      throw CheckpointError("{}: expected at most {} values, found more", what_, kMaxVisits);
    if (!std::holds_alternative<PickleNode*>(value)) return;
    Place inner{place.path, place.depth + 1, place.named && name};
    if (!inner.path.empty()) inner.path += '.';
    inner.path += name.value_or("?");
    const auto* tensor = node_of(value, Kind::kTensor);
    const auto* array = node_of(value, Kind::kArray);
    charge(inner.path.size() +
           (tensor != nullptr ? kEntryBytes + 16 * tensor->tensor->sizes.size() : std::size_t{0}));
    if (tensor != nullptr) {
      put(place, name, inner, view(*tensor->tensor));
    } else if (array != nullptr) {
      if (array->array == nullptr)
        throw CheckpointError("{}: {}: expected an array, found one without values", what_,
                              inner.path);
      auto& copied = arrays_[array];
      if (!copied.defined()) copied = copy(*array->array, inner.path);
      charge(kEntryBytes);
      put(place, name, inner, copied);
    } else {
      visit(value, inner);
    }
  }

  void put(const Place& place, const std::optional<std::string>& name, const Place& full,
           const at::Tensor& tensor) {
    if (!full.named)
      throw CheckpointError(
          "{}: expected text or integers as the keys of tensors, found another kind at {}", what_,
          full.path);
    if (!groups_[place.path].emplace(*name, tensor).second)
      throw CheckpointError("{}: expected one tensor of the name {}, found two", what_, full.path);
  }

  /// What the entries of a shared dict or a long name take each time that they are met.
  void charge(std::size_t bytes) {
    listed_ += bytes;
    if (listed_ > kMaxListed)
      throw CheckpointError(
          "{}: expected tensors whose names and sizes take at most {} MiB, found "
          "more",
          what_, kMaxListed >> 20);
  }

  static std::optional<std::string> name_of(const PickleValue& key) {
    if (const auto* text = node_of(key, Kind::kString)) return text->text;
    if (const auto* number = std::get_if<std::int64_t>(&key)) return std::to_string(*number);
    return std::nullopt;
  }

  at::Tensor view(const PickledTensor& tensor) const {
    const auto storage = storages_(tensor);
    TORCH_INTERNAL_ASSERT(storage.numel() == tensor.storage_size);
    return storage.as_strided(tensor.sizes, tensor.strides, tensor.offset);
  }

  at::Tensor copy(const PickledArray& array, const std::string& name) const {
    const auto type = numpy_type(array.type);
    if (!type)
      throw CheckpointError("{}: {}: expected an array of numbers, found one of the type {}", what_,
                            name, array.type);
    // Zero sizes last, so that the others overflow where LibTorch's would, in whatever order.
    auto sorted = array.sizes;
    std::sort(sorted.rbegin(), sorted.rend());
    std::uint64_t bytes = c10::elementSize(*type);
    bool good = true;
    for (const auto size : sorted)
      good = good && size >= 0 && bytes < std::uint64_t{1} << 62 &&
             !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes);
    if (!good || bytes != array.bytes.size())
      throw CheckpointError("{}: {}: expected an array [{}] of {}, found {} bytes", what_, name,
                            fmt::join(array.sizes, ", "), array.type, array.bytes.size());
    auto sizes = array.sizes;
    if (array.columns_first) std::reverse(sizes.begin(), sizes.end());
    auto result = at::empty(sizes, at::TensorOptions(*type));
    std::memcpy(result.mutable_data_ptr(), array.bytes.data(), array.bytes.size());
    expect_bools(result, fmt::format("{}: {}", what_, name));
    if (array.columns_first) result = result.permute(reversed(sizes.size()));
    return result;
  }

  static std::vector<std::int64_t> reversed(std::size_t count) {
    std::vector<std::int64_t> order;
    for (auto i = count; i > 0; --i) order.push_back(static_cast<std::int64_t>(i) - 1);
    return order;
  }

  const Storages& storages_;
  const std::string& what_;
  std::map<std::string, TensorMap> groups_{};
  std::map<const PickleNode*, at::Tensor> arrays_{};
  std::size_t visits_ = 0;
  std::size_t listed_ = 0;
};

}  // namespace cag::detail

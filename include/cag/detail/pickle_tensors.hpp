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
    reader.visit(pickle.root, "", 0);
    return std::move(reader.groups_);
  }

 private:
  using Kind = PickleNode::Kind;
  static constexpr int kMaxDepth = 32;
  static constexpr std::size_t kMaxVisits = 1'000'000;

  PickleTensors(const Storages& storages, const std::string& what)
      : storages_(storages), what_(what) {}

  void visit(const PickleValue& value, const std::string& path, int depth) {
    auto* const* held = std::get_if<PickleNode*>(&value);
    if (held == nullptr) return;
    const auto& node = **held;
    if (depth > kMaxDepth)
      throw CheckpointError("{}: expected values nested up to {} deep, found more at {}", what_,
                            kMaxDepth, path);
    if (node.kind == Kind::kDict) {
      for (std::size_t i = 0; i + 1 < node.items.size(); i += 2)
        add(path, name_of(node.items[i]), node.items[i + 1], depth);
    } else if (node.kind == Kind::kList || node.kind == Kind::kTuple) {
      for (std::size_t i = 0; i < node.items.size(); ++i)
        add(path, std::to_string(i), node.items[i], depth);
    } else if (depth == 0 && (node.kind == Kind::kTensor || node.kind == Kind::kArray)) {
      add("", "tensor", value, depth);
    }
  }

  void add(const std::string& path, const std::string& name, const PickleValue& value, int depth) {
    if (++visits_ > kMaxVisits)
      throw CheckpointError("{}: expected at most {} values, found more", what_, kMaxVisits);
    const auto full = path.empty() ? name : path + '.' + name;
    if (const auto* tensor = node_of(value, Kind::kTensor)) {
      groups_[path].insert_or_assign(name, view(*tensor->tensor));
    } else if (const auto* array = node_of(value, Kind::kArray)) {
      if (array->array == nullptr)
        throw CheckpointError("{}: {}: expected an array, found one without values", what_, full);
      auto& copied = arrays_[array];
      if (!copied.defined()) copied = copy(*array->array, full);
      groups_[path].insert_or_assign(name, copied);
    } else {
      visit(value, full, depth + 1);
    }
  }

  static std::string name_of(const PickleValue& key) {
    if (const auto* text = node_of(key, Kind::kString)) return text->text;
    if (const auto* number = std::get_if<std::int64_t>(&key)) return std::to_string(*number);
    return "?";
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
};

}  // namespace cag::detail

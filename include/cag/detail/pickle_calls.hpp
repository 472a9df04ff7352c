#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cag/detail/pickle_value.hpp>

namespace cag::detail {

/// The calls that pickles of tensors and numpy arrays are made of, understood as data.
class PickleCalls {
 public:
  /// What is not understood; the caller says where.
  struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  static bool is_allowed(std::string_view global) {
    static constexpr std::string_view kAllowed[] = {
        "__builtin__.bytes",
        "_codecs.encode",
        "builtins.bytes",
        "collections.OrderedDict",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.dtype",
        "numpy.ndarray",
        "torch.BFloat16Storage",
        "torch.BoolStorage",
        "torch.ByteStorage",
        "torch.CharStorage",
        "torch.DoubleStorage",
        "torch.FloatStorage",
        "torch.HalfStorage",
        "torch.IntStorage",
        "torch.LongStorage",
        "torch.ShortStorage",
        "torch.Size",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch.bfloat16",
        "torch.device",
        "torch.float16",
        "torch.float32",
        "torch.float64",
        "torch.int64",
    };
    return std::binary_search(std::begin(kAllowed), std::end(kAllowed), global);
  }

  explicit PickleCalls(std::deque<PickleNode>& nodes) : nodes_(nodes) {}

  /// The result of `function(*arguments)`.
  PickleValue call(const PickleValue& function, const PickleValue& arguments) {
    const auto* callee = node_of(function, Kind::kGlobal);
    if (callee == nullptr) refuse("a call of what is not a function");
    const auto& name = callee->text;
    const auto& list = items_of(arguments, Kind::kTuple, "arguments");
    const auto expect = [&](std::size_t least, std::size_t most) {
      if (list.size() < least || list.size() > most)
        refuse("{} with {} arguments", name, list.size());
    };
    if (name == "collections.OrderedDict") {
      expect(0, 1);
      return dict(list);
    }
    if (name == "torch._utils._rebuild_tensor_v2" || name == "torch._utils._rebuild_tensor") {
      expect(4, 7);
      return tensor(list);
    }
    if (name == "torch._utils._rebuild_parameter") {
      expect(1, 3);
      return list[0];
    }
    if (name == "torch.Size") {
      expect(1, 1);
      return list[0];
    }
    if (name == "torch.device") {
      expect(1, 2);
      return list[0];
    }
    if (name.ends_with(".bytes")) {
      expect(0, 0);
      return &add({.kind = Kind::kBytes});
    }
    if (name == "_codecs.encode") {
      expect(2, 2);
      return latin1(text(list[0], Kind::kString, "text to encode"));
    }
    if (name == "numpy.dtype") {
      expect(1, 3);
      return &add({.kind = Kind::kType, .text = text(list[0], Kind::kString, "a type's name")});
    }
    if (name.ends_with("._reconstruct")) return &add({.kind = Kind::kArray});
    if (name.ends_with(".scalar")) {
      expect(2, 2);
      return array(add({.kind = Kind::kArray}), {}, list[0], false, list[1]);
    }
    refuse("a call of {}", name);
  }

  /// What `object.__setstate__(state)` does.
  void build(const PickleValue& object, const PickleValue& state) {
    auto* const* node = std::get_if<PickleNode*>(&object);
    const auto kind = node == nullptr ? Kind::kString : (*node)->kind;
    if (kind == Kind::kDict) return;  // attributes beside the entries, such as a state's versions
    if (kind == Kind::kType) return set_byte_order(items_of(state, Kind::kTuple, "a type's state"));
    if (kind != Kind::kArray) refuse("a state for what has none");
    const auto& list = items_of(state, Kind::kTuple, "an array's state");
    if (list.size() != 5) refuse("an array's state of {} parts", list.size());
    const auto* columns_first = std::get_if<bool>(&list[3]);
    if (columns_first == nullptr) refuse("an array's state of other parts");
    array(**node, integers(list[1]), list[2], *columns_first, list[4]);
  }

  /// A persistent id: ("storage", type, key, device, size[, a view]).
  PickleValue storage(const PickleValue& id) {
    const auto& list = items_of(id, Kind::kTuple, "a storage");
    if (list.size() < 5 || list.size() > 6 ||
        text(list[0], Kind::kString, "a storage") != "storage")
      refuse("a reference to what is not a storage");
    const auto* type = node_of(list[1], Kind::kGlobal);
    if (type == nullptr || !type->text.ends_with("Storage")) refuse("a storage without a type");
    if (list.size() == 6 && !std::holds_alternative<std::monostate>(list[5]))
      refuse("a storage that is a view of another");
    const auto size = integer(list[4]);
    if (size < 0) refuse("a storage of {} values", size);
    charge(kMaxName);
    const auto& key = text(list[2], Kind::kString, "a storage's key");
    if (key.size() > kMaxName) refuse("a storage's key of {} bytes", key.size());
    PickledTensor storage{
        .type = type->text.substr(type->text.find('.') + 1), .key = key, .storage_size = size};
    return &add(
        {.kind = Kind::kStorage, .tensor = std::make_unique<PickledTensor>(std::move(storage))});
  }

  /// Counts what is copied of values that the pickle may name again and again.
  void charge(std::size_t bytes) {
    copied_ += bytes;
    if (copied_ > Pickle::kMaxCopied) refuse("copies of more than {} bytes", Pickle::kMaxCopied);
  }

  PickleNode& add(PickleNode node) {
    charge(node.text.size() + node.items.size() * sizeof(PickleValue));
    if (nodes_.size() >= Pickle::kMaxNodes) refuse("more than {} values", Pickle::kMaxNodes);
    return nodes_.emplace_back(std::move(node));
  }

 private:
  using Kind = PickleNode::Kind;
  static constexpr std::size_t kMaxName = 256;  // of a storage's type and key, and a tensor's sizes

  PickleValue dict(const std::vector<PickleValue>& arguments) {
    PickleNode result{.kind = Kind::kDict};
    if (!arguments.empty())
      for (const auto& pair : items_of(arguments[0], Kind::kList, "pairs")) {
        const auto* node = node_of(pair, Kind::kTuple);
        if (node == nullptr) node = node_of(pair, Kind::kList);
        if (node == nullptr || node->items.size() != 2) refuse("a dict of what are not pairs");
        charge(sizeof(node->items[0]) * 2);
        result.items.insert(result.items.end(), node->items.begin(), node->items.end());
      }
    return &add(std::move(result));
  }

  PickleValue tensor(const std::vector<PickleValue>& arguments) {
    const auto* storage = node_of(arguments[0], Kind::kStorage);
    if (storage == nullptr) refuse("a tensor without a storage");
    charge(kMaxName);
    auto result = *storage->tensor;
    result.offset = integer(arguments[1]);
    result.sizes = integers(arguments[2]);
    result.strides = integers(arguments[3]);
    if (result.sizes.size() != result.strides.size())
      refuse("a tensor of {} sizes and {} strides", result.sizes.size(), result.strides.size());
    expect_inside(result);
    return &add(
        {.kind = Kind::kTensor, .tensor = std::make_unique<PickledTensor>(std::move(result))});
  }

  /// No more values than the storage has, none of them outside of it.
  static void expect_inside(const PickledTensor& tensor) {
    std::int64_t values = 1, last = tensor.offset;
    bool good = tensor.offset >= 0, empty = false;
    for (std::size_t i = 0; i < tensor.sizes.size(); ++i) {
      const auto size = tensor.sizes[i], stride = tensor.strides[i];
      good = good && size >= 0 && stride >= 0 && !__builtin_mul_overflow(values, size, &values);
      std::int64_t reach = 0;
      good = good && !__builtin_mul_overflow(std::max<std::int64_t>(size - 1, 0), stride, &reach) &&
             !__builtin_add_overflow(last, reach, &last);
      empty = empty || size == 0;
    }
    good = good && (empty ? tensor.offset <= tensor.storage_size
                          : last < tensor.storage_size && values <= tensor.storage_size);
    if (!good)
      refuse("a tensor of sizes [{}] and strides [{}] at {} outside its storage of {} values",
             fmt::join(tensor.sizes, ", "), fmt::join(tensor.strides, ", "), tensor.offset,
             tensor.storage_size);
  }

  PickleValue array(PickleNode& node, std::vector<std::int64_t> sizes, const PickleValue& type,
                    bool columns_first, const PickleValue& bytes) {
    const auto* of = node_of(type, Kind::kType);
    if (of == nullptr) refuse("an array without a type");
    charge(node_of(bytes, Kind::kBytes) == nullptr ? 0 : node_of(bytes, Kind::kBytes)->text.size());
    node.array = std::make_unique<PickledArray>(
        PickledArray{.type = of->text,
                     .sizes = std::move(sizes),
                     .columns_first = columns_first,
                     .bytes = text(bytes, Kind::kBytes, "an array's bytes")});
    return &node;
  }

  static void set_byte_order(const std::vector<PickleValue>& state) {
    if (state.size() < 2) refuse("a type's state of {} parts", state.size());
    const auto& order = text(state[1], Kind::kString, "a byte order");
    if (order != "<" && order != "|" && order != "=") refuse("a type of byte order {}", order);
  }

  /// Bytes that Python 3 writes as text for Python 2: one character for each byte.
  PickleValue latin1(const std::string& text) {
    PickleNode result{.kind = Kind::kBytes};
    result.text.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto first = static_cast<unsigned char>(text[i]);
      if (first < 0x80) {
        result.text.push_back(text[i]);
        continue;
      }
      const bool two = (first == 0xC2 || first == 0xC3) && i + 1 < text.size();
      if (!two || (static_cast<unsigned char>(text[i + 1]) & 0xC0) != 0x80)
        refuse("text to encode with characters above 255");
      ++i;
      const auto low = static_cast<unsigned char>(text[i]) & 0x3F;
      result.text.push_back(static_cast<char>((first & 3) << 6 | low));
    }
    return &add(std::move(result));
  }

  static const std::string& text(const PickleValue& value, Kind kind, std::string_view what) {
    const auto* node = node_of(value, kind);
    if (node == nullptr) refuse("other than {} where it was expected", what);
    return node->text;
  }

  static std::int64_t integer(const PickleValue& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) refuse("other than an integer where it was expected");
    return *number;
  }

  static std::vector<std::int64_t> integers(const PickleValue& value) {
    std::vector<std::int64_t> result;
    const auto* node = node_of(value, Kind::kTuple);
    if (node == nullptr) node = node_of(value, Kind::kList);
    if (node == nullptr) refuse("other than integers where they were expected");
    if (node->items.size() > Pickle::kMaxRank) refuse("{} dimensions", node->items.size());
    for (const auto& item : node->items) result.push_back(integer(item));
    return result;
  }

  static const std::vector<PickleValue>& items_of(const PickleValue& value, Kind kind,
                                                  std::string_view what) {
    const auto* node = node_of(value, kind);
    if (node == nullptr) refuse("other than {} where it was expected", what);
    return node->items;
  }

  template <typename... Args>
  [[noreturn]] static void refuse(fmt::format_string<Args...> found, Args&&... args) {
    throw Refused(fmt::format(found, std::forward<Args>(args)...));
  }

  std::deque<PickleNode>& nodes_;
  std::size_t copied_ = 0;
};

}  // namespace cag::detail

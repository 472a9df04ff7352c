#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace cag::detail {

struct PickleNode;

/// What a pickle says, as data: None, a bool, an integer, a float, or a node.
using PickleValue = std::variant<std::monostate, bool, std::int64_t, double, PickleNode*>;

/// A window on a storage, whose bytes are elsewhere.
struct PickledTensor {
  std::string type;  ///< of the storage: FloatStorage, ...
  std::string key;   ///< of the storage
  std::int64_t storage_size = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes{}, strides{};
};

/// A numpy array; a scalar has no sizes.
struct PickledArray {
  std::string type;  ///< f8, ...
  std::vector<std::int64_t> sizes;
  bool columns_first = false;
  std::string bytes;
};

struct PickleNode {
  enum class Kind : char {
    kString,
    kBytes,
    kLong,  ///< an integer of more than 64 bits, its bytes in `text`
    kTuple,
    kList,
    kDict,    ///< `items` are keys and values in turn
    kGlobal,  ///< an allowed name
    kType,    ///< of numpy
    kStorage,
    kTensor,
    kArray,
  };

  Kind kind;
  std::string text{};
  std::vector<PickleValue> items{};
  std::unique_ptr<PickledTensor> tensor{};  ///< also of a storage: its type, key and size
  std::unique_ptr<PickledArray> array{};
};

/// A pickle's value with all of its nodes, which may be shared and may hold each other.
struct Pickle {
  std::deque<PickleNode> nodes;
  PickleValue root;

  /// So that a small file cannot ask for much memory or time: nodes, bytes that calls and lists
  /// copy, and dimensions of a tensor.
  static constexpr std::size_t kMaxNodes = 500'000;
  static constexpr std::size_t kMaxCopied = std::size_t{128} << 20;
  static constexpr std::size_t kMaxRank = 64;
};

inline const PickleNode* node_of(const PickleValue& value, PickleNode::Kind kind) {
  const auto* node = std::get_if<PickleNode*>(&value);
  return node != nullptr && (*node)->kind == kind ? *node : nullptr;
}

}  // namespace cag::detail

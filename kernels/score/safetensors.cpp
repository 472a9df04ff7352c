#include "safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "failure.hpp"
#include "json_text.hpp"

namespace cag::score {
namespace {

struct Type {
  std::string_view name, torch;
  std::uint64_t bytes;
};

constexpr std::array<Type, 10> kTypes{{{"F64", "Double", 8},
                                       {"F32", "Float", 4},
                                       {"F16", "Half", 2},
                                       {"BF16", "BFloat16", 2},
                                       {"I64", "Long", 8},
                                       {"I32", "Int", 4},
                                       {"I16", "Short", 2},
                                       {"I8", "Char", 1},
                                       {"U8", "Byte", 1},
                                       {"BOOL", "Bool", 1}}};

constexpr std::uint64_t kPrefix = 8;
constexpr std::uint64_t kMaxHeader = std::uint64_t{4} << 20;
constexpr std::size_t kMaxRank = 64;

const Type* find_type(std::string_view name) {
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& t) { return t.name == name; });
  return found == kTypes.end() ? nullptr : found;
}

class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::uint64_t data, std::uint64_t file,
               const std::string& what)
      : json_(text, what), what_(what), data_(data), file_(file) {}

  Safetensors read() && {
    bool has_metadata = false;
    json_.object([&](const std::string& name) {
      if (name != "__metadata__") return read_tensor(name);
      if (std::exchange(has_metadata, true)) json_.fail_here("a second \"__metadata__\"");
      json_.object([&](std::string key) {
        const auto [place, added] = out_.metadata.try_emplace(std::move(key));
        if (!added) json_.fail_here("the metadata \"" + place->first + "\" a second time");
        place->second = json_.string();
      });
    });
    json_.end();
    check_ranges();
    return std::move(out_);
  }

 private:
  void read_tensor(const std::string& name) {
    StoredTensor tensor;
    bool type = false, shape = false, range = false;
    json_.object([&](const std::string& key) {
      if (key == "dtype" && !std::exchange(type, true)) {
        tensor.type = json_.string();
      } else if (key == "shape" && !std::exchange(shape, true)) {
        json_.array([&] {
          if (tensor.shape.size() == kMaxRank) json_.fail_here("expected at most 64 dimensions");
          tensor.shape.push_back(json_.size());
        });
      } else if (key == "data_offsets" && !std::exchange(range, true)) {
        read_range(tensor);
      } else {
        json_.fail_here("expected dtype, shape and data_offsets once each, found \"" + key + "\"");
      }
    });
    if (!type || !shape || !range)
      wrong(name, "expected dtype, shape and data_offsets, one is missing");
    const auto bytes = bytes_of(name, tensor);
    if (tensor.begin > tensor.end || tensor.end > file_)
      wrong(name, "expected data_offsets rising within ", file_ - data_,
            " bytes behind the header, found [", tensor.begin - data_, ", ", tensor.end - data_,
            "]");
    if (bytes != tensor.end - tensor.begin)
      wrong(name, tensor.type, " ", shape_text(tensor.shape), " takes ", bytes,
            " bytes, its data_offsets hold ", tensor.end - tensor.begin);
    if (!out_.tensors.emplace(name, std::move(tensor)).second) wrong(name, "is listed twice");
  }

  void read_range(StoredTensor& tensor) {
    std::vector<std::uint64_t> ends;
    json_.array([&] {
      if (ends.size() == 2) json_.fail_here("expected 2 data_offsets");
      ends.push_back(static_cast<std::uint64_t>(json_.size()) + data_);
    });
    if (ends.size() != 2) json_.fail_here("expected 2 data_offsets");
    tensor.begin = ends[0];
    tensor.end = ends[1];
  }

  std::uint64_t bytes_of(const std::string& name, const StoredTensor& tensor) const {
    const auto* type = find_type(tensor.type);
    if (type == nullptr)
      wrong(name, "expected dtype F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL, found \"",
            tensor.type, "\"");
    auto bytes = static_cast<std::int64_t>(type->bytes);
    bool empty = false;
    for (const auto size : tensor.shape) {
      empty = empty || size == 0;
      if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes))
        wrong(name, "shape ", shape_text(tensor.shape), " overflows 2^63 bytes");
    }
    return empty ? 0 : static_cast<std::uint64_t>(bytes);
  }

  void check_ranges() const {
    std::vector<std::pair<const StoredTensor*, const std::string*>> order;
    for (const auto& [name, tensor] : out_.tensors) order.emplace_back(&tensor, &name);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
    });
    auto covered = data_;
    for (const auto& [tensor, name] : order) {
      if (tensor->begin != covered)
        wrong(*name, "expected data from byte ", covered - data_, ", found ",
              tensor->begin - data_);
      covered = tensor->end;
    }
    if (covered != file_)
      fail(CAG_SCORER_BAD_ANCHORS, what_, ": expected tensors of ", file_ - data_,
           " bytes, they have ", covered - data_);
  }

  template <typename... Parts>
  [[noreturn]] void wrong(const std::string& tensor, const Parts&... parts) const {
    fail(CAG_SCORER_BAD_ANCHORS, what_, ": tensor \"", tensor, "\": ", parts...);
  }

  JsonText json_;
  const std::string& what_;
  std::uint64_t data_;  // where the tensors begin
  std::uint64_t file_;  // where they end
  Safetensors out_;
};

}  // namespace

Safetensors read_header(const Bytes& bytes) {
  if (bytes.size < kPrefix + 2)
    fail(CAG_SCORER_BAD_ANCHORS, bytes.name, ": expected an anchor file of at least ", kPrefix + 2,
         " bytes, found ", bytes.size);
  char prefix[kPrefix];
  bytes.read(0, prefix, kPrefix);
  std::uint64_t length = 0;
  static_assert(kPrefix == sizeof length);
  std::memcpy(&length, prefix, sizeof length);
  const auto limit = std::min(kMaxHeader, bytes.size - kPrefix);
  if (length > limit)
    fail(CAG_SCORER_BAD_ANCHORS, bytes.name, ": expected a safetensors header of at most ", limit,
         " bytes, its length says ", length, ": the ", bytes.size,
         " bytes are cut, or no safetensors file");
  std::string text(length, '\0');
  bytes.read(kPrefix, text.data(), text.size());
  if (!text.starts_with('{'))
    fail(CAG_SCORER_BAD_ANCHORS, bytes.name, ": expected a safetensors header, found none");
  return HeaderReader(text, kPrefix + length, bytes.size, bytes.name).read();
}

std::string_view torch_name(std::string_view type) { return find_type(type)->torch; }

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] < 0 ? "any" : std::to_string(shape[i]);
  }
  return text += ']';
}

}  // namespace cag::score

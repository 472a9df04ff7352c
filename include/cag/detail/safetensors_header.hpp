#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include <cag/detail/json_reader.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// A number type of the safetensors format, by its name there.
struct StoredType {
  std::string_view name;
  std::uint64_t bytes;

  friend bool operator==(const StoredType&, const StoredType&) = default;
};

inline constexpr std::array<StoredType, 10> kStoredTypes{{{"F64", 8},
                                                          {"F32", 4},
                                                          {"F16", 2},
                                                          {"BF16", 2},
                                                          {"I64", 8},
                                                          {"I32", 4},
                                                          {"I16", 2},
                                                          {"I8", 1},
                                                          {"U8", 1},
                                                          {"BOOL", 1}}};

/// One tensor of a file; its bytes are [begin, end) of the data behind the header.
struct StoredTensor {
  std::string name;
  StoredType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

using StoredMetadata = std::map<std::string, std::string>;

struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  ///< in the order of their bytes
  StoredMetadata metadata;
};

/// Bytes in front of the header text: its length, little-endian.
inline constexpr std::uint64_t kHeaderPrefix = 8;

/// What a header unpacks to is up to some 15 times its text, so this bounds what a small file can
/// make a reader allocate to about 64 MiB; it has room for 40 000 tensors.
inline constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{4} << 20;

inline constexpr std::size_t kMaxRank = 64;

/// The length of the header text, from the first bytes of a file of `file_bytes` bytes.
/// Throws CheckpointError where they cannot start a safetensors file.
inline std::uint64_t safetensors_header_length(std::string_view prefix, std::uint64_t file_bytes,
                                               std::string_view what) {
  if (file_bytes < kHeaderPrefix + 2 || prefix.size() < kHeaderPrefix) {
    throw CheckpointError("{}: expected a safetensors file of at least {} bytes, found {} bytes",
                          what, kHeaderPrefix + 2, file_bytes);
  }
  std::uint64_t length = 0;
  std::memcpy(&length, prefix.data(), sizeof length);
  const auto limit = std::min(kMaxHeaderBytes, file_bytes - kHeaderPrefix);
  if (length > limit) {
    if (prefix.starts_with("PK\x03\x04") || prefix.starts_with("\x80")) {
      throw CheckpointError(
          "{}: expected a safetensors file, found a PyTorch zip or pickle, which can run code when "
          "loaded; convert it to safetensors",
          what);
    }
    throw CheckpointError(
        "{}: expected a safetensors header of at most {} bytes, its length says {}", what, limit,
        length);
  }
  return length;
}

/// Reads the header text of one safetensors file.
class SafetensorsHeaderParser {
 public:
  /// `data_bytes` is what follows the header in the file; `what` names the file in messages.
  SafetensorsHeaderParser(std::string_view text, std::uint64_t data_bytes, std::string what)
      : reader_(text, what), what_(std::move(what)), text_(text), data_bytes_(data_bytes) {}

  /// Throws CheckpointError unless the text is strict JSON of the expected members only, every
  /// byte count follows from type and shape, and the ranges cover the data without hole or overlap.
  SafetensorsHeader parse() && {
    if (!text_.starts_with('{')) reader_.fail_at(0, "expected '{'");
    bool has_metadata = false;
    reader_.read_object([&](std::string name, std::size_t offset) {
      if (name == "__metadata__") {
        if (std::exchange(has_metadata, true))
          reader_.fail_at(offset, "duplicate \"__metadata__\"");
        read_metadata();
      } else {
        read_tensor(std::move(name));
      }
    });
    reader_.expect_end();
    check_names();
    check_ranges();
    return std::move(header_);
  }

 private:
  void read_metadata() {
    reader_.read_object([&](std::string key, std::size_t offset) {
      const auto [place, added] = header_.metadata.try_emplace(std::move(key));
      if (!added) reader_.fail_at(offset, fmt::format("duplicate metadata \"{}\"", place->first));
      place->second = reader_.read_string();
    });
  }

  void read_tensor(std::string name) {
    std::optional<StoredType> type;
    std::optional<std::vector<std::int64_t>> shape;
    std::optional<std::pair<std::uint64_t, std::uint64_t>> range;
    reader_.read_object([&](std::string_view key, std::size_t offset) {
      if (key == "dtype" && !type) {
        type = read_type(name);
      } else if (key == "shape" && !shape) {
        shape = read_shape();
      } else if (key == "data_offsets" && !range) {
        range = read_range();
      } else {
        reader_.fail_at(offset, fmt::format("tensor \"{}\": expected dtype, shape and data_offsets "
                                            "once each, found \"{}\"",
                                            name, key));
      }
    });
    if (!type || !shape || !range) {
      fail(name, fmt::format("expected dtype, shape and data_offsets, {} is missing",
                             !type    ? "dtype"
                             : !shape ? "shape"
                                      : "data_offsets"));
    }
    const auto [begin, end] = *range;
    if (begin > end || end > data_bytes_) {
      fail(name,
           fmt::format("expected data_offsets rising within the {} data bytes, found [{}, {}]",
                       data_bytes_, begin, end));
    }
    const auto bytes = count_bytes(name, *shape, type->bytes);
    if (bytes != end - begin) {
      fail(name, fmt::format("{} of shape [{}] takes {} bytes, its data_offsets [{}, {}] hold {}",
                             type->name, fmt::join(*shape, ", "), bytes, begin, end, end - begin));
    }
    header_.tensors.push_back({std::move(name), *type, std::move(*shape), begin, end});
  }

  StoredType read_type(const std::string& tensor) {
    const auto name = reader_.read_string();
    const auto* found = std::find_if(kStoredTypes.begin(), kStoredTypes.end(),
                                     [&](auto t) { return t.name == name; });
    if (found == kStoredTypes.end()) {
      fail(tensor, fmt::format("expected dtype F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL, "
                               "found \"{}\"",
                               name));
    }
    return *found;
  }

  std::vector<std::int64_t> read_shape() {
    std::vector<std::int64_t> shape;
    reader_.read_array([&] {
      if (shape.size() == kMaxRank) {
        reader_.fail_at(reader_.offset(), fmt::format("more than {} dimensions", kMaxRank));
      }
      shape.push_back(read_size());
    });
    shape.shrink_to_fit();
    return shape;
  }

  std::pair<std::uint64_t, std::uint64_t> read_range() {
    std::array<std::uint64_t, 2> range{};
    std::size_t count = 0;
    const auto start = reader_.offset();
    reader_.read_array([&] {
      const auto offset = static_cast<std::uint64_t>(read_size());
      if (count < 2) range[count] = offset;
      ++count;
    });
    if (count != 2) reader_.fail_at(start, fmt::format("expected 2 data_offsets, found {}", count));
    return {range[0], range[1]};
  }

  std::int64_t read_size() {
    reader_.peek();
    const auto start = reader_.offset();
    const auto number = reader_.read_number();
    const auto* size = std::get_if<std::int64_t>(&number);
    if (size == nullptr || *size < 0)
      reader_.fail_at(start, "expected an integer from 0 to 2^63 - 1");
    return *size;
  }

  /// Also bounds the strides of an empty tensor, which multiply the other sizes.
  std::uint64_t count_bytes(const std::string& name, const std::vector<std::int64_t>& shape,
                            std::uint64_t item_bytes) const {
    std::uint64_t bytes = item_bytes;
    bool empty = false;
    for (const auto size : shape) {
      const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
      if (bytes > std::numeric_limits<std::int64_t>::max() / factor) {
        fail(name, fmt::format("shape [{}] overflows 2^63 bytes", fmt::join(shape, ", ")));
      }
      bytes *= factor;
      empty = empty || size == 0;
    }
    return empty ? 0 : bytes;
  }

  void check_names() const {
    std::vector<std::string_view> names;
    names.reserve(header_.tensors.size());
    for (const auto& tensor : header_.tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) fail(*twice, "is listed twice");
  }

  void check_ranges() {
    std::sort(header_.tensors.begin(), header_.tensors.end(), [](const auto& a, const auto& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t covered = 0;
    for (const auto& tensor : header_.tensors) {
      if (tensor.begin != covered) {
        fail(tensor.name,
             fmt::format("expected data from byte {}, found {}: {}", covered, tensor.begin,
                         tensor.begin < covered ? "an overlap" : "a hole"));
      }
      covered = tensor.end;
    }
    if (covered != data_bytes_) {
      throw CheckpointError("{}: expected the tensors to cover all {} data bytes, they cover {}",
                            what_, data_bytes_, covered);
    }
  }

  [[noreturn]] void fail(std::string_view tensor, std::string_view problem) const {
    throw CheckpointError("{}: tensor \"{}\": {}", what_, tensor, problem);
  }

  JsonReader reader_;
  std::string what_;
  std::string_view text_;
  std::uint64_t data_bytes_;
  SafetensorsHeader header_;
};

}  // namespace cag::detail

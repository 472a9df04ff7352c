#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace cag::score {

/// The bytes of an anchor file, wherever they are.
struct Bytes {
  std::string name;  ///< in messages
  std::uint64_t size = 0;
  /// Copies `count` bytes from `offset` on, which lie within `size`; or throws a Failure.
  std::function<void(std::uint64_t offset, char* to, std::size_t count)> read;

  static Bytes of_memory(const void* data, std::size_t size);
  /// A regular file, open for as long as this or a copy of it lives.
  /// Throws a Failure where there is none, or where it cannot be read.
  static Bytes of_file(const char* path);
};

}  // namespace cag::score

#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/detail/little_endian.hpp>
#include <cag/detail/printable.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// Bytes that can be read in any order: `read_at` fills a buffer or throws, `name` is for messages.
template <typename F>
concept RandomAccess = requires(const F file, std::uint64_t offset, char* buffer) {
  file.read_at(offset, buffer, std::uint64_t{});
  { file.size() } -> std::convertible_to<std::uint64_t>;
  { file.name() } -> std::convertible_to<std::string>;
};

/// A file in a zip archive. Its bytes, as they are stored, are [begin, begin + size) of the
/// archive.
struct ZipEntry {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
  bool compressed = false;
};

using ZipDirectory = std::map<std::string, ZipEntry>;

/// Reads the directory of a zip archive whose entries do not overlap and have names that stay
/// inside it. Throws CheckpointError for any other archive.
template <RandomAccess F>
class ZipDirectoryReader {
 public:
  static ZipDirectory read(const F& file) { return ZipDirectoryReader(file).entries(); }

 private:
  static constexpr std::uint64_t kEnd = 22, kLocator = 20, kEnd64 = 56, kRecord = 46, kLocal = 30;
  static constexpr std::uint64_t kMaxDirectory = std::uint64_t{64} << 20;
  static constexpr std::uint32_t kWide = 0xFFFFFFFF;  // the real value is in 64 bits elsewhere

  struct Extent {
    std::uint64_t begin, end;
    const std::string* name;
  };

  explicit ZipDirectoryReader(const F& file) : file_(file), size_(file.size()) {}

  ZipDirectory entries() {
    locate();
    const auto text = bytes(directory_, directory_size_);
    std::string_view rest = text;
    ZipDirectory result;
    std::vector<Extent> extents;
    for (std::uint64_t i = 0; i < count_; ++i) {
      const auto [added, fresh] = result.emplace(next(rest, extents));
      if (!fresh) fail("the entry {} twice", added->first);
      extents.back().name = &added->first;
    }
    if (!rest.empty()) fail("{} bytes behind the last entry", rest.size());
    std::sort(extents.begin(), extents.end(),
              [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < extents.size(); ++i) {
      if (extents[i].begin < extents[i - 1].end)
        fail("the entries {} and {} on the same bytes", *extents[i - 1].name, *extents[i].name);
    }
    return result;
  }

  void locate() {
    const auto tail_size = std::min<std::uint64_t>(size_, kEnd + 0xFFFF);
    const auto tail = bytes(size_ - tail_size, tail_size);
    for (auto at = tail.rfind("PK\5\6"); at != tail.npos && at + kEnd <= tail.size();
         at = at == 0 ? tail.npos : tail.rfind("PK\5\6", at - 1)) {
      const std::string_view end = std::string_view(tail).substr(at);
      if (kEnd + little_endian<std::uint16_t>(end.substr(20)) != end.size()) continue;
      const auto position = size_ - tail_size + at;
      count_ = little_endian<std::uint16_t>(end.substr(10));
      directory_size_ = little_endian<std::uint32_t>(end.substr(12));
      directory_ = little_endian<std::uint32_t>(end.substr(16));
      const bool wide = count_ == 0xFFFF || directory_size_ == kWide || directory_ == kWide;
      return expect_directory_before(wide ? locate_wide(position) : position);
    }
    fail("no end record");
  }

  /// @return where the wide end record begins
  std::uint64_t locate_wide(std::uint64_t end) {
    if (end < kLocator) fail("no wide end record");
    const auto locator = bytes(end - kLocator, kLocator);
    if (!locator.starts_with("PK\6\7")) fail("no wide end record");
    const auto position = little_endian<std::uint64_t>(std::string_view(locator).substr(8));
    if (position > size_ || size_ - position < kEnd64) fail("its wide end record at {}", position);
    const auto wide = bytes(position, kEnd64);
    if (!wide.starts_with("PK\6\6")) fail("no wide end record at {}", position);
    count_ = little_endian<std::uint64_t>(std::string_view(wide).substr(32));
    directory_size_ = little_endian<std::uint64_t>(std::string_view(wide).substr(40));
    directory_ = little_endian<std::uint64_t>(std::string_view(wide).substr(48));
    return position;
  }

  void expect_directory_before(std::uint64_t end) const {
    if (directory_size_ > kMaxDirectory || directory_ > end || end - directory_ < directory_size_ ||
        count_ > directory_size_ / kRecord)
      fail("a directory of {} entries in {} bytes at {}", count_, directory_size_, directory_);
  }

  std::pair<std::string, ZipEntry> next(std::string_view& rest, std::vector<Extent>& extents) {
    if (rest.size() < kRecord || !rest.starts_with("PK\1\2")) fail("a damaged directory");
    const auto flags = little_endian<std::uint16_t>(rest.substr(8));
    const auto method = little_endian<std::uint16_t>(rest.substr(10));
    const auto crc = little_endian<std::uint32_t>(rest.substr(16));
    std::uint64_t stored = little_endian<std::uint32_t>(rest.substr(20));
    std::uint64_t size = little_endian<std::uint32_t>(rest.substr(24));
    const std::size_t name_size = little_endian<std::uint16_t>(rest.substr(28));
    const std::size_t extra_size = little_endian<std::uint16_t>(rest.substr(30));
    const std::size_t comment_size = little_endian<std::uint16_t>(rest.substr(32));
    std::uint64_t header = little_endian<std::uint32_t>(rest.substr(42));
    rest.remove_prefix(kRecord);
    if (rest.size() < name_size + extra_size + comment_size) fail("a damaged directory");
    std::string name(rest.substr(0, name_size));
    widen(rest.substr(name_size, extra_size), {&size, &stored, &header});
    rest.remove_prefix(name_size + extra_size + comment_size);
    check_name(name);
    if ((flags & 1) != 0) fail("the encrypted entry {}", name);
    if (method == 0 && stored != size)
      fail("the entry {} of {} bytes stored in {}", name, size, stored);
    const auto begin = data_of(name, header);
    if (stored > directory_ - begin)
      fail("the entry {} of {} bytes at {}, beyond the {} of the file", name, stored, begin, size_);
    extents.push_back({header, begin + stored, nullptr});
    return {std::move(name), ZipEntry{begin, stored, crc, method != 0}};
  }

  /// Replaces each value that is kWide by the next one in 64 bits.
  void widen(std::string_view extra, std::initializer_list<std::uint64_t*> values) const {
    while (extra.size() >= 4) {
      const auto id = little_endian<std::uint16_t>(extra);
      const std::size_t length = little_endian<std::uint16_t>(extra.substr(2));
      extra.remove_prefix(4);
      if (length > extra.size()) fail("a damaged directory");
      auto field = extra.substr(0, length);
      extra.remove_prefix(length);
      if (id != 1) continue;
      for (auto* value : values) {
        if (*value != kWide) continue;
        if (field.size() < 8) fail("a damaged directory");
        *value = little_endian<std::uint64_t>(field);
        field.remove_prefix(8);
      }
    }
  }

  void check_name(const std::string& name) const {
    bool inside = !name.empty() && name.front() != '/' && name.find('\\') == name.npos &&
                  name.find('\0') == name.npos;
    for (std::size_t from = 0; inside && from <= name.size();) {
      const auto to = std::min(name.find('/', from), name.size());
      inside = name.substr(from, to - from) != "..";
      from = to + 1;
    }
    if (!inside) fail("an entry whose name leaves it: {}", name);
  }

  std::uint64_t data_of(const std::string& name, std::uint64_t header) const {
    if (header > directory_ || directory_ - header < kLocal + name.size())
      fail("the entry {} at {}", name, header);
    const auto local = bytes(header, kLocal + name.size());
    const auto name_size = little_endian<std::uint16_t>(std::string_view(local).substr(26));
    const auto extra_size = little_endian<std::uint16_t>(std::string_view(local).substr(28));
    if (!local.starts_with("PK\3\4") || name_size != name.size() || !local.ends_with(name))
      fail("no header of the entry {} at {}", name, header);
    const auto begin = header + kLocal + name_size + extra_size;
    if (begin > directory_) fail("the entry {} at {}", name, header);
    return begin;
  }

  std::string bytes(std::uint64_t offset, std::uint64_t count) const {
    std::string result(count, '\0');
    file_.read_at(offset, result.data(), count);
    return result;
  }

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> found, Args&&... args) const {
    throw CheckpointError("{}: expected a sound zip archive, found {}", file_.name(),
                          printable(fmt::format(found, std::forward<Args>(args)...)));
  }

  const F& file_;
  std::uint64_t size_;
  std::uint64_t count_ = 0, directory_ = 0, directory_size_ = 0;
};

}  // namespace cag::detail

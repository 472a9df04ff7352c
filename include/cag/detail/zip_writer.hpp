#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/detail/crc32.hpp>
#include <cag/detail/little_endian.hpp>
#include <cag/error.hpp>

namespace cag::detail {

/// The bytes of a zip file of stored entries, one after another.
class ZipWriter {
 public:
  /// `bytes` stay where they are until the archive has been written.
  void add(const std::string& name, std::string_view bytes) {
    if (count_ + 1 >= 0xFFFF) throw CheckpointError("expected fewer than 65535 entries, got more");
    expect_room(bytes.size() + name.size() + 128, name);
    std::string header("PK\3\4");
    std::string entry("PK\1\2");
    append_little_endian<std::uint16_t>(entry, 20);  // made by version 2.0
    for (auto* record : {&header, &entry}) {
      append_little_endian<std::uint16_t>(*record, 20);    // needs version 2.0
      append_little_endian<std::uint16_t>(*record, 0);     // flags
      append_little_endian<std::uint16_t>(*record, 0);     // stored
      append_little_endian<std::uint32_t>(*record, kDay);  // a fixed time: equal bytes
      append_little_endian(*record, crc32(bytes));
      append_little_endian(*record, static_cast<std::uint32_t>(bytes.size()));
      append_little_endian(*record, static_cast<std::uint32_t>(bytes.size()));
      append_little_endian(*record, static_cast<std::uint16_t>(name.size()));
    }
    // PyTorch maps files into memory where values lie at multiples of 64.
    const auto padding = (64 - (offset_ + header.size() + 2 + name.size()) % 64) % 64;
    append_little_endian(header, static_cast<std::uint16_t>(padding));
    header += name;
    if (padding > 0) header += std::string(padding, '\0');
    append_little_endian<std::uint16_t>(entry, 0);  // extra field, comment, disk, attributes
    append_little_endian<std::uint16_t>(entry, 0);
    append_little_endian<std::uint16_t>(entry, 0);
    append_little_endian<std::uint16_t>(entry, 0);
    append_little_endian<std::uint32_t>(entry, 0);
    append_little_endian(entry, static_cast<std::uint32_t>(offset_));
    directory_ += entry + name;
    ++count_;
    put(std::move(header));
    pieces_.push_back(bytes);
    offset_ += bytes.size();
  }

  void finish() {
    expect_room(directory_.size() + 64, "the directory");
    std::string end("PK\5\6");
    append_little_endian<std::uint32_t>(end, 0);  // one disk
    append_little_endian(end, static_cast<std::uint16_t>(count_));
    append_little_endian(end, static_cast<std::uint16_t>(count_));
    append_little_endian(end, static_cast<std::uint32_t>(directory_.size()));
    append_little_endian(end, static_cast<std::uint32_t>(offset_));
    append_little_endian<std::uint16_t>(end, 0);  // comment
    put(std::move(directory_));
    put(std::move(end));
  }

  const std::vector<std::string_view>& pieces() const { return pieces_; }

 private:
  void expect_room(std::uint64_t bytes, const std::string& where) const {
    constexpr std::uint64_t kLimit = 0xFFFFFFFF;
    if (bytes >= kLimit || offset_ + bytes >= kLimit)
      throw CheckpointError("expected tensors of less than 4 GiB, got more at {}", where);
  }

  static constexpr std::uint32_t kDay = 0x00210000;  // 1980-01-01, the first day of the format

  void put(std::string bytes) {
    offset_ += bytes.size();
    pieces_.push_back(held_.emplace_back(std::move(bytes)));
  }

  std::deque<std::string> held_;
  std::vector<std::string_view> pieces_;
  std::string directory_;
  std::uint64_t offset_ = 0, count_ = 0;
};

}  // namespace cag::detail

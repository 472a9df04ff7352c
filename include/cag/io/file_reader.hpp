#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cag/error.hpp>

namespace cag {

/// A regular file, read from front to back, or at any place. Its size is taken when it is opened;
/// one that is then found shorter is an error, and one read to its end and found longer.
class FileReader {
 public:
  /// Follows symbolic links: for files that the user names.
  /// Throws IoError where it cannot be opened, or is a directory, pipe or device.
  explicit FileReader(const std::filesystem::path& path) : FileReader(path, 0) {}

  /// Refuses a symbolic link at `path` itself: for files that another file names.
  static FileReader without_following(const std::filesystem::path& path) {
    return FileReader(path, O_NOFOLLOW);
  }

  FileReader(FileReader&& other) noexcept
      : path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)),
        size_(other.size_),
        read_(other.read_) {}
  FileReader& operator=(FileReader&&) = delete;
  ~FileReader() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  const std::string& name() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Fills `buffer` with the next `count` bytes.
  /// Throws IoError where the system fails, CheckpointError where the file ends early.
  void read(char* buffer, std::uint64_t count) {
    while (count > 0) {
      const auto got = ::read(descriptor_, buffer, count);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read", errno);
      if (got == 0) {
        throw CheckpointError("{}: expected {} bytes, found {}", path_, read_ + count, read_);
      }
      buffer += got;
      count -= static_cast<std::uint64_t>(got);
      read_ += static_cast<std::uint64_t>(got);
    }
  }

  /// Fills `buffer` with `count` bytes from `offset` on, wherever `read` is.
  /// Throws as `read`.
  void read_at(std::uint64_t offset, char* buffer, std::uint64_t count) const {
    while (count > 0) {
      const auto got = ::pread(descriptor_, buffer, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read", errno);
      if (got == 0) {
        throw CheckpointError("{}: expected {} bytes, found {}", path_, offset + count, offset);
      }
      buffer += got;
      offset += static_cast<std::uint64_t>(got);
      count -= static_cast<std::uint64_t>(got);
    }
  }

  /// Throws CheckpointError unless everything has been read.
  void expect_end() {
    char extra = 0;
    ssize_t got = 0;
    do got = ::read(descriptor_, &extra, 1);
    while (got < 0 && errno == EINTR);
    if (got < 0) fail("read", errno);
    if (got > 0) throw CheckpointError("{}: expected {} bytes, found more", path_, read_);
  }

 private:
  // A pipe would block the open for ever without O_NONBLOCK.
  FileReader(const std::filesystem::path& path, int flags)
      : path_(path.string()),
        descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags)) {
    if (descriptor_ < 0) {
      if (errno == ELOOP && flags != 0) {
        throw IoError("{}: expected a regular file, found a symbolic link", path_);
      }
      fail("open", errno);
    }
    struct stat status {};
    const int failed = ::fstat(descriptor_, &status);
    const int error = errno;
    if (failed != 0 || !S_ISREG(status.st_mode)) {
      ::close(descriptor_);
      if (failed != 0) fail("examine", error);
      throw IoError("{}: expected a regular file", path_);
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  [[noreturn]] void fail(std::string_view operation, int error) const {
    throw IoError("cannot {} {}: {}", operation, path_, std::generic_category().message(error));
  }

  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace cag

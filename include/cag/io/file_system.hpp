#pragma once

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cag/error.hpp>

namespace cag {

/// What saving needs from the operating system, and the place where tests inject its failures.
/// Every operation does all it says or throws IoError. Not checkable here: `write_file` creates a
/// new file and makes its bytes durable; `rename` is atomic and replaces a file but no directory
/// with contents; `sync_directory` makes the names in a directory durable; `remove_all` takes an
/// absent path and follows no link; `list` gives the names in a directory, in order.
template <typename F>
concept FileSystem = std::copy_constructible<F> &&
    requires(F fs, const std::filesystem::path& path, std::span<const std::string_view> pieces) {
  fs.write_file(path, pieces);
  fs.rename(path, path);
  fs.sync_directory(path);
  fs.create_directory(path);
  fs.remove_all(path);
  { fs.exists(path) } -> std::same_as<bool>;
  { fs.list(path) } -> std::same_as<std::vector<std::string>>;
};

/// The real file system. An IoError names the operation, the path and the reason of the system.
struct PosixFs {
  /// Never opens what is there already, be it a file or a link. A file left by a failure is the
  /// caller's to remove.
  void write_file(const std::filesystem::path& path,
                  std::span<const std::string_view> pieces) const {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const int descriptor = ::open(path.c_str(), flags, 0666);
    if (descriptor < 0) fail("create", path, errno);
    const int error = write_and_sync(descriptor, pieces);
    const int close_error = ::close(descriptor) == 0 ? 0 : errno;
    if (error == ENOSPC || error == EDQUOT) fail_for_space(path, pieces, error);
    if (error != 0) fail("write", path, error);
    if (close_error != 0) fail("close", path, close_error);
  }

  /// In place of what is at `to`.
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) const {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      const int error = errno;
      throw IoError("cannot rename {} to {}: {}", from.string(), to.string(), reason(error));
    }
  }

  /// Makes the names in a directory durable.
  void sync_directory(const std::filesystem::path& path) const {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail("open", path, errno);
    const int error = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    // EINVAL: a file system that cannot sync a directory at all.
    if (error != 0 && error != EINVAL) fail("sync", path, error);
  }

  /// Its parent has to be there, and nothing at `path`.
  void create_directory(const std::filesystem::path& path) const {
    if (::mkdir(path.c_str(), 0777) != 0) fail("create the directory", path, errno);
  }

  /// With all that is in it; also where there is nothing.
  void remove_all(const std::filesystem::path& path) const {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) fail("remove", path, error.value());
  }

  /// Also true for a link that leads nowhere.
  bool exists(const std::filesystem::path& path) const {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (status.type() == std::filesystem::file_type::none) fail("examine", path, error.value());
    return status.type() != std::filesystem::file_type::not_found;
  }

  /// The names in a directory, in no order.
  std::vector<std::string> list(const std::filesystem::path& path) const {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(path, error);
    while (!error && entry != std::filesystem::directory_iterator()) {
      names.push_back(entry->path().filename().string());
      entry.increment(error);
    }
    if (error) fail("list", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  static int write_and_sync(int descriptor, std::span<const std::string_view> pieces) {
    for (auto piece : pieces) {
      while (!piece.empty()) {
        const auto written = ::write(descriptor, piece.data(), piece.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        piece.remove_prefix(static_cast<std::size_t>(written));
      }
    }
    return ::fsync(descriptor) == 0 ? 0 : errno;
  }

  static std::string reason(int error) { return std::generic_category().message(error); }

  [[noreturn]] static void fail(std::string_view operation, const std::filesystem::path& path,
                                int error) {
    throw IoError("cannot {} {}: {}", operation, path.string(), reason(error));
  }

  [[noreturn]] static void fail_for_space(const std::filesystem::path& path,
                                          std::span<const std::string_view> pieces, int error) {
    std::uint64_t needed = 0;
    for (const auto piece : pieces) needed += piece.size();
    struct statvfs status {};
    const auto free =
        ::statvfs(path.parent_path().empty() ? "." : path.parent_path().c_str(), &status) == 0
            ? fmt::format("{}", std::uint64_t{status.f_bavail} * status.f_frsize)
            : std::string("an unknown number");
    throw IoError("cannot write {}: {}: {} bytes needed, {} free", path.string(), reason(error),
                  needed, free);
  }
};

static_assert(FileSystem<PosixFs>);

}  // namespace cag

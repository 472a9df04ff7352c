#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <cag/detail/aside.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>

namespace common {

/// @throws cag::IoError where the system does not tell
inline bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return false;
  if (error) throw cag::IoError("cannot look at {}: {}", path.string(), error.message());
  return true;
}

/// @throws cag::UsageError where there is something at `path`, if only a link to nothing
inline void expect_new(const std::filesystem::path& path) {
  if (!is_there(path)) return;
  std::error_code error;
  throw cag::UsageError("{}: expected a new folder, found a {}", path.string(),
                        std::filesystem::is_symlink(std::filesystem::symlink_status(path, error))
                            ? "link"
                        : std::filesystem::is_directory(path, error) ? "folder"
                                                                     : "file");
}

/// Makes a folder and those above it, where they are not there yet.
/// @throws cag::UsageError where `path` is no folder, cag::IoError
inline void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error))
    throw cag::UsageError("{}: expected a folder, found something else", path.string());
  std::filesystem::create_directories(path, error);
  if (error) throw cag::IoError("cannot create the folder {}: {}", path.string(), error.message());
}

/// Says to other processes, as long as it lives, that a folder is being filled.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    taken_ =
        descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// Whether another process has it.
  bool taken() const { return taken_; }

 private:
  int descriptor_;
  bool taken_ = false;
};

/// Makes a folder that appears when it is whole: `fill` writes to the path that it is given. What
/// earlier calls left that were killed goes away.
/// @throws cag::UsageError where another process is making the same folder, or it is there
template <typename Fill>
void make_whole(const std::filesystem::path& out, Fill&& fill) {
  const cag::PosixFs fs;
  const cag::detail::Aside aside(out);
  expect_new(aside.final());
  make_folder(aside.parent());
  for (const auto& left : aside.leftovers(fs))
    if (FolderLock(left).taken())
      throw cag::UsageError("{}: expected to be alone in making it, found another process at {}",
                            out.string(), left.filename().string());
  aside.clean(fs);
  const auto fresh = aside.fresh();
  make_folder(fresh);
  const FolderLock lock(fresh);
  try {
    fill(fresh);
    fs.rename(fresh, aside.final());
  } catch (...) {
    cag::detail::remove_quietly(fs, fresh);
    throw;
  }
}

}  // namespace common

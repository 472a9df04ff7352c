#pragma once

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cag/error.hpp>

namespace cag {

/// Makes this process the only one that writes a run directory, for as long as the lock lives. The
/// system frees it when the process ends, however it ends; the file RUN/run.lock stays. A child
/// made by fork() without exec shares the lock. Not to be relied on over NFS.
class RunLock {
 public:
  /// Creates the directory where it is absent.
  /// Throws UsageError naming the holder where the run is locked, IoError where it cannot be.
  explicit RunLock(const std::filesystem::path& run) : path_(run / "run.lock") {
    std::error_code error;
    std::filesystem::create_directories(run, error);
    if (error) throw IoError("cannot create the directory {}: {}", run.string(), error.message());
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    descriptor_ = ::open(path_.c_str(), flags, 0666);
    if (descriptor_ < 0) fail("open", errno);
    try {
      lock(run);
      describe_holder();
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }
  RunLock(RunLock&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  void lock(const std::filesystem::path& run) {
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) fail("lock", errno);
      char text[256];
      const auto length = ::pread(descriptor_, text, sizeof text, 0);
      std::string_view holder(text, length > 0 ? static_cast<std::size_t>(length) : 0);
      holder = holder.substr(0, holder.find('\n'));
      throw UsageError("{} is in use by {}", run.string(),
                       holder.empty() ? "another process" : holder);
    }
  }

  void describe_holder() {
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) != 0) fail("name the host for", errno);
    const auto text = fmt::format("process {} on {} since {} s after 1970\n", ::getpid(), host,
                                  static_cast<long long>(std::time(nullptr)));
    if (::ftruncate(descriptor_, 0) != 0) fail("write", errno);
    const auto written = ::pwrite(descriptor_, text.data(), text.size(), 0);
    if (written < 0) fail("write", errno);
    if (static_cast<std::size_t>(written) != text.size()) fail("write", ENOSPC);
  }

  [[noreturn]] void fail(std::string_view operation, int error) const {
    throw IoError("cannot {} {}: {}", operation, path_.string(),
                  std::generic_category().message(error));
  }

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace cag

#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cag/io/file_system.hpp>

namespace cag_test {

enum class FaultKind {
  kError,       ///< one operation fails and does nothing
  kDiskFull,    ///< from one operation on, all that write fail, a file half-way
  kCrash,       ///< the process dies before an operation, in a file half-way
  kCrashAfter,  ///< the process dies right after an operation
};

/// Thrown where the process would be gone; nothing may catch it for good.
struct Crash {};

/// The real file system, recording its operations and failing at one of them.
class FaultFileSystem {
 public:
  struct Script {
    FaultKind kind = FaultKind::kError;
    int fail_at = 0;  ///< counting changing operations from 1; 0: never
    int count = 0;
    bool failed = false;
    bool dead = false;
    std::vector<std::string> log;
  };

  explicit FaultFileSystem(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  void write_file(const std::filesystem::path& path, std::span<const std::string_view> pieces) {
    const auto half = [&] {
      std::vector<std::string_view> cut(pieces.begin(), pieces.end());
      for (auto& piece : cut) piece = piece.substr(0, piece.size() / 2);
      real_.write_file(path, cut);
    };
    run(
        "write " + path.filename().string(), [&] { real_.write_file(path, pieces); }, half);
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) {
    run("rename to " + to.filename().string(), [&] { real_.rename(from, to); });
  }
  void sync_directory(const std::filesystem::path& path) {
    run("sync " + path.filename().string(), [&] { real_.sync_directory(path); });
  }
  void create_directory(const std::filesystem::path& path) {
    run("create " + path.filename().string(), [&] { real_.create_directory(path); });
  }
  void remove_all(const std::filesystem::path& path) {
    if (script_->dead) throw Crash{};
    const bool full = script_->failed && script_->kind == FaultKind::kDiskFull;
    if (full) return real_.remove_all(path);
    run("remove " + path.filename().string(), [&] { real_.remove_all(path); });
  }
  bool exists(const std::filesystem::path& path) const {
    if (script_->dead) throw Crash{};
    return real_.exists(path);
  }
  std::vector<std::string> list(const std::filesystem::path& path) const {
    if (script_->dead) throw Crash{};
    return real_.list(path);
  }

 private:
  template <typename Operation, typename Half>
  void run(const std::string& name, Operation operation, Half half) {
    auto& script = *script_;
    if (script.dead) throw Crash{};
    script.log.push_back(name);
    const bool now = ++script.count == script.fail_at;
    script.failed = script.failed || now;
    const bool full = script.failed && script.kind == FaultKind::kDiskFull;
    if (!now && !full) return operation();
    switch (script.kind) {
      case FaultKind::kError:
        throw cag::IoError("injected: cannot {}: Input/output error", name);
      case FaultKind::kDiskFull:
        half();
        throw cag::IoError("injected: cannot {}: No space left on device", name);
      case FaultKind::kCrash:
        half();
        break;
      case FaultKind::kCrashAfter:
        operation();
        break;
    }
    script.dead = true;
    throw Crash{};
  }

  template <typename Operation>
  void run(const std::string& name, Operation operation) {
    run(name, operation, [] {});
  }

  std::shared_ptr<Script> script_;
  cag::PosixFs real_;
};

static_assert(cag::FileSystem<FaultFileSystem>);

}  // namespace cag_test

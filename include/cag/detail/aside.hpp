#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <cag/error.hpp>
#include <cag/io/file_system.hpp>

namespace cag::detail {

/// The names that saving to `path` uses beside it. None of them is ever read as the saved thing,
/// but for `replaced` while `path` is absent.
class Aside {
 public:
  static constexpr std::string_view kFreshPrefix = ".tmp-cag-";
  static constexpr std::string_view kReplacedPrefix = ".old-cag-";

  explicit Aside(const std::filesystem::path& path)
      : final_(path.has_filename() ? path : path.parent_path()) {
    const auto name = final_.filename().string();
    if (name.empty() || name == "." || name == "..") {
      throw UsageError("expected a path that ends in a name, found \"{}\"", path.string());
    }
  }

  const std::filesystem::path& final() const { return final_; }

  std::filesystem::path parent() const {
    return final_.has_parent_path() ? final_.parent_path() : std::filesystem::path(".");
  }

  /// Where a replaced directory stays until the new one is in its place.
  std::filesystem::path replaced() const {
    return parent() / (std::string(kReplacedPrefix) + name());
  }

  /// A new path in each call, for writing.
  std::filesystem::path fresh() const {
    static std::atomic<std::uint64_t> count = 0;
    return parent() / fmt::format("{}{}-{}", prefix(), ::getpid(), count++);
  }

  /// What writers of `final` that were killed left behind, or that are at work.
  template <FileSystem Fs>
  std::vector<std::filesystem::path> leftovers(Fs& fs) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : fs.list(parent())) {
      if (is_fresh(entry)) found.push_back(parent() / entry);
    }
    return found;
  }

  /// Removes the leftovers, and puts a replaced directory back where its replacement did not get
  /// there.
  template <FileSystem Fs>
  void clean(Fs& fs) const {
    for (const auto& left : leftovers(fs)) fs.remove_all(left);
    if (!fs.exists(replaced())) return;
    if (fs.exists(final_)) {
      fs.remove_all(replaced());
    } else {
      fs.rename(replaced(), final_);
      fs.sync_directory(parent());
    }
  }

 private:
  std::string name() const { return final_.filename().string(); }
  std::string prefix() const { return std::string(kFreshPrefix) + name() + "-"; }

  /// Exactly `prefix` and two numbers: "step-1" must not take what belongs to "step-1-x".
  bool is_fresh(const std::string& entry) const {
    if (!entry.starts_with(prefix())) return false;
    const auto numbers = entry.substr(prefix().size());
    const auto dash = numbers.find('-');
    return dash != std::string::npos && dash > 0 && dash + 1 < numbers.size() &&
           numbers.find_first_not_of("0123456789-") == std::string::npos &&
           numbers.find('-', dash + 1) == std::string::npos;
  }

  std::filesystem::path final_;
};

/// Removes what a failed writer made; the failure itself is what the caller has to hear about.
template <FileSystem Fs>
void remove_quietly(Fs& fs, const std::filesystem::path& path) noexcept {
  try {
    fs.remove_all(path);
  } catch (...) {
  }
}

}  // namespace cag::detail

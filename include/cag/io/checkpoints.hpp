#pragma once

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <cag/error.hpp>
#include <cag/io/directory.hpp>

namespace cag {

/// What a run saved at one step.
struct Checkpoint {
  std::int64_t step;           ///< the number it was saved under, which grows within a run
  DirectoryContents contents;  ///< verified
};

/// What a run can go on from, and what was passed over to find it.
struct LatestCheckpoint {
  /// A damaged checkpoint.
  struct Skipped {
    std::filesystem::path path;  ///< its directory
    std::string reason;          ///< what is wrong with it
  };

  std::optional<Checkpoint> checkpoint;  ///< the newest that is whole; none in a new run
  std::vector<Skipped> skipped;          ///< newer than `checkpoint`, newest first
};

/// The checkpoints of one run: RUN/checkpoints/step-000000123, one directory for each saved step.
/// Reading needs nothing; saving and removing leftovers is for the one process that holds the
/// RunLock of the run.
///
/// @tparam Fs  the operating system as seen by saving, see FileSystem.
template <FileSystem Fs = PosixFs>
class CheckpointStore {
 public:
  /// Touches no file. Keeps the newest `keep` intact checkpoints; throws UsageError below 1.
  explicit CheckpointStore(std::filesystem::path run, std::int64_t keep = 2, Fs fs = {})
      : run_(std::move(run)), keep_(keep), fs_(std::move(fs)) {
    if (keep < 1) throw UsageError("expected to keep at least 1 checkpoint, got {}", keep);
  }

  /// Where the checkpoint of a step lies, or would.
  std::filesystem::path path(std::int64_t step) const { return folder() / name(step); }

  /// Saves durably, then removes intact checkpoints of earlier steps but for the newest `keep`,
  /// this one among them. Damaged ones, which miss files or bytes, do not count and stay, and so
  /// does all of later steps. After any failure or crash latest() is what it was, or this.
  /// Throws UsageError where an intact checkpoint of this step exists, and as save_directory.
  void save(std::int64_t step, const DirectoryContents& contents) {
    if (step < 0) throw UsageError("expected a step of at least 0, got {}", step);
    if (!fs_.exists(folder())) create_folder();
    if (fs_.exists(path(step))) {
      if (const auto reason = damage(step); !reason) {
        throw UsageError("{} exists already and is intact", path(step).string());
      }
      replace_directory(path(step), kCheckpointFormat, contents, fs_);
    } else {
      save_directory(path(step), kCheckpointFormat, contents, fs_);
    }
    prune(step);
  }

  /// The newest checkpoint of which every byte is verified.
  /// Throws IoError where the folder itself cannot be listed.
  LatestCheckpoint latest() const {
    LatestCheckpoint latest;
    for (const auto step : steps_newest_first()) {
      try {
        latest.checkpoint = Checkpoint{step, load(step)};
        break;
      } catch (const Error& error) {
        latest.skipped.push_back({path(step), error.what()});
      }
    }
    return latest;
  }

  /// The checkpoint of one step; throws as load_directory.
  DirectoryContents load(std::int64_t step) const {
    if (is_link(path(step))) {
      throw CheckpointError("{}: expected a directory, found a symbolic link", path(step).string());
    }
    return load_directory(path(step), kCheckpointFormat);
  }

  /// Removes what a killed run left half-written. To be called once before the first save.
  void remove_leftovers() {
    if (!fs_.exists(folder())) return;
    std::set<std::int64_t> steps;
    for (const auto& entry : fs_.list(folder())) {
      for (const std::string_view prefix :
           {detail::Aside::kFreshPrefix, detail::Aside::kReplacedPrefix}) {
        if (!entry.starts_with(prefix)) continue;
        const auto rest = entry.substr(prefix.size());
        if (const auto step = step_of(rest.substr(0, rest.find('-', kStepPrefix.size())))) {
          steps.insert(*step);
        }
      }
    }
    for (const auto step : steps) cag::remove_leftovers(path(step), fs_);
  }

 private:
  static constexpr std::string_view kStepPrefix = "step-";

  std::filesystem::path folder() const { return run_ / "checkpoints"; }

  static std::string name(std::int64_t step) { return fmt::format("{}{:09}", kStepPrefix, step); }

  /// The step of exactly such a name, so that nothing else in the folder is touched.
  static std::optional<std::int64_t> step_of(std::string_view entry) {
    if (!entry.starts_with(kStepPrefix)) return std::nullopt;
    const auto digits = entry.substr(kStepPrefix.size());
    std::int64_t step = 0;
    const auto* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, step);
    if (result.ec != std::errc{} || result.ptr != end || step < 0 || name(step) != entry)
      return std::nullopt;
    return step;
  }

  /// Also those that a replacement cut short has left under their other name.
  std::set<std::int64_t, std::greater<>> steps_newest_first() const {
    std::set<std::int64_t, std::greater<>> steps;
    const PosixFs fs;
    if (!fs.exists(folder())) return steps;
    for (std::string_view entry : fs.list(folder())) {
      constexpr auto kReplaced = detail::Aside::kReplacedPrefix;
      if (entry.starts_with(kReplaced)) entry.remove_prefix(kReplaced.size());
      if (const auto step = step_of(entry)) steps.insert(*step);
    }
    return steps;
  }

  static bool is_link(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::symlink_status(path, error).type() ==
           std::filesystem::file_type::symlink;
  }

  void create_folder() {
    if (!fs_.exists(run_)) fs_.create_directory(run_);
    fs_.create_directory(folder());
    fs_.sync_directory(run_);
    // Whoever created the run directory, its name has to be durable too.
    const auto run = std::filesystem::absolute(run_ / "").lexically_normal().parent_path();
    fs_.sync_directory(run.parent_path());
  }

  std::optional<std::string> damage(std::int64_t step) const {
    try {
      load(step);
      return std::nullopt;
    } catch (const Error& error) {
      return error.what();
    }
  }

  /// Counts down from the step just saved: one that claims to be later may be why the run went
  /// back, and reading every byte of it to know would cost more than the disk space.
  void prune(std::int64_t saved) {
    std::int64_t intact = 0;
    for (const auto step : steps_newest_first()) {
      if (step > saved) continue;
      try {
        if (is_link(path(step))) continue;
        examine_directory(path(step), kCheckpointFormat);
      } catch (const Error&) {
        continue;
      }
      if (++intact > keep_) fs_.remove_all(path(step));
    }
  }

  std::filesystem::path run_;
  std::int64_t keep_;
  [[no_unique_address]] Fs fs_;
};

}  // namespace cag

#include "pipeline/run_directory.hpp"

#include <iterator>

#include <cag/detail/aside.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>

namespace pipeline {

void expect_new(const std::filesystem::path& directory) {
  if (std::filesystem::exists(directory / kConfigFile))
    throw cag::UsageError(
        "{} holds a run already: resume it with --resume, or choose another --out",
        directory.string());
  if (!std::filesystem::exists(directory)) return;
  if (!std::filesystem::is_directory(directory))
    throw cag::IoError("{}: Not a directory", directory.string());
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto name = entry.path().filename().string();
    bool begun = name == "run.lock" || name.starts_with(".tmp-cag-");
    if (name == "checkpoints") {
      const auto steps = std::filesystem::directory_iterator(entry.path());
      begun = std::distance(begin(steps), end(steps)) <= 1;
    }
    if (!begun)
      throw cag::UsageError("{}: expected a run to resume or a new directory, found {} without {}",
                            directory.string(), name, kConfigFile);
  }
}

void remove_leftovers(const std::filesystem::path& directory) {
  const cag::PosixFs fs;
  for (const auto& folder : {directory, directory / "networks"}) {
    if (!fs.exists(folder)) continue;
    for (const auto& name : fs.list(folder))
      if (name.starts_with(cag::detail::Aside::kFreshPrefix)) fs.remove_all(folder / name);
  }
}

}  // namespace pipeline

// Replays the golden cases of the published code that lie in the folders named by CAG_GOLDEN.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "replay.hpp"

namespace {

using cag::parity::Case;
using cag::parity::Check;
namespace fs = std::filesystem;

using Replay = void (*)(const Case&, Check&);

const std::map<char, Replay> kReplays{
    {'b', cag::parity::replay_distances},
    {'c', cag::parity::replay_anchor_updates},
    {'d', cag::parity::replay_losses},
    {'g', cag::parity::replay_metrics},
};
constexpr std::string_view kNotYet = "efi";
constexpr char kData = 'a';

std::vector<fs::path> cases() {
  const char* variable = std::getenv("CAG_GOLDEN");
  std::istringstream folders(
      variable != nullptr && *variable != '\0' ? variable : CAG_SOURCE_DIR "/tests/golden");
  std::vector<fs::path> result;
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (folder.empty()) continue;
    if (!fs::is_directory(folder)) throw cag::UsageError("CAG_GOLDEN: {} is not a folder", folder);
    for (const auto& entry : fs::directory_iterator(folder)) {
      const auto& path = entry.path();
      if (path.extension() == ".json" && path.filename() != "MANIFEST.json") result.push_back(path);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

enum class Outcome { kOk, kFailed, kNotYet, kData };

void print(const fs::path& path, const std::string& kind, std::string_view result,
           const std::vector<std::string>& reasons = {}) {
  fmt::print("parity {} {} {}\n", path.stem().string(), kind, result);
  for (const auto& reason : reasons) fmt::print("  {}\n", reason);
  std::fflush(stdout);
}

Outcome replay(const fs::path& path) {
  std::string letter = "?";
  Check check;
  try {
    auto json = Case::read_json(path);
    const auto kind = json.value("kind", "");
    if (kind.empty()) throw cag::DataError("{}: no kind", path.string());
    letter = kind.substr(0, 1);
    const bool is_letter = kind.size() == 1 || kind[1] == ' ';
    if (is_letter && kind[0] == kData) return Outcome::kData;
    if (is_letter && kNotYet.find(kind[0]) != std::string_view::npos) {
      print(path, letter, "not yet");
      return Outcome::kNotYet;
    }
    const auto found = kReplays.find(kind[0]);
    if (!is_letter || found == kReplays.end()) {
      throw cag::DataError("{}: unknown kind \"{}\"", path.string(), kind);
    }
    found->second(Case::read(path, std::move(json)), check);
    check.that(check.checks() > 0, "nothing to compare");
  } catch (const c10::Error& error) {
    check.that(false, error.what_without_backtrace());
  } catch (const std::exception& error) {
    check.that(false, error.what());
  }
  print(path, letter, check.failures().empty() ? "ok" : "FAILED", check.failures());
  return check.failures().empty() ? Outcome::kOk : Outcome::kFailed;
}

}  // namespace

int main() {
  try {
    std::map<Outcome, int> outcomes;
    for (const auto& path : cases()) ++outcomes[replay(path)];
    const auto named =
        outcomes[Outcome::kOk] + outcomes[Outcome::kFailed] + outcomes[Outcome::kNotYet];
    if (named == 0) throw cag::UsageError("no golden case found; name folders in CAG_GOLDEN");
    return outcomes[Outcome::kFailed] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    fmt::print(stderr, "parity: {}\n", error.what());
    return EXIT_FAILURE;
  }
}

// Replays golden cases: those in the folders that CAG_GOLDEN names; without it the committed ones,
// of the published code and calculated by hand, and the larger ones in ../shared/fixtures where
// they are present.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "replay.hpp"

namespace {

using cag::parity::Case;
using cag::parity::Check;
namespace fs = std::filesystem;

using cag::parity::Method;

using Replay = void (*)(const Case&, const Method&, Check&);

const std::map<char, Replay> kReplays{
    {'b', cag::parity::replay_distances},  {'c', cag::parity::replay_anchor_updates},
    {'d', cag::parity::replay_losses},     {'e', cag::parity::replay_network},
    {'f', cag::parity::replay_trajectory}, {'g', cag::parity::replay_metrics},
    {'i', cag::parity::replay_data_path},
};
constexpr char kData = 'a';
constexpr std::string_view kWithoutConstants = "eg";

/// Those of CAG_GOLDEN, or the project's own and, where they lie beside it, the larger ones.
std::vector<fs::path> folders() {
  const char* variable = std::getenv("CAG_GOLDEN");
  std::vector<fs::path> result;
  std::istringstream list(variable != nullptr ? variable : "");
  for (std::string folder; std::getline(list, folder, ':');) {
    if (folder.empty()) continue;
    if (!fs::is_directory(folder)) throw cag::UsageError("CAG_GOLDEN: {} is not a folder", folder);
    result.emplace_back(folder);
  }
  if (!result.empty()) return result;
  const fs::path larger = CAG_SOURCE_DIR "/../shared/fixtures";
  if (fs::is_directory(larger)) {
    result.push_back(larger);
  } else {
    fmt::print("parity: skipped the cases of {}, which is not here\n", larger.string());
  }
  result.emplace_back(CAG_SOURCE_DIR "/tests/golden");
  result.emplace_back(CAG_SOURCE_DIR "/tests/parity/cases");
  return result;
}

std::vector<fs::path> cases() {
  std::vector<fs::path> result;
  for (const auto& folder : folders()) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const auto& path = entry.path();
      if (path.extension() == ".json" && path.filename() != "MANIFEST.json") result.push_back(path);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

enum class Outcome { kOk, kFailed, kNotReplayed };

void print(const fs::path& path, const std::string& kind, std::string_view result,
           const std::vector<std::string>& reasons) {
  fmt::print("parity {} {} {}\n", path.stem().string(), kind, result);
  for (const auto& reason : reasons) fmt::print("  {}\n", reason);
  std::fflush(stdout);
}

Outcome replay(const fs::path& path, const Method& method) {
  std::string letter = "?";
  Check check;
  try {
    auto json = Case::read_json(path);
    const auto kind = json.value("kind", "");
    if (kind.empty()) throw cag::DataError("{}: no kind", path.string());
    letter = kind.substr(0, 1);
    const bool is_letter = kind.size() == 1 || kind[1] == ' ';
    if (is_letter && kind[0] == kData) return Outcome::kNotReplayed;
    if (method.is_changed && kWithoutConstants.find(kind[0]) != std::string_view::npos) {
      return Outcome::kNotReplayed;
    }
    const auto found = kReplays.find(kind[0]);
    if (!is_letter || found == kReplays.end()) {
      throw cag::DataError("{}: unknown kind \"{}\"", path.string(), kind);
    }
    found->second(Case::read(path, std::move(json)), method, check);
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

/// parity [--change CONSTANT]
int main(int argc, char** argv) {
  try {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    Method method;
    if (arguments.size() == 2 && arguments[0] == "--change") {
      method = Method::changed(arguments[1]);
    } else if (!arguments.empty()) {
      throw cag::UsageError("expected no argument, or --change CONSTANT");
    }
    std::map<Outcome, int> outcomes;
    for (const auto& path : cases()) ++outcomes[replay(path, method)];
    if (outcomes[Outcome::kOk] + outcomes[Outcome::kFailed] == 0)
      throw cag::UsageError("no golden case found; name folders in CAG_GOLDEN");
    return outcomes[Outcome::kFailed] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    fmt::print(stderr, "parity: {}\n", error.what());
    return EXIT_FAILURE;
  }
}

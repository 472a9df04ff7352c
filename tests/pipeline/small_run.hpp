#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "data/temporary_folder.hpp"
#include "program.hpp"
#include "streets/data_set.hpp"

namespace cag::test {

/// What these tests are of.
inline constexpr std::string_view kProgram = "gta5_to_cityscapes";

inline Ended run(const Arguments& arguments, std::uint64_t largest_file = 0) {
  return run(kProgram, arguments, largest_file);
}

/// Those of the small runs: what even small pictures of streets show.
inline const std::vector<std::string> kSmallCategories{
    "road", "sidewalk", "building", "pole", "traffic sign", "vegetation", "sky", "person", "car"};

/// Eight small source and target images, two to evaluate, and a configuration of seconds.
class SmallData {
 public:
  SmallData() {
    streets::DataSet set{.style = streets::simulator(),
                         .size = {.height = 48, .width = 64},
                         .images = 8,
                         .seed = 3,
                         .samples = 1};
    streets::draw(set, source());
    set.layout = streets::Layout::kCityscapes;
    set.style = streets::overcast();
    set.validation = 2;
    streets::draw(set, target());
    write_file(config(), kConfig);
  }

  std::filesystem::path data() const { return folder_ / "data"; }
  std::filesystem::path source() const { return data() / "gta5"; }
  std::filesystem::path target() const { return data() / "cityscapes"; }
  std::filesystem::path config() const { return folder_ / "small.toml"; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  /// The command line of a run on this data, and `more`.
  Arguments adapt(const std::filesystem::path& out, const Arguments& more = {}) const {
    return adapt(out, source(), target(), more);
  }
  Arguments adapt(const std::filesystem::path& out, const std::filesystem::path& source,
                  const std::filesystem::path& target, const Arguments& more = {}) const {
    Arguments arguments{"adapt",    "--config", config(), "--source", source,
                        "--target", target,     "--out",  out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

 private:
  static constexpr const char* kConfig = R"([data]
categories = ["road", "sidewalk", "building", "pole", "traffic sign", "vegetation", "sky", "person",
              "car"]
holdout_every = 4
workers = 0
mean = [0.45, 0.45, 0.45]
deviation = [0.25, 0.25, 0.25]

[augmentation]
source_width = 0
source_height = 0
target_width = 0
target_height = 0
base_width = 0
crop_width = 48
crop_height = 32
brightness = 0.1

[network]
name = "compact"

[loss]
class_weights = "inverse_root"

[warm_up]
iterations = 4
learning_rate = 0.002

[stages]
count = 2
iterations = 3
learning_rate = 0.002
margin = 0.01
probability = 0.3

[run]
seed = 11
batch = 2
save_every = 1
threads = 1
)";

  TemporaryFolder folder_;
};

/// One for all tests of a program.
inline const SmallData& small() {
  static const SmallData data;
  return data;
}

/// The networks, anchors and evaluations of a run, without what time and memory it took.
struct Outcome {
  std::map<std::string, std::string> networks;  ///< file below RUN/networks -> bytes
  std::vector<std::vector<std::string>> rows;   ///< of results.csv, the header first

  static Outcome of(const std::filesystem::path& run) {
    Outcome outcome;
    for (const auto& file : std::filesystem::recursive_directory_iterator(run / "networks"))
      if (file.is_regular_file())
        outcome.networks[file.path().lexically_relative(run / "networks")] = read_file(file.path());
    std::ifstream stream(run / "results.csv");
    for (std::string line; std::getline(stream, line);) {
      std::stringstream fields(line);
      std::vector<std::string> row;
      for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
      row.resize(row.size() - 2);
      outcome.rows.push_back(std::move(row));
    }
    return outcome;
  }
};

}  // namespace cag::test

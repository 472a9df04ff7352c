#include "streets/data_set.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <iterator>
#include <mutex>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <ATen/ops/from_blob.h>

#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>
#include <cag/io/file_reader.hpp>
#include <cag/io/replace_file.hpp>

#include "common/folders.hpp"
#include "streets/develop.hpp"
#include "streets/render.hpp"
#include "streets/scene.hpp"

namespace streets {
namespace {

using std::filesystem::path;

constexpr std::string_view kDescription = "streets.txt";
constexpr std::pair<std::string_view, Layout> kLayouts[] = {
    {"gta5", Layout::kGta5}, {"synthia", Layout::kSynthia}, {"cityscapes", Layout::kCityscapes}};

void check(const DataSet& d) {
  const auto expect = [](std::string_view name, std::int64_t value, std::int64_t low,
                         std::int64_t high) {
    if (value < low || value > high)
      throw cag::UsageError("{}: expected {} to {}, got {}", name, low, high, value);
  };
  expect("width", d.size.width, 32, 8192);
  expect("height", d.size.height, 32, 8192);
  expect("images", d.images, 1, 99999);
  expect("validation", d.validation, 0, 99999);
  if (d.validation > 0 && d.layout != Layout::kCityscapes)
    throw cag::UsageError(
        "validation: expected 0, for only the layout cityscapes has a split for it, got {}",
        d.validation);
  expect("samples", d.samples, 1, 16);
  expect("workers", d.workers, 0, 1024);
}

/// All that decides what is drawn; the format is counted on when the same values draw other
/// pictures.
std::string description(const DataSet& d) {
  const auto* layout = std::begin(kLayouts);
  while (layout->second != d.layout) ++layout;
  return fmt::format(
      "format 3\nlayout {}\nstyle {}\nsize {} x {}\nimages {}\nvalidation {}\nseed {}\nsamples "
      "{}\n",
      layout->first, d.style.name, d.size.width, d.size.height, d.images, d.validation, d.seed,
      d.samples);
}

/// SYNTHIA's class id by that of Cityscapes; 0, void, where there is none.
std::vector<std::int32_t> synthia_ids() {
  std::vector<std::int32_t> ids(256);
  const auto from = cag::label_table::cityscapes(), to = cag::label_table::synthia();
  for (std::size_t k = 0; k < from.categories().size(); ++k)
    ids[static_cast<std::size_t>(from.categories()[k].ids.front())] =
        to.categories()[k].ids.front();
  return ids;
}

std::vector<cag::Colour> palette() {
  std::vector<cag::Colour> colours(256);
  const auto table = cag::label_table::cityscapes();
  for (const auto& category : table.categories())
    colours[static_cast<std::size_t>(category.ids.front())] = category.colour;
  return colours;
}

struct Files {
  path image, label;
};

/// Draws images of one data set below `root`.
class Painter {
 public:
  Painter(const DataSet& data_set, path root) : data_(data_set), root_(std::move(root)) {}

  void make_folders() const {
    for (const auto number : {std::int64_t{0}, data_.images}) {
      if (number == data_.images && data_.validation == 0) continue;
      const auto files = files_of(number);
      common::make_folder((root_ / files.image).parent_path());
      common::make_folder((root_ / files.label).parent_path());
    }
  }

  /// @throws cag::DataError naming the first file that is not there
  void expect_files() const {
    for (std::int64_t number = 0; number < data_.images + data_.validation; ++number) {
      const auto files = files_of(number);
      for (const auto& file : {files.image, files.label})
        if (!std::filesystem::exists(root_ / file))
          throw cag::DataError("{}: expected the files that streets drew, found no {}",
                               root_.string(), file.string());
    }
  }

  void paint(std::int64_t number) const {
    const auto [split, index] = place_of(number);
    Random random({.seed = data_.seed,
                   .purpose = cag::purpose(fmt::format("{} {}", data_.style.name, split)),
                   .index = static_cast<std::uint64_t>(index)});
    const auto scene = draw_scene(data_.style, random);
    const auto picture = render(scene, data_.size, data_.samples, random);
    auto pixels = develop(picture, data_.style.optics, random);
    const auto files = files_of(number);
    cag::png::write_rgb(
        root_ / files.image,
        at::from_blob(pixels.data(), {data_.size.height, data_.size.width, 3}, at::kByte));
    write_labels(picture, root_ / files.label);
  }

 private:
  std::pair<std::string_view, std::int64_t> place_of(std::int64_t number) const {
    return number < data_.images ? std::pair("train", number)
                                 : std::pair("val", number - data_.images);
  }

  Files files_of(std::int64_t number) const {
    if (data_.layout == Layout::kGta5) {
      const auto file = fmt::format("{:05}.png", number + 1);
      return {path("images") / file, path("labels") / file};
    }
    if (data_.layout == Layout::kSynthia) {
      const auto file = fmt::format("{:07}.png", number);
      return {path("RGB") / file, path("GT") / "LABELS" / file};
    }
    const auto [split, index] = place_of(number);
    const auto stem = fmt::format("streets_000000_{:06}", index);
    return {path("leftImg8bit") / split / "streets" / (stem + "_leftImg8bit.png"),
            path("gtFine") / split / "streets" / (stem + "_gtFine_labelIds.png")};
  }

  void write_labels(const Picture& picture, const path& file) const {
    const std::array<std::int64_t, 2> shape{data_.size.height, data_.size.width};
    if (data_.layout == Layout::kSynthia) {
      std::vector<std::int32_t> ids;
      for (const auto category : picture.seen)
        ids.push_back(synthia_ids_[static_cast<std::size_t>(category)]);
      cag::png::write_label_ids16(file, at::from_blob(ids.data(), shape, at::kInt));
      return;
    }
    std::vector<std::uint8_t> ids;
    for (const auto category : picture.seen) ids.push_back(static_cast<std::uint8_t>(category));
    cag::png::write_labels(file, at::from_blob(ids.data(), shape, at::kByte), palette_);
  }

  const DataSet& data_;
  path root_;
  std::vector<cag::Colour> palette_ = palette();
  std::vector<std::int32_t> synthia_ids_ = synthia_ids();
};

/// Calls `work(i)` for all i below `count`, on several threads; the first error stops all.
template <typename Work>
void side_by_side(std::int64_t count, int workers, Work&& work) {
  std::atomic<std::int64_t> next = 0;
  std::exception_ptr error;
  std::mutex mutex;
  {
    const auto stop = [&] {
      next = count;
      const std::scoped_lock lock(mutex);
      if (!error) error = std::current_exception();
    };
    std::vector<std::jthread> threads;
    const auto wanted = std::min<std::int64_t>(workers, count);
    try {
      while (std::ssize(threads) < wanted)
        threads.emplace_back([&] {
          try {
            for (auto i = next++; i < count; i = next++) work(i);
          } catch (...) {
            stop();
          }
        });
    } catch (const std::system_error& system) {
      next = count;
      throw cag::IoError("cannot start thread {} of {}: {}", std::ssize(threads) + 1, wanted,
                         system.code().message());
    }
  }
  if (error) std::rethrow_exception(error);
}

void draw_all(const DataSet& d, const path& root) {
  const Painter painter(d, root);
  painter.make_folders();
  const auto count = d.images + d.validation;
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::mutex mutex;
  std::int64_t done = 0;
  side_by_side(count, d.workers > 0 ? d.workers : cores, [&](std::int64_t i) {
    painter.paint(i);
    const std::scoped_lock lock(mutex);
    ++done;
    if (d.progress) d.progress(done, count);
  });
  const auto text = description(d);
  const std::string_view piece = text;
  cag::replace_file(root / kDescription, {&piece, 1});
}

/// What the streets.txt in a folder says, "" where there is none of ours.
std::string description_at(const path& folder) {
  constexpr std::size_t kMost = 1000;
  const auto file = folder / kDescription;
  if (!common::is_there(file)) return {};
  cag::FileReader reader(file);
  if (reader.size() > kMost) return {};
  std::string text(reader.size(), '\0');
  reader.read(text.data(), text.size());
  const bool is_ours = text.starts_with("format ") &&
                       std::all_of(text.begin(), text.end(),
                                   [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
  return is_ours ? text : std::string();
}

/// The first line by which two descriptions differ, of each.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_of_a(a), lines_of_b(b);
  std::string of_a, of_b;
  while (of_a == of_b && std::getline(lines_of_a, of_a) && std::getline(lines_of_b, of_b)) {
  }
  return {of_a, of_b};
}

}  // namespace

Layout layout_by_name(std::string_view name) {
  for (const auto& [known, layout] : kLayouts)
    if (known == name) return layout;
  throw cag::UsageError("layout: expected gta5, synthia or cityscapes, got {}", name);
}

bool draw(const DataSet& data_set, const path& out) {
  check(data_set);
  if (!common::is_there(out)) {
    common::make_whole(out, [&](const path& fresh) { draw_all(data_set, fresh); });
    return true;
  }
  const auto found = description_at(out);
  if (found.empty())
    throw cag::UsageError(
        "{}: expected a new folder or one that streets drew, found something else", out.string());
  if (found != description(data_set)) {
    const auto [there, asked] = first_difference(found, description(data_set));
    throw cag::UsageError("{}: expected a new folder, found another data set: {} in place of {}",
                          out.string(), there, asked);
  }
  Painter(data_set, out).expect_files();
  return false;
}

}  // namespace streets

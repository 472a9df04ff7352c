#include "blocks/blocks.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include <cag/detail/aside.hpp>
#include <cag/error.hpp>
#include <cag/io/file_system.hpp>

#include "blocks/scene.hpp"
#include "blocks/style.hpp"

namespace blocks {
namespace {

using std::filesystem::path;

void check(const Options& options) {
  for (const auto length : {options.size.width, options.size.height})
    if (length < 32 || length > 4096)
      throw cag::UsageError("size: expected 32 to 4096 pixels each way, got {} x {}",
                            options.size.width, options.size.height);
  if (options.images < 2 || options.images > 99999)
    throw cag::UsageError("images: expected 2 to 99999, got {}", options.images);
}

void make_folder(const path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw cag::IoError("cannot create {}: {}", folder.string(), error.message());
}

std::vector<cag::Colour> palette() {
  std::vector<cag::Colour> colours(256);
  const auto table = cag::label_table::cityscapes();
  for (const auto& category : table.categories())
    colours[static_cast<std::size_t>(category.ids.front())] = category.colour;
  return colours;
}

class Writer {
 public:
  Writer(const Options& options, path root) : options_(options), root_(std::move(root)) {}

  void write(std::string_view part, std::int64_t index, const Style& style, const path& image,
             const path& label) const {
    cag::Stream stream({.seed = options_.seed,
                        .purpose = cag::purpose(part),
                        .index = static_cast<std::uint64_t>(index)});
    const auto scene = Scene::draw(options_.size, stream);
    make_folder((root_ / image).parent_path());
    make_folder((root_ / label).parent_path());
    cag::png::write_rgb(root_ / image, style(scene.image, stream));
    cag::png::write_labels(root_ / label, scene.ids, palette_);
  }

  void write_target(const path& split, std::int64_t index) const {
    const auto stem = fmt::format("blocks_000000_{:06}", index);
    write(split.string(), index, kDusk,
          "cityscapes/leftImg8bit" / split / "blocks" / (stem + "_leftImg8bit.png"),
          "cityscapes/gtFine" / split / "blocks" / (stem + "_gtFine_labelIds.png"));
  }

 private:
  Options options_;
  path root_;
  std::vector<cag::Colour> palette_ = palette();
};

}  // namespace

void generate(const Options& options, const path& out) {
  check(options);
  const cag::PosixFs fs;
  const cag::detail::Aside aside(out);
  if (fs.exists(aside.final()))
    throw cag::UsageError("{} exists already: expected a new folder", out.string());
  make_folder(aside.parent());
  const auto fresh = aside.fresh();
  try {
    const Writer writer(options, fresh);
    for (std::int64_t i = 0; i < options.images; ++i) {
      const auto file = fmt::format("{:05}.png", i + 1);
      writer.write("source", i, kClean, path("gta5/images") / file, path("gta5/labels") / file);
      writer.write_target("train", i);
    }
    for (std::int64_t i = 0; i < std::max<std::int64_t>(1, options.images / 4); ++i)
      writer.write_target("val", i);
    fs.rename(fresh, aside.final());
  } catch (...) {
    cag::detail::remove_quietly(fs, fresh);
    throw;
  }
}

}  // namespace blocks

#include "pipeline/convert_camvid.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cag/data/detail/problems.hpp>
#include <cag/data/detail/scan.hpp>
#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include <cag/error.hpp>

#include "common/folders.hpp"

namespace pipeline {
namespace {

using std::filesystem::path;

constexpr std::int64_t kHeight = 360, kWidth = 480;
constexpr std::string_view kDusk = "0001TP_";

struct Frame {
  path image, label;          // in the set
  path new_image, new_label;  // below the folder to make
};

/// CamVid's ids under Cityscapes' names of what they show.
cag::LabelTable camvid_table() {
  return {{{"sky", {}, {0}},
           {"building", {}, {1}},
           {"pole", {}, {2}},
           {"road", {}, {3}},
           {"sidewalk", {}, {4}},
           {"vegetation", {}, {5}},
           {"traffic sign", {}, {6}},
           {"fence", {}, {7}},
           {"car", {}, {8}},
           {"person", {}, {9}},
           {"rider", {}, {10}}},
          {11}};
}

void name_new_files(Frame& frame, std::string_view split, std::string_view name,
                    std::int64_t& days) {
  if (!name.starts_with(kDusk)) {
    const auto file = fmt::format("{:05}.png", ++days);
    frame.new_image = path("gta5/images") / file;
    frame.new_label = path("gta5/labels") / file;
    return;
  }
  const auto stem = fmt::format("{}/dusk/dusk_000000_{}", split, name.substr(kDusk.size()));
  frame.new_image = path("cityscapes/leftImg8bit") / (stem + "_leftImg8bit.png");
  frame.new_label = path("cityscapes/gtFine") / (stem + "_gtFine_labelIds.png");
}

/// The frames of the whole set with their new names.
/// @throws cag::DataError listing everything missing
std::vector<Frame> find_frames(const path& camvid) {
  cag::detail::Problems problems;
  std::vector<Frame> frames;
  std::set<std::string> names;
  std::int64_t days = 0;
  for (const std::string part : {"train", "val", "test"}) {
    cag::detail::Files images, labels;
    cag::detail::collect(camvid / part, ".png", images, problems);
    cag::detail::collect(camvid / (part + "annot"), ".png", labels, problems);
    cag::detail::expect_some(images, camvid / part, "*.png", problems);
    cag::detail::expect_some(labels, camvid / (part + "annot"), "*.png", problems);
    cag::detail::match(images, labels, problems);
    bool dusk = false;
    for (const auto& [name, image] : images) {
      if (!names.insert(name).second) problems.add(image.string() + ": in two parts of the set");
      const auto label = labels.find(name);
      if (label == labels.end()) continue;
      dusk |= name.starts_with(kDusk);
      Frame frame{.image = image, .label = label->second, .new_image = {}, .new_label = {}};
      name_new_files(frame, part == "test" ? "val" : "train", name, days);
      frames.push_back(std::move(frame));
    }
    if (dusk && part == "val")
      problems.add(fmt::format("{}: expected no frame {}*", (camvid / part).string(), kDusk));
    if (!dusk && part != "val" && !images.empty())
      problems.add(fmt::format("{}: no frame {}*", (camvid / part).string(), kDusk));
  }
  if (days == 0 && !frames.empty())
    problems.add(fmt::format("{}: no frame of another sequence than {}*", camvid.string(), kDusk));
  problems.raise(camvid.string());
  return frames;
}

void expect_size(const path& file) {
  const auto size = cag::png::size(file);
  if (size != cag::ImageSize{kHeight, kWidth})
    throw cag::DataError("{}: expected {} x {} pixels, got {} x {}", file.string(), kWidth, kHeight,
                         size.width, size.height);
}

/// [360, 480, 3] uint8 -> [180, 240, 3] uint8, the rounded mean of each 2 x 2 pixels.
at::Tensor halved(const at::Tensor& image) {
  const auto blocks = image.to(at::kInt).view({kHeight / 2, 2, kWidth / 2, 2, 3});
  return blocks.sum({1, 3}, /*keepdim=*/false, at::kInt)
      .add(2)
      .bitwise_right_shift(2)
      .to(at::kByte);
}

class Converter {
 public:
  explicit Converter(path root) : root_(std::move(root)) {
    // A colour for any id, as tools expect of GTA5's label files.
    palette_.resize(256);
    const auto all = cag::label_table::cityscapes();
    for (const auto& category : all.categories())
      palette_[static_cast<std::size_t>(category.ids.front())] = category.colour;
  }

  void convert(const Frame& frame) const {
    expect_size(frame.image);
    expect_size(frame.label);
    const auto image = cag::png::read_rgb(frame.image);
    const auto labels = camvid_.apply(cag::png::read_label_ids(frame.label), frame.label.string());
    const auto every_second = labels.slice(0, {}, {}, 2).slice(1, {}, {}, 2);
    common::make_folder((root_ / frame.new_image).parent_path());
    common::make_folder((root_ / frame.new_label).parent_path());
    cag::png::write_rgb(root_ / frame.new_image, halved(image));
    const bool day = *frame.new_label.begin() == "gta5";
    cag::png::write_labels(root_ / frame.new_label, cityscapes_.ids(every_second),
                           day ? palette_ : std::vector<cag::Colour>{});
  }

 private:
  path root_;
  cag::LabelTable camvid_ = camvid_table();
  cag::LabelTable cityscapes_ = cag::label_table::cityscapes().select(camvid_.names());
  std::vector<cag::Colour> palette_;
};

}  // namespace

void convert_camvid(const path& camvid, const path& out) {
  common::expect_new(out);
  const auto frames = find_frames(camvid);
  common::make_whole(out, [&](const path& fresh) {
    const Converter converter(fresh);
    cag::detail::Problems problems;
    for (const auto& frame : frames) {
      try {
        converter.convert(frame);
      } catch (const cag::DataError& error) {
        problems.add(error.what());
      }
    }
    problems.raise(camvid.string());
  });
  fmt::print("{} frames -> {}\n", frames.size(), out.string());
}

}  // namespace pipeline

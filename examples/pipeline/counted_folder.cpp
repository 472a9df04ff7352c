#include "pipeline/counted_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include <cag/data/image_file.hpp>
#include <cag/data/png.hpp>

namespace pipeline {
namespace {

using cag::data::LabelledFolder;
using cag::label_file::Colours;
using cag::label_file::Ids;

/// Stands for a colour; kMore for those of a file that are too many to tell apart.
constexpr std::int64_t kMore = -1;
std::int64_t value_of(const cag::Colour& c) { return c[0] << 16 | c[1] << 8 | c[2]; }
cag::Colour colour_of_value(std::int64_t value) {
  return {static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
          static_cast<std::uint8_t>(value)};
}

at::Tensor stored(const LabelledFolder<Ids>&, const std::filesystem::path& label) {
  return cag::png::read_label_ids(label);
}
at::Tensor stored(const LabelledFolder<Colours>&, const std::filesystem::path& label) {
  return cag::png::read_label_colours(label);
}

void count_values(const LabelledFolder<Ids>&, const at::Tensor& ids, LabelCounts& found) {
  const auto counts = ids.to(at::kLong).view({-1}).bincount();
  const auto* count = counts.const_data_ptr<std::int64_t>();
  for (std::int64_t id = 0; id < counts.numel(); ++id)
    if (count[id] > 0) found.pixels[id] = count[id];
}

void count_values(const LabelledFolder<Colours>& folder, const at::Tensor& colours,
                  LabelCounts& found) {
  constexpr std::size_t kUnlistedShown = 20;
  const auto* c = colours.const_data_ptr<std::uint8_t>();
  std::size_t unlisted = 0;
  for (const auto* end = c + colours.numel(); c != end; c += 3) {
    const cag::Colour colour{c[0], c[1], c[2]};
    auto value = value_of(colour);
    if (!found.pixels.contains(value) && !folder.label_file().table.meaning(colour) &&
        ++unlisted > kUnlistedShown)
      value = kMore;
    ++found.pixels[value];
  }
}

std::optional<std::int64_t> meaning_of_value(const LabelledFolder<Ids>& folder,
                                             std::int64_t value) {
  return folder.label_file().table.meaning(static_cast<std::int32_t>(value));
}

std::optional<std::int64_t> meaning_of_value(const LabelledFolder<Colours>& folder,
                                             std::int64_t value) {
  if (value == kMore) return {};
  return folder.label_file().table.meaning(colour_of_value(value));
}

template <typename L>
CountedLabels counted_labels(const LabelledFolder<L>& folder) {
  return {.labelled = folder,
          .count =
              [folder](std::int64_t i) {
                const auto path = folder.path(i), label_path = folder.label_path(i);
                const auto image = cag::image_file::read_rgb(path);
                cag::detail::expect_lossless(label_path);
                const auto values = stored(folder, label_path);
                cag::detail::expect_one_size(image, path, values, label_path);
                LabelCounts found{.size = {image.size(0), image.size(1)}, .pixels = {}};
                count_values(folder, values, found);
                return found;
              },
          .meaning = [folder](std::int64_t value) { return meaning_of_value(folder, value); },
          .text =
              [](std::int64_t value) {
                if (std::is_same_v<L, Ids>) return fmt::format("{}", value);
                return value == kMore ? "others" : colour_text(colour_of_value(value));
              },
          .heading = std::is_same_v<L, Ids> ? "label id" : "label colour"};
}

}  // namespace

std::string colour_text(const cag::Colour& colour) {
  return fmt::format("[{}, {}, {}]", colour[0], colour[1], colour[2]);
}

CountedLabels counted(const LabelledFolder<Ids>& folder) { return counted_labels(folder); }

CountedLabels counted(const LabelledFolder<Colours>& folder) { return counted_labels(folder); }

}  // namespace pipeline

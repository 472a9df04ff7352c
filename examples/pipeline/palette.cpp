#include "pipeline/palette.hpp"

#include <cstdint>
#include <set>

namespace pipeline {
namespace {

/// PASCAL VOC's colour of a number: its bits, three at a time, from the highest bit of each channel
/// down.
cag::Colour voc_colour(unsigned number) {
  cag::Colour colour{};
  for (int bit = 7; bit >= 0; --bit, number >>= 3)
    for (unsigned channel = 0; channel < 3; ++channel)
      colour[channel] |= static_cast<std::uint8_t>((number >> channel & 1) << bit);
  return colour;
}

}  // namespace

std::vector<cag::Colour> picture_colours(const std::vector<Config::CategoryRow>& rows) {
  std::set<cag::Colour> taken;
  for (const auto& row : rows)
    if (row.colour) taken.insert(*row.colour);
  unsigned next = 1;  // 0 is black, which is no category
  const auto choose = [&](const Config::CategoryRow& row) {
    for (const auto* values : {&row.target, &row.source})
      for (const auto& colour : values->colours)
        if (taken.insert(colour).second) return colour;
    while (!taken.insert(voc_colour(next)).second) ++next;
    return voc_colour(next);
  };
  std::vector<cag::Colour> colours;
  for (const auto& row : rows) colours.push_back(row.colour ? *row.colour : choose(row));
  return colours;
}

}  // namespace pipeline

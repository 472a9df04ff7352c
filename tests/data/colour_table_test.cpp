#include <cag/data/colour_table.hpp>

#include <ATen/ops/tensor.h>

#include <cag/data/label_tables.hpp>
#include <cag/data/png.hpp>
#include "crafted_png.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::Colour;
using cag::ColourTable;
using cag::kIgnoreIndex;
using cag::test::bytes_of;
using cag::test::CraftedPng;
using Catch::Contains;

namespace {

/// [H, W, 3] of rows of colours.
at::Tensor picture(const std::vector<std::vector<Colour>>& rows) {
  std::vector<std::int64_t> values;
  for (const auto& row : rows)
    for (const auto& colour : row) values.insert(values.end(), colour.begin(), colour.end());
  return at::tensor(values).to(at::kByte).view(
      {std::ssize(rows), std::ssize(rows.front()), std::int64_t{3}});
}

std::vector<std::int64_t> values(const at::Tensor& tensor) {
  const auto flat = tensor.contiguous().flatten();
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}
using Values = std::vector<std::int64_t>;

constexpr Colour kRoad{128, 64, 128}, kLane{255, 255, 255}, kCar{0, 0, 142}, kVoid{0, 0, 0};

}  // namespace

TEST_CASE("Each colour of a table means its category, and the ignored ones none") {
  const ColourTable table({{kRoad, kLane}, {}, {kCar}}, {kVoid});
  CHECK(table.size() == 3);
  const auto labels = table.apply(picture({{kRoad, kCar}, {kLane, kVoid}}), "a.png");
  CHECK(labels.sizes() == at::IntArrayRef({2, 2}));
  CHECK(values(labels) == Values{0, 2, 0, kIgnoreIndex});
  CHECK(values(table.apply(picture({{kRoad, kCar}, {kLane, kVoid}}).transpose(0, 1), "")) ==
        Values{0, 0, 2, kIgnoreIndex});
  CHECK(table.meaning(kLane) == 0);
  CHECK(table.meaning(kVoid) == kIgnoreIndex);
  CHECK_FALSE(table.meaning({1, 2, 3}).has_value());
}

TEST_CASE("A colour that is not in the table is refused with file, colour and place") {
  const ColourTable table({{kRoad}, {kCar}}, {});
  const auto apply = [&] {
    table.apply(picture({{kRoad, kRoad, kCar},
                         {kCar, {128, 64, 129}, {9, 9, 9}},
                         {kRoad, {128, 64, 129}, kRoad}}),
                "day/7.png");
  };
  CHECK_THROWS_AS(apply(), cag::DataError);
  CHECK_THROWS_WITH(apply(),
                    "day/7.png: colour (128, 64, 129) at x 1, y 1 is not in the table; 3 "
                    "px of 2 such colours");
}

TEST_CASE("A colour has one meaning, and a table one colour at least") {
  CHECK_THROWS_WITH(ColourTable({{kRoad}, {kRoad}}, {}),
                    Contains("colour (128, 64, 128) is listed twice"));
  CHECK_THROWS_WITH(ColourTable({{kRoad}}, {kRoad}), Contains("listed twice"));
  CHECK_THROWS_WITH(ColourTable({{}, {}}, {}), Contains("expected a colour of a category"));
  CHECK_THROWS_AS(ColourTable({{}, {}}, {kVoid}), cag::DataError);
  CHECK_THROWS_WITH(ColourTable(std::vector<std::vector<Colour>>(300), {}),
                    Contains("expected 1 to 250 categories, got 300"));
}

TEST_CASE("The colours of Cityscapes' pictures are a table of its 19 categories") {
  const auto table = ColourTable::of(cag::label_table::cityscapes(), {kVoid});
  CHECK(table.size() == 19);
  CHECK(values(table.apply(picture({{{119, 11, 32}, kVoid, kRoad}}), "")) ==
        Values{18, kIgnoreIndex, 0});
}

TEST_CASE("Label files give their colours, whatever kind of PNG of 8 bits they are") {
  const cag::test::TemporaryFolder folder;
  const auto read = [&](const CraftedPng& file) {
    cag::test::write_file(folder / "a.png", file.bytes());
    return values(cag::png::read_label_colours(folder / "a.png").to(at::kLong));
  };
  const auto two = [](int depth, int type, const std::vector<int>& rows) {
    return CraftedPng{.width = 2, .bit_depth = depth, .colour_type = type, .rows = bytes_of(rows)};
  };
  CHECK(read(two(8, 2, {1, 2, 3, 4, 5, 6})) == Values{1, 2, 3, 4, 5, 6});
  CHECK(read(two(8, 6, {1, 2, 3, 255, 4, 5, 6, 255})) == Values{1, 2, 3, 4, 5, 6});
  CHECK(read(two(8, 0, {7, 9})) == Values{7, 7, 7, 9, 9, 9});
  CHECK(read(two(1, 0, {0b01000000})) == Values{0, 0, 0, 255, 255, 255});
  auto indexed = two(8, 3, {1, 0});
  indexed.palette = bytes_of({10, 20, 30, 40, 50, 60});
  CHECK(read(indexed) == Values{40, 50, 60, 10, 20, 30});
  CHECK_THROWS_WITH(read(two(8, 6, {1, 2, 3, 255, 4, 5, 6, 254})),
                    Contains("a.png: label that is not opaque at x 1, y 0"));
  indexed.before_pixels = CraftedPng::chunk("tEXt", "k");
  CHECK(read(indexed) == Values{40, 50, 60, 10, 20, 30});
  CHECK_THROWS_WITH(read(two(16, 2, std::vector<int>(12, 5))), Contains("label of 16 bits"));
}

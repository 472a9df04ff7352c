#include <cag/data/label_table.hpp>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cag/data/label_tables.hpp>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::Category;
using cag::kIgnoreIndex;
using cag::LabelTable;
using Catch::Contains;

namespace {

const LabelTable& tiny() {
  static const LabelTable table({{"road", {1, 2, 3}, {7, 70}}, {"sky", {4, 5, 6}, {23}}}, {0, 300});
  return table;
}

at::Tensor ids_of(std::initializer_list<std::int32_t> ids) {
  return at::tensor(ids, at::kInt).unsqueeze(0);
}
at::Tensor labels_of(std::initializer_list<std::int64_t> labels) {
  return at::tensor(labels, at::kLong).unsqueeze(0);
}

}  // namespace

TEST_CASE("A label table gives each id its category or the ignore label") {
  const auto labels = tiny().apply(ids_of({23, 7, 0, 70, 300}), "a.png");
  CHECK(labels.scalar_type() == at::kLong);
  CHECK(at::equal(labels, labels_of({1, 0, kIgnoreIndex, 0, kIgnoreIndex})));
}

TEST_CASE("An unlisted id is an error that names id, count and file") {
  CHECK_THROWS_WITH(tiny().apply(ids_of({7, 200, 200, 8}), "b.png"),
                    "b.png: label ids that are not in the table: 8 (1 px), 200 (2 px)");
  CHECK_THROWS_AS(tiny().apply(ids_of({200}), "b.png"), cag::DataError);
  CHECK_THROWS_WITH(tiny().apply(ids_of({-1}), "b.png"), Contains("-1 (1 px)"));
  CHECK_THROWS_WITH(tiny().apply(ids_of({700}), "b.png"), Contains("700 (1 px)"));
  CHECK_THROWS_WITH(tiny().apply(ids_of({1, 2, 3, 4, 5, 6, 8}), "b.png"),
                    Contains("5 (1 px), and 2 more"));
}

TEST_CASE("A label table checks the shape and type of ids") {
  CHECK_THROWS_WITH(tiny().apply(at::zeros({2, 3}, at::kLong), "c.png"),
                    Contains("expected ids [H, W] int32, got [2, 3]"));
  CHECK_THROWS_WITH(tiny().apply(at::zeros({6}, at::kInt), "c.png"), Contains("got [6]"));
  CHECK(at::equal(tiny().apply(ids_of({7, 23}).t(), "c.png"), labels_of({0, 1}).t()));
}

TEST_CASE("Predictions become the first id of their category") {
  const auto ids = tiny().ids(labels_of({1, 0, kIgnoreIndex}));
  CHECK(ids.scalar_type() == at::kByte);
  CHECK(at::equal(ids, ids_of({23, 7, 0}).to(at::kByte)));
  CHECK(at::equal(tiny().ids(labels_of({kIgnoreIndex}), 255), ids_of({255}).to(at::kByte)));
  CHECK_THROWS_WITH(tiny().ids(labels_of({2})), Contains("below 2, got 2"));
  CHECK_THROWS_WITH(tiny().ids(labels_of({-1})), Contains("got -1"));
  CHECK_THROWS_WITH(LabelTable({{"a", {}, {256}}}, {}).ids(labels_of({0})), Contains("got 256"));
}

TEST_CASE("A selection renumbers its categories and ignores the others") {
  const std::vector<std::string> names{"sky"};
  const auto sky = tiny().select(names);
  CHECK(sky.size() == 1);
  CHECK(at::equal(sky.apply(ids_of({23, 7, 70, 0}), ""),
                  labels_of({0, kIgnoreIndex, kIgnoreIndex, kIgnoreIndex})));
  CHECK_THROWS_AS(sky.apply(ids_of({8}), ""), cag::DataError);
  const std::vector<std::string> reversed{"sky", "road"};
  CHECK(at::equal(tiny().select(reversed).apply(ids_of({23, 70}), ""), labels_of({0, 1})));
}

TEST_CASE("A selection names the category it cannot find") {
  const std::vector<std::string> names{"moon"};
  CHECK_THROWS_WITH(tiny().select(names), "no category moon: expected one of road, sky");
  CHECK_THROWS_AS(tiny().select(std::vector<std::string>{}), cag::DataError);
  CHECK_THROWS_AS(tiny().select(std::vector<std::string>{"sky", "sky"}), cag::DataError);
}

TEST_CASE("A contradictory label table is refused") {
  const auto refuses = [](std::vector<Category> categories, std::vector<std::int32_t> ignored,
                          const std::string& reason) {
    CHECK_THROWS_WITH(LabelTable(std::move(categories), std::move(ignored)), Contains(reason));
  };
  refuses({{"a", {}, {1}}, {"b", {}, {1}}}, {}, "label id 1 is listed twice");
  refuses({{"a", {}, {1}}}, {1}, "label id 1 is listed twice");
  refuses({{"a", {}, {1}}, {"a", {}, {2}}}, {}, "category a is listed twice");
  refuses({{"a", {}, {}}}, {}, "category a has no id");
  refuses({{"a", {}, {-1}}}, {}, "from 0 to 65535, got -1");
  refuses({{"a", {}, {65536}}}, {}, "got 65536");
  refuses({}, {1}, "1 to 250 categories, got 0");
  std::vector<Category> many;
  for (int k = 0; k < 251; ++k) many.push_back({std::to_string(k), {}, {k}});
  refuses(many, {}, "got 251");
  many.pop_back();
  CHECK(LabelTable(many, {}).size() == 250);
}

TEST_CASE("Cityscapes has its 19 trainIds in order and ignores its other ids") {
  const auto table = cag::label_table::cityscapes();
  REQUIRE(table.size() == 19);
  const auto trained =
      ids_of({7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33});
  const auto labels = table.apply(trained, "");
  for (std::int64_t k = 0; k < 19; ++k) CHECK(labels[0][k].item<std::int64_t>() == k);
  CHECK(at::equal(table.ids(labels), trained.to(at::kByte)));
  const auto ignored = ids_of({0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30});
  CHECK(at::equal(table.apply(ignored, ""), at::full({1, 15}, kIgnoreIndex, at::kLong)));
  CHECK(table.names()[13] == "car");
  CHECK(table.colours()[13] == cag::Colour{0, 0, 142});
  CHECK(table.names()[18] == "bicycle");
}

TEST_CASE("GTA5 differs from Cityscapes in the void id 34") {
  CHECK_THROWS_WITH(cag::label_table::cityscapes().apply(ids_of({34}), "x"), Contains("34 (1 px)"));
  CHECK(at::equal(cag::label_table::gta5().apply(ids_of({34, 26}), "x"),
                  labels_of({kIgnoreIndex, 13})));
  CHECK_THROWS_AS(cag::label_table::gta5().apply(ids_of({35}), "x"), cag::DataError);
}

TEST_CASE("A partial table lacks some of its categories") {
  const auto table = LabelTable::partial({{"road", {}, {7}}, {"train", {}, {}}}, {0});
  CHECK(table.size() == 2);
  CHECK(table.names() == std::vector<std::string>{"road", "train"});
  CHECK(table.meaning(7) == 0);
  CHECK(table.meaning(0) == kIgnoreIndex);
  CHECK_FALSE(table.meaning(8).has_value());
  CHECK(table.apply(at::full({1, 2}, 7, at::kInt), "").eq(0).all().item<bool>());
  CHECK_THROWS_WITH(table.ids(at::full({1, 1}, 1, at::kLong)),
                    Contains("category train has no id to write"));
  CHECK(table.select(std::vector<std::string>{"train", "road"}).size() == 2);
  CHECK_THROWS_WITH(LabelTable::partial({{"road", {}, {}}, {"train", {}, {}}}, {0}),
                    Contains("expected an id of a category, got none"));
  CHECK_THROWS_WITH(LabelTable::partial({{"road", {}, {7}}, {"road", {}, {}}}, {}),
                    Contains("category road is listed twice"));
}

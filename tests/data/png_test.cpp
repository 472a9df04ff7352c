#include <cag/data/png.hpp>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <string>

#include "crafted_png.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

namespace png = cag::png;
using cag::test::bytes_of;
using cag::test::CraftedPng;
using cag::test::read_file;
using cag::test::TemporaryFolder;
using cag::test::write_file;
using Catch::Contains;

namespace {

std::vector<std::int64_t> values(const at::Tensor& tensor) {
  const auto flat = tensor.to(at::kLong).contiguous().flatten();
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}
using Values = std::vector<std::int64_t>;

long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  statm >> total >> resident;
  return resident * 4;
}

}  // namespace

TEST_CASE("A colour image reads back as written") {
  TemporaryFolder folder;
  const auto image = at::randint(0, 256, {37, 53, 3}, at::kByte);
  png::write_rgb(folder / "a.png", image);
  CHECK(at::equal(png::read_rgb(folder / "a.png"), image));
  CHECK(png::size(folder / "a.png") == cag::ImageSize{37, 53});
}

TEST_CASE("Colours are read from every kind of PNG") {
  TemporaryFolder folder;
  const auto read = [&](const CraftedPng& file) {
    write_file(folder / "a.png", file.bytes());
    return values(png::read_rgb(folder / "a.png"));
  };
  const auto two = [](int depth, int type, const std::vector<int>& rows) {
    return CraftedPng{.width = 2, .bit_depth = depth, .colour_type = type, .rows = bytes_of(rows)};
  };
  CHECK(read(two(8, 2, {1, 2, 3, 4, 5, 6})) == Values{1, 2, 3, 4, 5, 6});
  CHECK(read(two(8, 0, {7, 9})) == Values{7, 7, 7, 9, 9, 9});
  CHECK(read(two(8, 4, {7, 128, 9, 0})) == Values{7, 7, 7, 9, 9, 9});
  CHECK(read(two(8, 6, {1, 2, 3, 0, 4, 5, 6, 128})) == Values{1, 2, 3, 4, 5, 6});
  CHECK(read(two(16, 2, {1, 99, 2, 99, 3, 99, 4, 99, 5, 99, 6, 99})) == Values{1, 2, 3, 4, 5, 6});
  CHECK(read(two(16, 0, {7, 99, 9, 99})) == Values{7, 7, 7, 9, 9, 9});
  CHECK(read(two(1, 0, {0b01000000})) == Values{0, 0, 0, 255, 255, 255});
  auto indexed = two(8, 3, {1, 0});
  indexed.palette = bytes_of({10, 20, 30, 40, 50, 60});
  CHECK(read(indexed) == Values{40, 50, 60, 10, 20, 30});
}

TEST_CASE("Label ids are grey values, palette indices, or the first of 16-bit RGB") {
  TemporaryFolder folder;
  const auto read = [&](const CraftedPng& file) {
    write_file(folder / "a.png", file.bytes());
    const auto ids = png::read_label_ids(folder / "a.png");
    CHECK(ids.scalar_type() == at::kInt);
    CHECK(ids.sizes() == at::IntArrayRef({file.height, file.width}));
    return values(ids);
  };
  const std::string colours = bytes_of(std::vector<int>(48, 5));
  SECTION("8-bit grey") {
    CHECK(read({.width = 2, .height = 2, .rows = bytes_of({7, 0, 255, 33})}) ==
          Values{7, 0, 255, 33});
  }
  SECTION("8-bit palette: the index, whatever the colour") {
    CHECK(read({.width = 2, .colour_type = 3, .rows = bytes_of({7, 34}), .palette = colours}) ==
          Values{7, 34});
  }
  SECTION("4-bit palette, with an odd width") {
    CHECK(read({.width = 3,
                .height = 2,
                .bit_depth = 4,
                .colour_type = 3,
                .rows = bytes_of({0x1f, 0x20, 0x07, 0xe0}),
                .palette = colours}) == Values{1, 15, 2, 0, 7, 14});
  }
  SECTION("2-bit and 1-bit grey, unscaled") {
    CHECK(read({.width = 5, .bit_depth = 2, .rows = bytes_of({0b00011011, 0b11000000})}) ==
          Values{0, 1, 2, 3, 3});
    CHECK(read({.width = 9, .bit_depth = 1, .rows = bytes_of({0b01100001, 0b10000000})}) ==
          Values{0, 1, 1, 0, 0, 0, 0, 1, 1});
  }
  SECTION("16-bit grey") {
    CHECK(read({.width = 2, .bit_depth = 16, .rows = bytes_of({0x02, 0xbc, 0, 8})}) ==
          Values{700, 8});
  }
  SECTION("16-bit RGB: the first channel") {
    CHECK(read({.width = 2,
                .bit_depth = 16,
                .colour_type = 2,
                .rows = bytes_of({0, 11, 9, 9, 9, 9, 1, 3, 9, 9, 9, 9})}) == Values{11, 259});
  }
  SECTION("interlaced 4-bit") {
    // 3 x 1: pass 1 holds column 0, pass 4 column 2, pass 6 column 1.
    CHECK(read({.width = 3,
                .bit_depth = 4,
                .rows = bytes_of({0, 0x10, 0, 0x30, 0, 0x20}),
                .interlaced = true}) == Values{1, 2, 3});
  }
}

TEST_CASE("A label file that holds colours is refused") {
  TemporaryFolder folder;
  const auto path = folder / "label.png";
  const auto refuses = [&](const CraftedPng& file, const std::string& reason) {
    write_file(path, file.bytes());
    CHECK_THROWS_WITH(png::read_label_ids(path), Contains(path.string()) && Contains(reason));
    CHECK_THROWS_AS(png::read_label_ids(path), cag::DataError);
  };
  refuses({.colour_type = 2, .rows = bytes_of({1, 2, 3})}, "RGB label where ids are expected");
  refuses({.colour_type = 4, .rows = bytes_of({1, 2})}, "alpha");
  refuses({.colour_type = 6, .rows = bytes_of({1, 2, 3, 4})}, "alpha");
}

TEST_CASE("A PNG cut short anywhere is refused with its path") {
  TemporaryFolder folder;
  png::write_rgb(folder / "whole.png", at::randint(0, 256, {40, 50, 3}, at::kByte));
  const std::string whole = read_file(folder / "whole.png");
  REQUIRE(whole.size() > 6000);
  std::vector<std::size_t> cuts;
  for (std::size_t n = 0; n < whole.size(); n += 64) cuts.push_back(n);
  for (std::size_t n = 1; n <= 16; ++n) cuts.push_back(whole.size() - n);
  const auto path = folder / "cut.png";
  for (const std::size_t n : cuts) {
    CAPTURE(n);
    write_file(path, whole.substr(0, n));
    CHECK_THROWS_WITH(png::read_rgb(path), Contains(path.string()) && Contains("truncated"));
    CHECK_THROWS_AS(png::read_rgb(path), cag::DataError);
  }
}

TEST_CASE("A flipped bit anywhere in a PNG is refused") {
  TemporaryFolder folder;
  const std::string sound = CraftedPng{.width = 3, .rows = bytes_of({1, 2, 3})}.bytes();
  const auto path = folder / "flipped.png";
  for (std::size_t bit = 0; bit < 8 * sound.size(); ++bit) {
    CAPTURE(bit / 8, bit % 8);
    std::string bytes = sound;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    write_file(path, bytes);
    CHECK_THROWS_AS(png::read_label_ids(path), cag::DataError);
  }
}

TEST_CASE("What is not a PNG file is refused by name") {
  TemporaryFolder folder;
  const auto refuses = [](const std::filesystem::path& path, const std::string& reason) {
    CHECK_THROWS_WITH(png::read_rgb(path), Contains(path.string()) && Contains(reason));
    CHECK_THROWS_AS(png::size(path), cag::DataError);
  };
  write_file(folder / "text.png", "this is a text that is long enough to hold a header");
  refuses(folder / "text.png", "not a PNG");
  write_file(folder / "empty.png", "");
  refuses(folder / "empty.png", "truncated");
  refuses(folder / "missing.png", "No such file");
  std::filesystem::create_directory(folder / "folder.png");
  refuses(folder / "folder.png", "not a file");
  REQUIRE(::mkfifo((folder / "pipe.png").c_str(), 0600) == 0);
  refuses(folder / "pipe.png", "not a file");
  std::filesystem::create_symlink("loop.png", folder / "loop.png");
  refuses(folder / "loop.png", "cannot be opened");
}

TEST_CASE("A huge image is refused before it is allocated") {
  TemporaryFolder folder;
  const auto path = folder / "huge.png";
  const auto refuses = [&](std::uint32_t width, std::uint32_t height, const std::string& reason) {
    write_file(path, CraftedPng{.width = width, .height = height, .colour_type = 2}.bytes());
    const long before = resident_kib();
    CHECK_THROWS_WITH(png::read_rgb(path), Contains(path.string()) && Contains(reason));
    CHECK_THROWS_AS(png::read_label_ids(path), cag::DataError);
    CHECK(resident_kib() - before < 32 * 1024);
  };
  refuses(30000, 30000, "image of 30000 x 30000 pixels, above the limit of 16384");
  refuses(16385, 1, "above the limit");
  refuses(1, 16385, "above the limit");
  refuses(16384, 16384, "cannot hold 16384 x 16384 pixels");
}

TEST_CASE("A huge ancillary chunk is refused") {
  TemporaryFolder folder;
  const std::string text = "comment" + std::string(1, '\0') + std::string(9 << 20, 'x');
  write_file(folder / "a.png",
             CraftedPng{.rows = "x", .before_pixels = CraftedPng::chunk("tEXt", text)}.bytes());
  CHECK_THROWS_WITH(png::read_rgb(folder / "a.png"), Contains("chunk above the limit of 8388608"));
}

TEST_CASE("Pixel data above the chunk limit are read") {
  TemporaryFolder folder;
  const CraftedPng large{.width = 3400, .height = 3000, .rows = std::string(3400 * 3000, 'x')};
  write_file(folder / "a.png", large.bytes());
  CHECK(png::read_label_ids(folder / "a.png").eq('x').all().item<bool>());
}

TEST_CASE("Labels are written as grey values or as palette indices") {
  TemporaryFolder folder;
  const auto labels = at::arange(6, at::kByte).view({2, 3});
  png::write_labels(folder / "grey.png", labels);
  CHECK(at::equal(png::read_label_ids(folder / "grey.png"), labels.to(at::kInt)));
  CHECK(values(png::read_rgb(folder / "grey.png")[0][1]) == Values{1, 1, 1});

  std::vector<cag::Colour> palette(6, {1, 2, 3});
  palette[1] = {128, 64, 200};
  png::write_labels(folder / "colours.png", labels, palette);
  CHECK(at::equal(png::read_label_ids(folder / "colours.png"), labels.to(at::kInt)));
  CHECK(values(png::read_rgb(folder / "colours.png")[0][1]) == Values{128, 64, 200});

  palette.pop_back();
  CHECK_THROWS_WITH(png::write_labels(folder / "x.png", labels, palette),
                    Contains("label 5 and 5 colours"));
  CHECK_THROWS_WITH(png::write_labels(folder / "x.png", labels.to(at::kLong)),
                    Contains("expected labels [H, W] uint8"));
  CHECK_THROWS_WITH(png::write_rgb(folder / "x.png", labels), Contains("got [2, 3]"));
  CHECK_FALSE(std::filesystem::exists(folder / "x.png"));
}

TEST_CASE("A tensor that is a view is written as it looks") {
  TemporaryFolder folder;
  const auto image = at::randint(0, 256, {3, 8, 9}, at::kByte).permute({1, 2, 0});
  png::write_rgb(folder / "a.png", image);
  CHECK(at::equal(png::read_rgb(folder / "a.png"), image));
}

TEST_CASE("A failed write is an IoError that names the place and leaves the old file") {
  TemporaryFolder folder;
  const auto path = folder / "a.png";
  const auto old = at::randint(0, 256, {8, 8}, at::kByte);
  png::write_labels(path, old);

  // A file size limit fails a write as a full disk does.
  struct rlimit limit {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit tight { 1000, limit.rlim_max };
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  std::string message;
  try {
    png::write_rgb(path, at::randint(0, 256, {200, 200, 3}, at::kByte));
  } catch (const cag::IoError& error) {
    message = error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, previous);

  CHECK_THAT(message, Contains("cannot write") && Contains(folder.path().string()));
  CHECK(at::equal(png::read_label_ids(path), old.to(at::kInt)));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);

  CHECK_THROWS_AS(png::write_labels(folder / "missing/a.png", old), cag::IoError);
  std::filesystem::create_directory(folder / "folder.png");
  CHECK_THROWS_AS(png::write_labels(folder / "folder.png", old), cag::IoError);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

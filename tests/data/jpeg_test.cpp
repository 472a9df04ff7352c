#include <cag/data/jpeg.hpp>

#include <ATen/ops/equal.h>

#include <cstdlib>

#include <cag/data/image_file.hpp>
#include <cag/data/png.hpp>
#include "jpeg_files.hpp"
#include "temporary_folder.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

namespace jpeg = cag::jpeg;
using cag::test::jpeg_file;
using cag::test::read_file;
using cag::test::TemporaryFolder;
using cag::test::write_file;
using Catch::Contains;

namespace {

/// The place of the frame header, which holds the height and the width at 5 and 7.
std::size_t frame_of(const std::string& bytes) { return bytes.find("\xff\xc0"); }

}  // namespace

TEST_CASE("JPEGs are read as Pillow reads them") {
  const auto* name = GENERATE("rgb", "full", "progressive", "rotated", "grey");
  INFO(name);
  const auto image = jpeg::read_rgb(jpeg_file(name));
  const auto expected = jpeg_file(name).replace_extension(".png");
  CHECK(image.sizes() == at::IntArrayRef({19, 26, 3}));
  CHECK(at::equal(image, cag::png::read_rgb(expected)));
  CHECK(jpeg::size(jpeg_file(name)) == cag::ImageSize{19, 26});
}

TEST_CASE("An orientation noted in a JPEG is not applied to its pixels") {
  CHECK(at::equal(jpeg::read_rgb(jpeg_file("rotated")), jpeg::read_rgb(jpeg_file("rgb"))));
}

TEST_CASE("A JPEG for print is refused") {
  CHECK_THROWS_AS(jpeg::read_rgb(jpeg_file("cmyk")), cag::DataError);
  CHECK_THROWS_WITH(jpeg::read_rgb(jpeg_file("cmyk")),
                    Contains(jpeg_file("cmyk").string() + ": JPEG in CMYK"));
  CHECK_THROWS_AS(jpeg::size(jpeg_file("cmyk")), cag::DataError);
}

TEST_CASE("A JPEG that was cut anywhere is refused, naming the file") {
  const TemporaryFolder folder;
  const auto file = folder / "cut.jpg";
  const auto* name = GENERATE("rgb", "progressive", "grey");
  const auto whole = read_file(jpeg_file(name));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_file(file, whole.substr(0, size));
    INFO(name << " cut to " << size << " bytes");
    CHECK_THROWS_AS(jpeg::read_rgb(file), cag::DataError);
    CHECK_THROWS_WITH(jpeg::read_rgb(file), Catch::StartsWith(file.string() + ": "));
  }
  CHECK_THROWS_WITH(jpeg::read_rgb(file), Contains("truncated JPEG"));
}

TEST_CASE("What follows a JPEG's end marker is not looked at") {
  const TemporaryFolder folder;
  write_file(folder / "a.jpg", read_file(jpeg_file("rgb")) + "a camera's preview");
  CHECK(at::equal(jpeg::read_rgb(folder / "a.jpg"), jpeg::read_rgb(jpeg_file("rgb"))));
}

TEST_CASE("Sizes that a JPEG cannot have are refused before anything is allocated") {
  const TemporaryFolder folder;
  auto bytes = read_file(jpeg_file("rgb"));
  const auto with = [&](const std::string& sides) {
    bytes.replace(frame_of(bytes) + 5, 4, sides);
    write_file(folder / "a.jpg", bytes);
    return folder / "a.jpg";
  };
  CHECK_THROWS_WITH(jpeg::read_rgb(with("\x40\x01\x10\x10")),
                    Contains("image of 4112 x 16385 pixels, above the limit of 16384 a side"));
  CHECK_THROWS_WITH(jpeg::read_rgb(with("\x40\x01\x40\x01")), Contains("above the limit"));
  using namespace std::string_literals;
  CHECK_THROWS_WITH(jpeg::read_rgb(with("\x40\x00\x40\x00"s)),
                    Contains("cannot hold 16384 x 16384 pixels"));
  CHECK_THROWS_WITH(jpeg::read_rgb(with("\x00\x00\x40\x00"s)), Contains("damaged JPEG"));
}

TEST_CASE("A JPEG of which the codec warns is refused") {
  const TemporaryFolder folder;
  auto bytes = read_file(jpeg_file("rgb"));
  bytes.insert(bytes.size() - 2, "four more bytes before the end marker");
  write_file(folder / "a.jpg", bytes);
  CHECK_THROWS_WITH(jpeg::read_rgb(folder / "a.jpg"),
                    Contains("damaged JPEG: Corrupt JPEG data") && Contains("extraneous bytes"));
}

TEST_CASE("A path that is no JPEG is refused by what it is") {
  const TemporaryFolder folder;
  write_file(folder / "a.jpg", "hello");
  CHECK_THROWS_WITH(jpeg::read_rgb(folder / "a.jpg"), Contains("a.jpg: not a JPEG"));
  CHECK_THROWS_WITH(jpeg::read_rgb(folder / "none.jpg"), Contains("none.jpg: cannot be opened"));
  CHECK_THROWS_WITH(jpeg::read_rgb(folder.path()), Contains("not a file"));
}

TEST_CASE("An image file is read by what it holds, whatever its name") {
  const TemporaryFolder folder;
  write_file(folder / "photograph.png", read_file(jpeg_file("rgb")));
  write_file(folder / "drawing.jpg", read_file(jpeg_file("rgb").replace_extension(".png")));
  write_file(folder / "text.jpg", "hello");
  const auto expected = jpeg::read_rgb(jpeg_file("rgb"));
  for (const auto* name : {"photograph.png", "drawing.jpg"}) {
    CHECK(at::equal(cag::image_file::read_rgb(folder / name), expected));
    CHECK(cag::image_file::size(folder / name) == cag::ImageSize{19, 26});
  }
  CHECK(cag::image_file::is_jpeg(folder / "photograph.png"));
  CHECK_FALSE(cag::image_file::is_jpeg(folder / "drawing.jpg"));
  CHECK_THROWS_AS(cag::image_file::read_rgb(folder / "text.jpg"), cag::DataError);
  CHECK_THROWS_WITH(cag::image_file::size(folder / "text.jpg"),
                    Contains("text.jpg: neither a PNG nor a JPEG"));
  // A file that opens and whose first bytes cannot be read.
  CHECK_THROWS_AS(cag::image_file::read_rgb("/proc/self/mem"), cag::IoError);
}

#include <cag/data/opencv.hpp>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <opencv2/core.hpp>

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

namespace opencv = cag::opencv;
using Catch::Contains;

namespace {

/// 4 x 5 pixels of blue 10 y + x, green 100 + x, red 200 + y.
cv::Mat bgr() {
  cv::Mat mat(4, 5, CV_8UC3);
  for (int y = 0; y < mat.rows; ++y)
    for (int x = 0; x < mat.cols; ++x)
      mat.at<cv::Vec3b>(y, x) =
          cv::Vec3b(static_cast<std::uint8_t>(10 * y + x), static_cast<std::uint8_t>(100 + x),
                    static_cast<std::uint8_t>(200 + y));
  return mat;
}

std::vector<std::int64_t> pixel(const at::Tensor& image, std::int64_t y, std::int64_t x) {
  std::vector<std::int64_t> channels;
  for (int c = 0; c < 3; ++c) channels.push_back(image[y][x][c].item<std::int64_t>());
  return channels;
}
using Pixel = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("An image of OpenCV becomes one of red, green, blue") {
  const auto image = opencv::rgb_image(bgr());
  CHECK(image.sizes() == at::IntArrayRef({4, 5, 3}));
  CHECK(image.scalar_type() == at::kByte);
  CHECK(pixel(image, 3, 1) == Pixel{203, 101, 31});
}

TEST_CASE("A region of an image is taken as it is") {
  const cv::Mat region = bgr()(cv::Rect(1, 2, 3, 2));  // x, y, width, height
  REQUIRE_FALSE(region.isContinuous());
  CHECK(opencv::rgb_image(region).sizes() == at::IntArrayRef({2, 3, 3}));
  CHECK(pixel(opencv::rgb_image(region), 1, 2) == Pixel{203, 103, 33});
  CHECK(pixel(opencv::bgr_view(region), 0, 0) == Pixel{21, 101, 202});
}

TEST_CASE("A view shares the pixels with its Mat and keeps them alive") {
  auto mat = bgr();
  auto view = opencv::bgr_view(mat);
  view[0][0].fill_(7);
  CHECK(mat.at<cv::Vec3b>(0, 0) == cv::Vec3b(7, 7, 7));
  CHECK(mat.u->refcount == 2);
  mat.release();
  CHECK(pixel(view, 3, 4) == Pixel{34, 104, 203});

  auto labels = cv::Mat(3, 4, CV_32SC1, cv::Scalar(9));
  auto label_view = opencv::label_view(labels);
  auto* counted = labels.u;
  labels.release();
  CHECK(counted->refcount == 1);
  CHECK(label_view.eq(9).all().item<bool>());
}

TEST_CASE("Label maps of 8 and 32 bits are views, regions too") {
  cv::Mat small(4, 5, CV_8UC1), wide(4, 5, CV_32SC1);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x) {
      small.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(10 * y + x);
      wide.at<std::int32_t>(y, x) = 1000 * y + x;
    }
  const cv::Rect region(2, 1, 2, 2);
  CHECK(at::equal(opencv::label_view(small(region)),
                  at::tensor({12, 13, 22, 23}, at::kByte).view({2, 2})));
  CHECK(at::equal(opencv::label_view(wide(region)),
                  at::tensor({1002, 1003, 2002, 2003}, at::kInt).view({2, 2})));
  CHECK(opencv::label_view(small).sizes() == at::IntArrayRef({4, 5}));
}

TEST_CASE("Images and labels come back as they went") {
  const auto image = at::arange(60).to(at::kByte).view({4, 5, 3});
  const auto mat = opencv::bgr_mat(image);
  CHECK(mat.type() == CV_8UC3);
  CHECK(mat.at<cv::Vec3b>(0, 1) == cv::Vec3b(5, 4, 3));
  CHECK(at::equal(opencv::rgb_image(mat), image));
  CHECK(
      at::equal(opencv::rgb_image(opencv::bgr_mat(image.transpose(0, 1))), image.transpose(0, 1)));
  for (const auto type : {at::kByte, at::kInt, at::kLong}) {
    const auto labels = at::arange(20).view({4, 5}).to(type);
    const auto label_mat = opencv::label_mat(labels);
    CHECK(label_mat.type() == (type == at::kByte ? CV_8UC1 : CV_32SC1));
    CHECK(at::equal(opencv::label_view(label_mat).to(type), labels));
  }
}

TEST_CASE("What is no image and no label map is refused by its type") {
  CHECK_THROWS_AS(opencv::rgb_image(cv::Mat(2, 2, CV_16UC3)), c10::ValueError);
  CHECK_THROWS_WITH(opencv::rgb_image(cv::Mat(2, 2, CV_16UC3)), Contains("CV_8UC3, got CV_16UC3"));
  CHECK_THROWS_WITH(opencv::rgb_image(cv::Mat(2, 2, CV_8UC4)), Contains("got CV_8UC4"));
  CHECK_THROWS_WITH(opencv::rgb_image(cv::Mat()), Contains("got an empty Mat"));
  CHECK_THROWS_WITH(opencv::label_view(cv::Mat(2, 2, CV_32FC1)), Contains("got CV_32FC1"));
  CHECK_THROWS_WITH(opencv::label_view(cv::Mat(2, 2, CV_8UC3)),
                    Contains("CV_8UC1 or CV_32SC1, got CV_8UC3"));
  const int sizes[] = {2, 2, 2};
  CHECK_THROWS_WITH(opencv::label_view(cv::Mat(3, sizes, CV_8UC1)), Contains("with 3 dimensions"));
  CHECK_THROWS_WITH(opencv::bgr_mat(at::zeros({2, 2})), Contains("[H, W, 3] uint8, got [2, 2]"));
  CHECK_THROWS_WITH(opencv::label_mat(at::zeros({2, 2})), Contains("got [2, 2] Float"));
  CHECK_THROWS_WITH(opencv::label_mat(at::full({1, 1}, std::int64_t{1} << 40, at::kLong)),
                    Contains("expected labels of 32 bits, got 1099511627776"));
}

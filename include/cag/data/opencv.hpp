#pragma once

#include <opencv2/core/check.hpp>
#include <opencv2/core/mat.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

/// Images and label maps of OpenCV as tensors, and back. Links OpenCV's module core, which the user
/// finds; no other header of cag includes it. Mats that are regions of others are taken as they
/// are. A Mat or tensor of another kind is a c10::ValueError that names its type.
namespace cag::opencv {

namespace detail {

inline std::string type_name(const cv::Mat& mat) { return cv::typeToString(mat.type()); }

/// A tensor over the pixels of `mat`, which keeps them alive.
inline at::Tensor view(const cv::Mat& mat, at::IntArrayRef sizes, at::IntArrayRef strides,
                       at::ScalarType type) {
  // The tensor's copy of the header counts as an owner of the pixels.
  return at::from_blob(
      mat.data, sizes, strides, [owner = mat](void*) mutable { owner.release(); },
      at::TensorOptions(type));
}

}  // namespace detail

/// The pixels of an image in OpenCV's order, blue, green, red. What is written to it is written to
/// the Mat. Pixels that the Mat does not own (made over memory of the user) have to outlive the
/// tensor.
/// @param bgr  CV_8UC3
/// @return [H, W, 3] uint8, not contiguous where `bgr` is a region of a wider Mat
inline at::Tensor bgr_view(const cv::Mat& bgr) {
  TORCH_CHECK_VALUE(bgr.dims == 2 && bgr.type() == CV_8UC3 && !bgr.empty(),
                    "expected an image as CV_8UC3, got ", bgr.empty() ? "an empty Mat of " : "",
                    detail::type_name(bgr), " with ", bgr.dims, " dimensions");
  return detail::view(bgr, {bgr.rows, bgr.cols, 3}, {static_cast<std::int64_t>(bgr.step[0]), 3, 1},
                      at::kByte);
}

/// A copy in the order that cag's images have.
/// @param bgr  CV_8UC3, as cv::imread gives it
/// @return [H, W, 3] uint8, red, green, blue
inline at::Tensor rgb_image(const cv::Mat& bgr) { return bgr_view(bgr).flip({2}); }

/// The pixels of a label map. What is written to it is written to the Mat, as in bgr_view().
/// @param labels  CV_8UC1 or CV_32SC1
/// @return [H, W] uint8 or int32
inline at::Tensor label_view(const cv::Mat& labels) {
  const bool wide = labels.type() == CV_32SC1;
  TORCH_CHECK_VALUE(labels.dims == 2 && (wide || labels.type() == CV_8UC1) && !labels.empty(),
                    "expected labels as CV_8UC1 or CV_32SC1, got ",
                    labels.empty() ? "an empty Mat of " : "", detail::type_name(labels), " with ",
                    labels.dims, " dimensions");
  const std::size_t row = labels.step[0], width = labels.elemSize1();
  TORCH_CHECK_VALUE(row % width == 0, "expected rows of whole pixels, got ", row, " bytes of ",
                    detail::type_name(labels));
  return detail::view(labels, {labels.rows, labels.cols},
                      {static_cast<std::int64_t>(row / width), 1}, wide ? at::kInt : at::kByte);
}

/// A copy in OpenCV's order, as cv::imwrite takes it.
/// @param rgb  [H, W, 3] uint8, red, green, blue
/// @return CV_8UC3
inline cv::Mat bgr_mat(const at::Tensor& rgb) {
  TORCH_CHECK_VALUE(
      rgb.dim() == 3 && rgb.size(2) == 3 && rgb.scalar_type() == at::kByte && rgb.numel() > 0,
      "expected an image [H, W, 3] uint8, got ", rgb.sizes(), " ", rgb.scalar_type());
  cv::Mat mat(static_cast<int>(rgb.size(0)), static_cast<int>(rgb.size(1)), CV_8UC3);
  bgr_view(mat).copy_(rgb.flip({2}));
  return mat;
}

/// A copy of a label map.
/// @param labels  [H, W] uint8, int32 or int64
/// @return CV_8UC1 of uint8, CV_32SC1 of the others
inline cv::Mat label_mat(const at::Tensor& labels) {
  const auto type = labels.scalar_type();
  TORCH_CHECK_VALUE(labels.dim() == 2 && labels.numel() > 0 &&
                        (type == at::kByte || type == at::kInt || type == at::kLong),
                    "expected labels [H, W] as uint8, int32 or int64, got ", labels.sizes(), " ",
                    type);
  if (type == at::kLong) {
    const auto low = labels.min().item<std::int64_t>(), high = labels.max().item<std::int64_t>();
    TORCH_CHECK_VALUE(low >= std::numeric_limits<std::int32_t>::min() &&
                          high <= std::numeric_limits<std::int32_t>::max(),
                      "expected labels of 32 bits, got ", low, " to ", high);
  }
  cv::Mat mat(static_cast<int>(labels.size(0)), static_cast<int>(labels.size(1)),
              type == at::kByte ? CV_8UC1 : CV_32SC1);
  label_view(mat).copy_(labels);
  return mat;
}

}  // namespace cag::opencv

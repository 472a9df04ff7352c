// Made anchors.safetensors, which cag::AnchorFile wrote, of format version 1: compiled against
// cag::cag by hand, run in this folder.
#include <limits>

#include <ATen/ops/tensor.h>

#include <cag/io/anchor_file.hpp>

int main() {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  const auto doubles = at::TensorOptions(at::kDouble);
  const auto integers = at::TensorOptions(at::kLong);
  cag::Anchors anchors{
      .vectors = at::tensor({0., 0., 0., 4., 0., 0., 0., 0., 8., 0., 0., 0., 0., 6., 8.}, doubles)
                     .view({5, 3}),
      .counts = at::tensor({5, 3, 2, 0, 7}, integers),
      .owner = at::tensor({0, 1, 1, 2, 3}, integers)};
  anchors.moments = cag::ClassMoments{
      .pixels = at::tensor({50, 30, 0, 70}, integers),
      .mean = at::tensor({0., 0., 0., 2., 0., 4., 0., 0., 0., 0., 6., 8.}, doubles).view({4, 3}),
      .covariance =
          at::tensor({1., 2., 3., 4., 5., 6., 0., 0., 0., 7., 8., 9.}, doubles).view({4, 3})};
  anchors.margins = at::tensor({1., 2.5, kNever, 0.5}, doubles);
  cag::AnchorFile{.anchors = anchors,
                  .categories = {"road", "sky", "a \"quoted\" näme", "car"},
                  .backbone = "0123456789abcdef",
                  .tap = "head.2"}
      .save("anchors.safetensors");
}

#pragma once

#include <cstdint>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include <cag/data/colour.hpp>
#include <cag/label/ignore.hpp>

/// The image in grey, tinted with the colours of its labels; hatched dark where there is none.
/// @param image [H, W, 3] uint8  @param labels [H, W] int64  @return [H, W, 3] uint8
inline at::Tensor labelled(const at::Tensor& image, const at::Tensor& labels,
                           const std::vector<cag::Colour>& colours) {
  std::vector<at::Tensor> rows;
  for (const auto& colour : colours)
    rows.push_back(at::tensor({colour[0], colour[1], colour[2]}, at::kFloat));
  const auto grey = image.to(at::kFloat).mean(2, /*keepdim=*/true);
  const auto active = labels.ne(cag::kIgnoreIndex);
  const auto tint = at::stack(rows).index({labels.masked_fill(active.logical_not(), 0)});
  const auto stripe = at::arange(labels.size(0)).unsqueeze(1).add(at::arange(labels.size(1)));
  const auto hatched = at::where(stripe.remainder(6).lt(2).unsqueeze(2), grey * 0.7, grey * 0.2);
  return at::where(active.unsqueeze(2), grey * 0.4 + tint * 0.6, hatched)
      .clamp(0, 255)
      .to(at::kByte);
}

/// A map of numbers as heat: black at 0, then red, yellow, and white from `white` on.
/// @param map [H, W]  @return [H, W, 3] uint8
inline at::Tensor heat(const at::Tensor& map, double white) {
  const auto height = map.to(at::kFloat).div(white).clamp(0, 1).mul(3);
  return at::stack({height, height - 1, height - 2}, 2).clamp(0, 1).mul(255).to(at::kByte);
}

/// Pictures of one height in a row, with white between them.
inline at::Tensor row_of(const std::vector<at::Tensor>& pictures) {
  std::vector<at::Tensor> parts;
  for (const auto& picture : pictures) {
    if (!parts.empty()) parts.push_back(at::full({picture.size(0), 4, 3}, 255, at::kByte));
    parts.push_back(picture);
  }
  return at::cat(parts, 1);
}

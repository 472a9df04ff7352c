#include <cag/model/upsample.hpp>

#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>

#include "catch.hpp"

TEST_CASE("logits are upsampled with their corners kept") {
  // By hand: columns 0 and 3 of 4 are columns 0 and 1 of 2, the others a third of the way each.
  const auto logits = at::tensor({0.0F, 3.0F, 6.0F, 9.0F}).view({1, 1, 2, 2});
  const auto full = cag::upsample_logits(logits, 3, 4);
  const auto expected = at::tensor({0.0F, 1.0F, 2.0F, 3.0F,  //
                                    3.0F, 4.0F, 5.0F, 6.0F,  //
                                    6.0F, 7.0F, 8.0F, 9.0F})
                            .view({1, 1, 3, 4});
  CHECK(at::allclose(full, expected));
}

TEST_CASE("upsample_logits refuses what is not [N, K, h, w] and sizes of zero") {
  CHECK_THROWS_AS(cag::upsample_logits(at::rand({2, 3, 4}), 8, 8), c10::ValueError);
  CHECK_THROWS_AS(cag::upsample_logits(at::rand({1, 2, 3, 4}), 0, 8), c10::ValueError);
}

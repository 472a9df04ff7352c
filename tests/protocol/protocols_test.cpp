#include <vector>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <cag/protocol/known_truth.hpp>
#include <cag/protocol/sub_matrix.hpp>
#include <cag/protocol/subset.hpp>

#include "catch.hpp"

using cag::ConfusionMatrix;
namespace protocol = cag::protocol;

namespace {

/// Truth in rows. Of category 1, 6 pixels are right and 2 each are taken for 0 and for 2.
ConfusionMatrix matrix() {
  return ConfusionMatrix::from(at::tensor({8, 1, 1,  //
                                           2, 6, 2,  //
                                           4, 3, 5})
                                   .view({3, 3})
                                   .to(at::kLong));
}

std::vector<double> values(const at::Tensor& iou) {
  return {iou.data_ptr<double>(), iou.data_ptr<double>() + iou.numel()};
}

const std::vector<std::int64_t> kFirstTwo{0, 1};

}  // namespace

TEST_CASE("Subset takes IoUs as they are over all categories") {
  const auto iou = values(protocol::Subset{}(matrix(), kFirstTwo));
  CHECK(iou[0] == Approx(8.0 / (10 + 14 - 8)));
  CHECK(iou[1] == Approx(6.0 / (10 + 10 - 6)));
}

TEST_CASE("KnownTruth ignores pixels of other categories, not predictions of them") {
  const auto iou = values(protocol::KnownTruth{}(matrix(), kFirstTwo));
  CHECK(iou[0] == Approx(8.0 / (10 + 10 - 8)));
  CHECK(iou[1] == Approx(6.0 / (10 + 7 - 6)));
}

TEST_CASE("SubMatrix ignores both") {
  const auto iou = values(protocol::SubMatrix{}(matrix(), kFirstTwo));
  CHECK(iou[0] == Approx(8.0 / (9 + 10 - 8)));
  CHECK(iou[1] == Approx(6.0 / (8 + 7 - 6)));
}

TEMPLATE_TEST_CASE("A protocol over all categories is the plain IoU, in the order asked for", "",
                   protocol::Subset, protocol::KnownTruth, protocol::SubMatrix) {
  const std::vector<std::int64_t> backwards{2, 1, 0};
  CHECK(at::allclose(TestType{}(matrix(), backwards), matrix().iou().flip(0)));
}

TEMPLATE_TEST_CASE("A protocol gives NaN for a category that does not occur", "", protocol::Subset,
                   protocol::KnownTruth, protocol::SubMatrix) {
  ConfusionMatrix seen(3);
  seen.add(at::arange(2), at::arange(2));
  const auto iou = TestType{}(seen, std::vector<std::int64_t>{1, 2});
  CHECK(iou[0].template item<double>() == 1);
  CHECK(iou[1].isnan().template item<bool>());
}

TEMPLATE_TEST_CASE("A protocol refuses categories that are not there, listed twice, or none", "",
                   protocol::Subset, protocol::KnownTruth, protocol::SubMatrix) {
  using Categories = std::vector<std::int64_t>;
  CHECK_THROWS_WITH(TestType{}(matrix(), Categories{0, 3}), Catch::Contains("below 3, got 3"));
  CHECK_THROWS_WITH(TestType{}(matrix(), Categories{1, 1}), Catch::Contains("1 is listed twice"));
  CHECK_THROWS_WITH(TestType{}(matrix(), Categories{}), Catch::Contains("got none"));
}

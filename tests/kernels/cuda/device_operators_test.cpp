#include <memory>
#include <tuple>

#include <cag/kernels/cuda/argmax_threshold.hpp>
#include <cag/kernels/cuda/device_anchor_table.hpp>
#include <cag/kernels/cuda/own_distance.hpp>
#include <cag/kernels/cuda/scatter.hpp>
#include <cag/kernels/cuda/soft_weights.hpp>

#include <catch2/catch.hpp>

#include "../argmax_threshold_cases.hpp"
#include "../own_distance_cases.hpp"
#include "../scatter_cases.hpp"
#include "../soft_weights_cases.hpp"
#include "device.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

void run_scatter(const std::vector<float>& rows, std::int64_t categories,
                 const std::vector<std::uint8_t>& classes, const MutableFeatureMap& map) {
  const Device<float> own(rows.data(), std::ssize(rows));
  const Device<std::uint8_t> on_device(classes.data(), std::ssize(classes));
  const DeviceRoom room(map);
  const Stream stream;
  require(cuda::scatter(own.get(), categories, on_device.get(), room.view(), stream.get()));
  stream.wait();
  room.fetch();
}

Thresholded run_argmax_threshold(const FeatureMap& logits, const ProbabilityTest& test) {
  const auto size = logits.images * logits.pixels;
  const DeviceMap map(logits);
  const Device<std::int64_t> label(size);
  const Device<float> probability(size);
  const Stream stream;
  require(cuda::argmax_threshold(
      map.view(), test, {.label = label.get(), .probability = probability.get()}, stream.get()));
  stream.wait();
  return {label.host(), probability.host()};
}

std::vector<float> run_soft_weights(const FeatureMap& map, const Anchors& anchors,
                                    float temperature, std::int64_t categories) {
  cuda::DeviceAnchorTable table;
  require(cuda::DeviceAnchorTable::make(anchors.table(), table));
  const DeviceMap features(map);
  const Device<float> weights(map.images * categories * map.pixels);
  const Stream stream;
  require(cuda::soft_weights(features.view(), table.view(), temperature, categories, weights.get(),
                             stream.get()));
  stream.wait();
  return weights.host();
}

/// Anchors of the host on the device.
class DeviceOwnAnchors {
 public:
  explicit DeviceOwnAnchors(const Anchors& anchors)
      : vectors_(anchors.vectors.data(), std::ssize(anchors.vectors)),
        category_(anchors.category.data(), anchors.size()),
        view_{vectors_.get(), category_.get(), anchors.size()} {}
  const OwnAnchors& view() const { return view_; }

 private:
  Device<float> vectors_;
  Device<std::int64_t> category_;
  OwnAnchors view_;
};

struct OwnDistance {
  static OwnResult distances(const FeatureMap& map, const Anchors& anchors,
                             const std::vector<std::uint8_t>& classes) {
    const auto size = map.images * map.pixels;
    const DeviceMap features(map);
    const DeviceOwnAnchors own(anchors);
    const Device<std::uint8_t> on_device(classes.data(), std::ssize(classes));
    const Device<float> distance(size);
    const Device<std::int32_t> nearest(size);
    const Device<DistanceSum> sum(1);
    const Device<char> memory(cuda::own_distance_bytes(map));
    const Stream stream;
    require(cuda::own_distance(features.view(), own.view(), on_device.get(),
                               {distance.get(), nearest.get()}, sum.get(), memory.get(),
                               stream.get()));
    stream.wait();
    return {distance.host(), nearest.host(), sum.host().front()};
  }

  static void gradient(const FeatureMap& map, const Anchors& anchors, const OwnResult& at,
                       float scale, const MutableFeatureMap& gradient) {
    const DeviceMap features(map);
    const DeviceOwnAnchors own(anchors);
    const Device<float> distance(at.distance.data(), std::ssize(at.distance));
    const Device<std::int32_t> nearest(at.nearest.data(), std::ssize(at.nearest));
    const Device<float> factor(&scale, 1);
    const DeviceRoom room(gradient);
    const Stream stream;
    require(cuda::own_distance_gradient(features.view(), own.view(),
                                        {distance.get(), nearest.get()}, factor.get(), room.view(),
                                        stream.get()));
    stream.wait();
    room.fetch();
  }
};

}  // namespace

TEST_CASE("scatter on a device gives each pixel its category's row", "[cuda]") {
  const auto [images, channels, pixels, categories] =
      GENERATE(std::tuple{1, 256, 5000, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
               std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 36, 24}, std::tuple{2, 3, 3000, 255},
               std::tuple{1, 2048, 170, 200});
  expect_rows(run_scatter, images, channels, pixels, categories);
}

TEST_CASE("scatter on a device rounds half types to the nearest, ties to even", "[cuda]") {
  expect_rounding(run_scatter);
}

TEST_CASE("argmax_threshold on a device labels what is above the threshold", "[cuda]") {
  expect_labels_above_threshold(run_argmax_threshold);
}

TEST_CASE("argmax_threshold on a device agrees with float64", "[cuda]") {
  const auto [images, channels, pixels] =
      GENERATE(std::tuple{1, 19, 5000}, std::tuple{2, 11, 45}, std::tuple{1, 1, 1},
               std::tuple{3, 2, 7}, std::tuple{1, 1024, 333});
  expect_probabilities(run_argmax_threshold, images, channels, pixels);
}

TEST_CASE("argmax_threshold on a device never calls a pixel active whose probabilities are none",
          "[cuda]") {
  expect_no_label_without_probabilities(run_argmax_threshold);
}

TEST_CASE("soft_weights on a device share a pixel by its distances", "[cuda]") {
  expect_shares_by_hand(run_soft_weights);
}

TEST_CASE("soft_weights on a device agree with float64", "[cuda]") {
  const auto [images, channels, pixels, anchors, ways] =
      GENERATE(std::tuple{1, 256, 3000, 19, 1}, std::tuple{2, 24, 45, 33, 3},
               std::tuple{1, 1, 1, 1, 1}, std::tuple{3, 5, 7, 4, 2}, std::tuple{1, 7, 400, 70, 5},
               std::tuple{1, 5, 333, 1024, 7}, std::tuple{1, 2048, 77, 256, 1});
  expect_shares(run_soft_weights, images, channels, pixels, anchors, ways, 0.3F);
}

TEST_CASE("soft_weights on a device are NaN where distances are not finite, and only there",
          "[cuda]") {
  expect_no_shares_without_finite_distances(run_soft_weights, 4);
  expect_no_shares_without_finite_distances(run_soft_weights, 300);
}

TEST_CASE("own_distance on a device measures each pixel to the nearest anchor of its own",
          "[cuda]") {
  expect_own_distances_by_hand(OwnDistance());
  expect_nothing_without_anchors(OwnDistance());
}

TEST_CASE("own_distance on a device agrees with float64, and with itself", "[cuda]") {
  const auto [images, channels, pixels, categories, ways] = GENERATE(
      std::tuple{1, 256, 5000, 19, 1}, std::tuple{2, 24, 45, 11, 3}, std::tuple{1, 1, 1, 1, 1},
      std::tuple{3, 5, 8, 2, 2}, std::tuple{1, 130, 36, 24, 1}, std::tuple{2, 3, 1300, 255, 4},
      std::tuple{1, 7, 50, 2, 1000}, std::tuple{1, 2048, 170, 200, 2});
  expect_own_distances(OwnDistance(), images, channels, pixels, categories, ways);
  const Stored stored(random_map(images, channels, pixels), Layout::kContiguous);
  const auto anchors = anchors_of(categories, ways, channels);
  const auto classes = classes_of(random_labels(images * pixels, categories, 9), categories);
  CHECK(OwnDistance::distances(stored.view(), anchors, classes).sum.distance ==
        OwnDistance::distances(stored.view(), anchors, classes).sum.distance);
}

#include <cag/kernels/cuda/assign.hpp>
#include <cag/kernels/cuda/class_sums.hpp>
#include <cag/kernels/cuda/device_anchor_table.hpp>

#include <memory>
#include <tuple>

#include <catch2/catch.hpp>

#include "../class_sums_cases.hpp"
#include "assign_cases.hpp"
#include "device.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

Result assign_with(const FeatureMap& map, const cuda::DeviceAnchors& anchors,
                   const MarginTest& test, std::int64_t categories) {
  const auto size = map.images * map.pixels;
  const DeviceMap features(map);
  const Device<std::int64_t> label(size);
  const Device<float> nearest(size), second(size);
  auto on_device = test;
  const Device<float> margins(categories);
  if (test.margins != nullptr) {
    require(cudaMemcpy(margins.get(), test.margins,
                       static_cast<std::size_t>(categories) * sizeof(float),
                       cudaMemcpyHostToDevice));
    on_device.margins = margins.get();
  }
  const Stream stream;
  require(cuda::assign(features.view(), anchors, on_device,
                       {.label = label.get(), .nearest = nearest.get(), .second = second.get()},
                       stream.get()));
  stream.wait();
  return {label.host(), nearest.host(), second.host()};
}

Result run_assign(const FeatureMap& map, const Anchors& anchors, const MarginTest& test) {
  cuda::DeviceAnchorTable table;
  require(cuda::DeviceAnchorTable::make(anchors.table(), table));
  return assign_with(map, table.view(), test, anchors.category.back() + 1);
}

Sums run_class_sums(const FeatureMap& map, const PixelClasses& classes) {
  const DeviceMap features(map);
  const auto pixels = map.images * map.pixels, values = map.images * classes.categories;
  const Device<std::int64_t> label(classes.label, pixels);
  std::unique_ptr<DeviceMap> logits;
  if (classes.logits != nullptr) logits = std::make_unique<DeviceMap>(*classes.logits);
  const Device<float> sums(values * map.channels);
  const Device<std::int64_t> counts(values);
  const Device<std::uint8_t> class_map(pixels);
  const Device<char> memory(cuda::class_sums_bytes(map, classes.categories));
  const Stream stream;
  const PixelClasses on_device{label.get(), logits ? &logits->view() : nullptr, classes.categories};
  require(cuda::class_sums(features.view(), on_device, sums.get(), counts.get(), class_map.get(),
                           memory.get(), stream.get()));
  stream.wait();
  return {sums.host(), counts.host(), class_map.host()};
}

}  // namespace

TEST_CASE("assign on a device labels pixels as worked out by hand", "[cuda]") {
  expect_labels_by_hand(run_assign);
}

TEST_CASE("assign on a device measures the margin to another category", "[cuda]") {
  expect_margin_to_another_category(run_assign);
}

TEST_CASE("assign on a device agrees with float64", "[cuda]") {
  const auto [images, channels, pixels, count] =
      GENERATE(std::tuple{1, 256, 5000, 19}, std::tuple{2, 64, 45, 11}, std::tuple{1, 1, 1, 1},
               std::tuple{3, 5, 7, 2}, std::tuple{1, 130, 333, 24}, std::tuple{1, 16, 64, 65},
               std::tuple{2, 3, 600, 256}, std::tuple{1, 7, 200, 1024},
               std::tuple{1, 2048, 170, 256}, std::tuple{1, 20, 1028, 40});
  expect_agreement(run_assign, images, channels, pixels, count, GENERATE(0.0F, 100.0F));
}

TEST_CASE("assign on a device never calls a pixel active whose distances are not finite",
          "[cuda]") {
  for (const int count : {4, 40, 257}) expect_no_label_without_finite_distances(run_assign, count);
}

TEST_CASE("assign on a device equals assign on the CPU at the size of street scenes", "[cuda]") {
  const auto map = random_map(1, 256, 128 * 256);
  const auto anchors = random_anchors(19, 256);
  const Stored stored(map, Layout::kContiguous);
  const auto size = static_cast<std::size_t>(map.pixels);
  Result on_cpu{std::vector<std::int64_t>(size), std::vector<float>(size),
                std::vector<float>(size)};
  assign(stored.view(), anchors.table(), {.margin = 0.5F},
         {.label = on_cpu.label.data(),
          .nearest = on_cpu.nearest.data(),
          .second = on_cpu.second.data()});
  const auto got = run_assign(stored.view(), anchors, {.margin = 0.5F});
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < size; ++i)
    wrong += got.label[i] != on_cpu.label[i] &&
             std::abs(on_cpu.second[i] - on_cpu.nearest[i] - 0.5F) > 1e-4F;
  CHECK(wrong == 0);
}

TEST_CASE("anchors that are on a device are laid out there", "[cuda]") {
  const auto map = random_map(1, 30, 100);
  const auto anchors = random_anchors(19, 30);
  const Device<float> vectors(anchors.vectors.data(), std::ssize(anchors.vectors));
  const Device<std::int64_t> category(anchors.category.data(), 19);
  const Device<char> memory(cuda::anchor_bytes(19, 30));
  cuda::DeviceAnchors view;
  require(
      cuda::lay_out_anchors(vectors.get(), category.get(), 19, 30, memory.get(), view, nullptr));
  require(cudaStreamSynchronize(nullptr));
  const Stored stored(map, Layout::kChannelsLast);
  check_equal(assign_with(stored.view(), view, {.margin = 0.5F}, 19),
              oracle(map, anchors, {.margin = 0.5F}, 1e-4), 1e-5);
}

TEST_CASE("assign on a device reaches elements beyond 2^31", "[cuda]") {
  constexpr std::int64_t kFar = (std::int64_t{1} << 31) + 4096;
  std::size_t free = 0, total = 0;
  require(cudaMemGetInfo(&free, &total));
  if (free < (kFar + 64) * sizeof(std::uint16_t)) {
    WARN("the device has no 4 GiB free: elements beyond 2^31 were not tried");
    return;
  }
  const Device<std::uint16_t> memory(kFar + 64);
  const auto map = random_map(1, 2, 64);
  const Stored stored(map, Layout::kContiguous, Element::kBFloat16);
  const auto* from = static_cast<const std::uint16_t*>(stored.view().data);
  for (const int d : {0, 1})
    require(cudaMemcpy(memory.get() + d * kFar, from + d * 64, 64 * sizeof(std::uint16_t),
                       cudaMemcpyHostToDevice));
  auto view = stored.view();
  view.data = memory.get();
  view.channel_stride = kFar;
  const auto anchors = random_anchors(3, 2);
  cuda::DeviceAnchorTable table;
  require(cuda::DeviceAnchorTable::make(anchors.table(), table));
  const Device<float> nearest(64);
  require(cuda::assign(view, table.view(), {}, {.nearest = nearest.get()}, nullptr));
  require(cudaDeviceSynchronize());
  const auto expected = oracle(rounded(map, Element::kBFloat16), anchors, {}, 1e-4);
  const auto got = nearest.host();
  for (std::size_t i = 0; i < 64; ++i) CHECK(got[i] == Approx(expected.nearest[i]).epsilon(1e-5));
}

TEST_CASE("class_sums on a device adds what was worked out by hand", "[cuda]") {
  expect_sums_by_hand(run_class_sums);
  expect_first_of_equal_logits(run_class_sums);
}

TEST_CASE("class_sums on a device agrees with float64, and with itself", "[cuda]") {
  const auto [images, channels, pixels, categories] =
      GENERATE(std::tuple{1, 256, 32768, 19}, std::tuple{2, 130, 70, 3}, std::tuple{3, 1, 1, 1},
               std::tuple{1, 5, 100, 40}, std::tuple{1, 3, 6000, 255}, std::tuple{2, 70, 5000, 25},
               std::tuple{1, 2048, 170, 200});
  expect_sums(run_class_sums, images, channels, pixels, categories);
  const auto map = random_map(images, channels, pixels);
  const auto label = random_labels(images * pixels, categories, 5);
  const Stored stored(map, Layout::kContiguous);
  const PixelClasses classes{label.data(), nullptr, categories};
  CHECK(run_class_sums(stored.view(), classes).sums == run_class_sums(stored.view(), classes).sums);
}

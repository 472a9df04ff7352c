#include <cag/io/anchor_file.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <torch/nn/modules/conv.h>

#include <cag/score.h>
#include <cag/anchor/anchor_bank.hpp>
#include <cag/anchor/k_means.hpp>
#include <cag/anchor/pixel_mean.hpp>
#include <cag/label/pseudo_labeler.hpp>
#include <cag/label/quantile_margin.hpp>
#include <cag/mask/labelled.hpp>
#include <cag/moments/full.hpp>

#include <catch.hpp>
#include <io/temporary_directory.hpp>
#include <tensors.hpp>

using namespace cag;
using namespace cag::test;
using Catch::Contains;

namespace {

struct Echo {
  Prediction forward(const at::Tensor& images) const { return {images, images.narrow(1, 0, 2)}; }
};

template <typename Update>
using Bank = AnchorBank<Echo, Update, mask::Labelled, moments::Full>;

struct Part {
  at::Tensor features = at::rand({3, 4, 6, 8}, at::kDouble);
  at::Tensor labels = at::randint(0, 3, {3, 6, 8}, at::kLong);

  template <typename B>
  void give(B& bank) const {
    bank.observe(Prediction{features, at::rand({3, 3, 6, 8})}, labels);
  }
};

template <typename Update = anchor::PixelMean>
AnchorFile file_of(std::initializer_list<Part> parts, Update update = {}) {
  Bank<Update> bank(3, update);
  for (const auto& part : parts) part.give(bank);
  const auto anchors = bank.anchors();
  return {.anchors = anchors,
          .categories = {"road", "sky", "a \"quoted\" näme"},
          .backbone = "0123456789abcdef",
          .tap = "head.2",
          .mean_of = std::string(mean_of(update, anchors))};
}

bool equal(const Anchors& a, const Anchors& b) {
  const auto left = anchor_tensors(a), right = anchor_tensors(b);
  if (left.size() != right.size()) return false;
  for (const auto& [name, tensor] : left)
    if (!right.contains(name) || !right.at(name).equal(tensor)) return false;
  return true;
}

void expect_close(const Anchors& a, const Anchors& b) {
  CHECK(close(a.vectors, b.vectors, 1e-12));
  CHECK(same(a.counts, b.counts));
  REQUIRE((a.moments && b.moments));
  CHECK(same(a.moments->pixels, b.moments->pixels));
  CHECK(close(a.moments->mean, b.moments->mean, 1e-12));
  CHECK(close(a.moments->covariance, b.moments->covariance, 1e-12));
}

}  // namespace

TEST_CASE("An anchor file gives back what was saved, in the same bytes") {
  at::manual_seed(1);
  const cag_test::TemporaryDirectory folder;
  const auto path = folder.path() / "anchors.safetensors";
  auto file = file_of({Part{}});
  file.anchors.margins = doubles({1, 2.5, kInf});
  file.save(path);
  const auto bytes = cag_test::read_bytes(path);
  const auto loaded = AnchorFile::load(path);
  CHECK(equal(loaded.anchors, file.anchors));
  CHECK(loaded.categories == file.categories);
  CHECK(loaded.backbone == file.backbone);
  CHECK(loaded.tap == "head.2");
  CHECK(loaded.mean_of == "pixels");
  loaded.save(path);
  CHECK(cag_test::read_bytes(path) == bytes);

  auto several = file_of({Part{}}, anchor::KMeans{.each = 2, .min_pixels = 1});
  CHECK(several.mean_of.empty());
  several.save(path);
  CHECK(equal(AnchorFile::load(path).anchors, several.anchors));
}

TEMPLATE_TEST_CASE("Merging anchors of two parts equals building them from the union", "",
                   anchor::PixelMean, anchor::RunningMean) {
  at::manual_seed(2);
  const Part a, b;
  const auto merged = file_of<TestType>({a}).merged(file_of<TestType>({b}));
  const auto whole = file_of<TestType>({a, b});
  expect_close(merged.anchors, whole.anchors);
  CHECK(merged.mean_of == whole.mean_of);

  Bank<TestType> bank(3), other(3), none(3);
  none.merge(bank);
  a.give(bank);
  b.give(other);
  bank.merge(none);
  none.merge(bank);
  bank.merge(other);
  none.merge(other);
  expect_close(bank.anchors(), whole.anchors);
  expect_close(none.anchors(), whole.anchors);

  // Banks and their copies go their own ways afterwards.
  auto copy = bank;
  Part{}.give(bank);
  bank.anchors().moments->mean.fill_(9);
  expect_close(none.anchors(), whole.anchors);
  expect_close(copy.anchors(), whole.anchors);
  copy.merge(bank);
  CHECK_FALSE(copy.anchors().counts.equal(whole.anchors.counts));
}

TEST_CASE("A part of the source without a labelled pixel merges as nothing") {
  at::manual_seed(6);
  const Part part;
  Bank<anchor::PixelMean> bank(3), empty(3);
  part.give(bank);
  empty.observe(Prediction{at::rand({1, 4, 2, 2}), at::rand({1, 3, 2, 2})},
                at::full({1, 2, 2}, kIgnoreIndex, at::kLong));
  const auto before = bank.anchors();
  bank.merge(empty);
  expect_close(bank.anchors(), before);
}

TEST_CASE("Anchors that are no plain means, or of other features, do not merge") {
  at::manual_seed(3);
  const auto file = file_of({Part{}});
  auto other = file_of({Part{}});
  other.backbone = "00000000000000ff";
  CHECK_THROWS_WITH(file.merged(other), Contains("same backbone") && Contains("00000000000000ff"));
  other = file_of({Part{}});
  other.tap = "head.3";
  CHECK_THROWS_WITH(file.merged(other), Contains("same tap") && Contains("head.3"));
  other = file_of({Part{}});
  other.categories[1] = "sky, a";
  CHECK_THROWS_WITH(file.merged(other), Contains("same categories") && Contains("sky, a"));
  CHECK_THROWS_WITH(file.merged(file_of<anchor::RunningMean>({Part{}})),
                    Contains("kind of mean") && Contains("images"));
  other = file_of({Part{}});
  other.anchors.moments.reset();
  CHECK_THROWS_WITH(file.merged(other), Contains("moments of both"));

  const auto capped = file_of({Part{}}, anchor::RunningMean{.cap = 2, .min_pixels = 1});
  CHECK(capped.mean_of.empty());
  CHECK_THROWS_WITH(capped.merged(capped), Contains("plain means") && Contains("cap"));
  Bank<anchor::RunningMean> bank(3, {.cap = 2, .min_pixels = 1}), more = bank;
  Part{}.give(bank);
  Part{}.give(more);
  CHECK_THAT(message_of([&] { bank.merge(more); }), Contains("its cap, with 2"));
  const auto several = file_of({Part{}}, anchor::KMeans{});
  CHECK_THROWS_AS(several.merged(several), UsageError);
}

TEST_CASE("Anchors of another network are refused, and of the same with other statistics taken") {
  const auto options = torch::nn::Conv2dOptions(3, 4, 1);
  torch::nn::Conv2d first(options), second(options);
  first->register_buffer("statistics", at::zeros({4}));
  auto file = file_of({Part{}});
  file.backbone = backbone_hash(*first);
  CHECK(file.backbone.size() == 16);
  CHECK_NOTHROW(file.expect_backbone(*first, "anchors"));
  first->named_buffers()["statistics"].fill_(3);
  CHECK_NOTHROW(file.expect_backbone(*first, "anchors"));
  CHECK_THROWS_WITH(file.expect_backbone(*second, "run/anchors"),
                    Contains("run/anchors") && Contains(file.backbone) &&
                        Contains(backbone_hash(*second)) && Contains("build anchors"));
  file.backbone.clear();
  CHECK_NOTHROW(file.expect_backbone(*second, "anchors"));
}

TEST_CASE("Any damage to an anchor file is found, and what is no anchor file is named so") {
  at::manual_seed(4);
  const cag_test::TemporaryDirectory folder;
  const auto path = folder.path() / "anchors.safetensors";
  auto file = file_of({Part{}});
  file.save(path);
  const auto bytes = cag_test::read_bytes(path);
  for (std::size_t at = 0; at < bytes.size(); at += at < 1200 ? 1 : 41) {
    auto damaged = bytes;
    damaged[at] ^= 4;
    std::ofstream(path, std::ios::binary) << damaged;
    INFO("byte " << at);
    CHECK_THROWS_AS(AnchorFile::load(path), CheckpointError);
  }
  write_safetensors(path, {{"weight", at::rand({2})}});
  CHECK_THROWS_WITH(AnchorFile::load(path), Contains(path.string()) && Contains("\"format\""));
  CHECK_THROWS_AS(AnchorFile::load(folder.path() / "none"), IoError);
  auto broken = file;
  broken.anchors.vectors = broken.anchors.vectors.to(at::kFloat);
  CHECK_THROWS_WITH(broken.save(folder.path() / "new"), Contains("vectors as Double"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "new"));
  file.categories.pop_back();
  CHECK_THROWS_WITH(file.save(path), Contains("3") && Contains("got 2"));
}

TEST_CASE("Tensors that are no anchors are refused by name") {
  at::manual_seed(5);
  const auto good = anchor_tensors(file_of({Part{}}).anchors);
  const auto with = [&](const char* name, const at::Tensor& tensor) {
    auto tensors = good;
    tensors[name] = tensor;
    return tensors;
  };
  const auto refuse = [](const TensorMap& tensors, const std::string& words) {
    CHECK_THROWS_WITH(anchors_from(tensors, "file"), Contains("file: ") && Contains(words));
  };
  auto without = good;
  without.erase("counts");
  refuse(without, "the tensor counts");
  refuse(with("bias", at::rand({3})), "unexpected tensor bias");
  refuse(with("vectors", at::rand({3, 4})), "vectors as Double");
  refuse(with("vectors", at::full({3, 4}, kNan, at::kDouble)),
         "finite vectors, found nan at [0, 0]");
  refuse(with("vectors", at::zeros({3, 0}, at::kDouble)), "width 1 or more, found [3, 0]");
  refuse(with("counts", ints({1, 2})), "counts as Long [3], found Long [2]");
  refuse(with("counts", ints({1, -2, 3})), "counts of at least 0, found -2 at [1]");
  refuse(with("owner", ints({0, 2, 2})), "ascending owner");
  refuse(with("owner", ints({1, 1, 2})), "leaves out no category, found 1 at [0]");
  refuse(with("owner", ints({0, 1, 0})), "leaves out no category, found 0 at [2]");
  refuse(with("margins", doubles({1, -1, 2})), "margins of at least 0");
  refuse(with("margins", doubles({1, kNan, 2})), "margins of at least 0");
  refuse(with("moments.mean", at::zeros({3, 5}, at::kDouble)), "moments.mean");
  refuse(with("moments.covariance", at::full({3, 4, 4}, -1, at::kDouble)), "variances");
}

TEST_CASE("Texts that no table can show are neither written nor read") {
  at::manual_seed(7);
  const cag_test::TemporaryDirectory folder;
  const auto path = folder.path() / "anchors.safetensors";
  const auto good = file_of({Part{}});
  const auto refuse = [&](auto&& change, const std::string& words) {
    auto file = good;
    change(file);
    CHECK_THROWS_AS(file.save(path), CheckpointError);
    CHECK_THROWS_WITH(file.save(path), Contains(path.string()) && Contains(words));
    CHECK_FALSE(std::filesystem::exists(path));
  };
  refuse([](auto& f) { f.categories[1] = ""; }, "a name of each category, found none");
  refuse([](auto& f) { f.categories[1] = "road"; }, "once, found \"road\" again");
  refuse([](auto& f) { f.categories[1] = "a\x1b[2Jb"; },
         "without control characters, found \"a?[2Jb\"");
  refuse([](auto& f) { f.categories[1] = "a\u009bb"; }, "category name without control");
  refuse([](auto& f) { f.categories[1] = std::string(257, 'x'); }, "at most 256 bytes, found 257");
  refuse([](auto& f) { f.tap = "a\nb"; }, "tap without control characters");
  refuse([](auto& f) { f.backbone = "\x7f"; }, "backbone without control characters");
  refuse([](auto& f) { f.mean_of = "bananas"; }, "images, pixels or nothing, found \"bananas\"");

  // Another writer's file, whose seal is right.
  auto metadata = [&] {
    good.save(path);
    return read_safetensors_metadata(path);
  }();
  const auto tensors = read_safetensors(path);
  metadata["tap"] = "a\nb";
  metadata.erase("xxh64");
  cag::detail::Xxh64 hash;
  for (const auto& [key, value] : metadata)
    hash.update(fmt::format("{} {} {} ", key, value.size(), value));
  cag::detail::hash_tensors(hash, tensors);
  metadata["xxh64"] = fmt::format("{:016x}", hash.digest());
  write_safetensors(path, tensors, metadata);
  CHECK_THROWS_WITH(AnchorFile::load(path), Contains("tap without control characters"));
}

TEST_CASE("Anchors whose union no number holds do not merge") {
  const auto file = [](double value, std::int64_t count) {
    return AnchorFile{.anchors = {at::full({2, 3}, value, at::kDouble), ints({1, count})},
                      .categories = {"road", "sky"},
                      .mean_of = "images"};
  };
  constexpr auto kMany = std::int64_t{3} << 61;
  CHECK_NOTHROW(file(1, kMany).merged(file(2, 5)));
  CHECK_THROWS_AS(file(1, kMany).merged(file(2, kMany)), UsageError);
  CHECK_THROWS_WITH(file(1, kMany).merged(file(2, kMany)),
                    Contains("the merged counts overflow: 1 of 2"));
  CHECK_THROWS_WITH(file(1e308, 1).merged(file(-1e308, 1)),
                    Contains("the merged vectors overflow: 6 of 6"));
}

TEST_CASE("The run-time scorer labels by an anchor file as PseudoLabeler does by its anchors") {
  at::manual_seed(6);
  const cag_test::TemporaryDirectory folder;
  const auto path = folder.path() / "anchors.safetensors";
  auto file = file_of({Part{}});
  if (GENERATE(false, true)) file = file_of({Part{}}, anchor::KMeans{.each = 2, .min_pixels = 1});
  file.anchors.vectors = at::rand(file.anchors.vectors.sizes(), at::kDouble);
  file.anchors.counts[0] = 0;
  file.anchors.margins = doubles({0.05, 0.1, 0.02});
  file.save(path);
  auto features = at::rand({1, 4, 20, 30});
  features[0][1][2][3] = kNan;

  const auto scored = [&](cag_scorer_options options) {
    options.label_type = CAG_SCORER_INT64;
    cag_scorer* scorer = nullptr;
    cag_scorer_error error{};
    const auto opened = cag_scorer_open(path.c_str(), &options, &scorer, &error);
    INFO(error.text);
    REQUIRE(opened == CAG_SCORER_OK);
    auto labels = at::empty({1, 20, 30}, at::kLong);
    auto maps = cag_scorer_no_maps();
    maps.pixels = labels.numel();
    maps.label = labels.mutable_data_ptr();
    const auto frame =
        cag_scorer_frame_chw(features.const_data_ptr(), CAG_SCORER_FLOAT32, 4, 20, 30);
    CHECK(cag_scorer_run(scorer, &frame, &maps, &error) == CAG_SCORER_OK);
    cag_scorer_close(scorer);
    return labels;
  };
  auto options = cag_scorer_default_options();
  const PseudoLabeler<metric::Euclidean, label::QuantileMargin> fitted;
  CHECK(same(scored(options), fitted(features, file.anchors)));
  options.margin_kind = CAG_SCORER_FIXED;
  options.margin = 0.1F;
  const PseudoLabeler<> fixed({}, {.margin = 0.1});
  CHECK(same(scored(options), fixed(features, file.anchors)));
  CHECK(active_share(scored(options)) > 0.05);
  CHECK(active_share(scored(options)) < 0.95);
}

#include <cag/model/packaged.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <torch/optim/sgd.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/zip_writer.hpp>
#include <cag/eval/predictor.hpp>
#include <cag/io/safetensors.hpp>
#include <cag/label/probability.hpp>
#include <cag/network/compact.hpp>
#include <cag/stage/step.hpp>

#include "catch.hpp"
#include "data/temporary_folder.hpp"

using Catch::Contains;

namespace {

namespace fs = std::filesystem;

/// A package of nothing but metadata, where it can be read without loading anything.
cag::TrustedProgram package(const fs::path& path, const std::string& metadata) {
  cag::detail::ZipWriter zip;
  zip.add("net/data/aotinductor/model/a.kernel_metadata.json", R"({"AOTI_DEVICE_KEY":"cpu"})");
  zip.add("net/data/aotinductor/model/a.wrapper_metadata.json", metadata);
  zip.finish();
  std::ofstream file(path, std::ios::binary);
  for (const auto piece : zip.pieces()) file << piece;
  return {path};
}

/// Packages are unpacked in a folder of the test's own.
struct Unpacking {
  Unpacking() { setenv("TMPDIR", folder.path().c_str(), 1); }
  ~Unpacking() { setenv("TMPDIR", before.c_str(), 1); }
  std::string before = std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp";
  cag::test::TemporaryFolder folder;
};

const std::string kRest =
    R"("cag.categories":"[\"road\",\"sky\"]","cag.mean":"[0.5,0.4,0.3]","cag.deviation":"[0.2,0.2,0.1]",)"
    R"("AOTI_DEVICE_KEY":"cpu")";
const std::string kSizes = R"("cag.images":"[[1,4],[3,3],[32,64],[96,96]]",)";

}  // namespace

static_assert(cag::Backbone<cag::Packaged>);  // and not more: tests/fail/training_a_package.cpp

TEST_CASE("What a package says of itself is read without running it") {
  const cag::test::TemporaryFolder folder;
  const auto program =
      package(folder / "net.pt2", "{" + kSizes + R"("cag.normalises":"false",)" + kRest + "}");
  const auto info = cag::PackageInfo::of(program.path);
  CHECK(info.sizes() == "[1 to 4, 3, 32 to 64, 96]");
  CHECK(info.takes({4, 3, 32, 96}));
  CHECK_FALSE(info.takes({5, 3, 32, 96}));
  CHECK_FALSE(info.takes({1, 3, 32, 95}));
  CHECK_FALSE(info.takes({3, 32, 96}));
  CHECK(info.categories == std::vector<std::string>{"road", "sky"});
  CHECK(info.normalisation == cag::Normalisation{{0.5, 0.4, 0.3}, {0.2, 0.2, 0.1}});
  CHECK(info.device == "cpu");

  // One that normalises itself takes bytes as they are.
  package(folder / "net.pt2", "{" + kSizes + R"("cag.normalises":"true",)" + kRest + "}");
  const auto bytes = at::randint(256, {2, 3, 3}, at::kByte);
  CHECK(cag::PackageInfo::of(program.path)
            .normalisation(bytes)
            .allclose(bytes.permute({2, 0, 1}).to(at::kFloat)));
}

TEST_CASE("What is no package, or one for another machine, is named") {
  const cag::test::TemporaryFolder folder;
  const auto path = folder / "net.pt2";
  CHECK_THROWS_AS(cag::load_package({path}), cag::IoError);
  std::ofstream(path) << "no zip archive";
  CHECK_THROWS_WITH(cag::load_package({path}), Contains("net.pt2: expected a sound zip archive"));
  CHECK_THROWS_WITH(
      cag::load_package({fs::path(std::getenv("CAG_TESTS")) / "model/script/tuple.pt"}),
      Contains("expected a package of AOTInductor"));
  CHECK_THROWS_WITH(cag::load_package(package(path, "{" + kRest + "}")),
                    Contains("net.pt2: expected a package that says which images it takes"));
  CHECK_THROWS_WITH(
      cag::load_package(package(path, R"({"cag.images":"[[1,1],[3,3]]",)" + kRest + "}")),
      Contains("expected 4 ranges, found 2"));
  const auto rest = kSizes + R"("cag.normalises":"false",)" + kRest;
  CHECK_THROWS_WITH(
      cag::load_package(package(path, R"({"AOTI_CPU_ISA":"SVE AVX1024",)" + rest + "}")),
      Contains("expected a package for this processor"));
  const Unpacking unpacking;  // what fails inside the loader stays there
  CHECK_THROWS_WITH(cag::load_package(package(path, "{" + rest + "}")),
                    Contains("net.pt2: expected a package that can be loaded"));
}

// These need packages, which are of one kind of processor: tests/model/exported.py makes them.
namespace {

fs::path made(const std::string& name) { return fs::path(std::getenv("CAG_PACKAGES")) / name; }

cag::Packaged packaged(const std::string& name) {
  return cag::load_package(cag::TrustedProgram{made(name)});
}

}  // namespace

TEST_CASE("A package gives what its network gave, at the sizes that it was made for",
          "[.packages]") {
  const auto expected = cag::read_safetensors(made("expected.safetensors"));
  for (const auto* name : {"fixed.pt2", "dynamic.pt2"}) {
    auto net = packaged(name);
    const auto& images = expected.at("images");
    // Any layout in memory, and without a graph of gradients.
    const auto strided = images.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
    const auto [features, logits] = cag::predict(net, strided);
    CHECK(features.allclose(expected.at("features"), 1e-4, 1e-5));
    CHECK(logits.allclose(expected.at("logits"), 1e-4, 1e-5));
    CHECK_FALSE(logits.requires_grad());
  }
}

TEST_CASE("A package refuses images of other sizes, types and shapes by name", "[.packages]") {
  auto net = packaged("fixed.pt2");
  CHECK_THROWS_WITH(cag::predict(net, at::rand({2, 3, 64, 100})),
                    Contains("fixed.pt2: expected images [2, 3, 64, 96], got [2, 3, 64, 100]"));
  CHECK_THROWS_AS(cag::predict(net, at::rand({1, 3, 64, 96})), c10::ValueError);
  CHECK_THROWS_AS(cag::predict(net, at::rand({2, 3, 64, 96}, at::kDouble)), c10::ValueError);
  CHECK_THROWS_AS(cag::predict(net, at::Tensor()), c10::ValueError);
  auto dynamic = packaged("dynamic.pt2");
  CHECK(cag::predict(dynamic, at::rand({1, 3, 33, 70})).logits.sizes() ==
        at::IntArrayRef({1, 3, 9, 18}));
  CHECK_THROWS_WITH(cag::predict(dynamic, at::rand({1, 3, 31, 96})),
                    Contains("expected images [1 to 2, 3, 32 to 64, 32 to 96]"));
}

TEST_CASE("A package is a teacher of a step", "[.packages]") {
  auto teacher = packaged("dynamic.pt2");
  cag::Compact student(cag::CompactOptions{.categories = 3});
  const cag::LabelledBatch source{at::rand({2, 3, 64, 96}), at::randint(3, {2, 64, 96}, at::kLong)};
  const cag::UnlabelledBatch target{at::rand({2, 3, 64, 96})};
  const cag::Anchors anchors{at::rand({3, 64}, at::kDouble), at::full({3}, 100, at::kLong)};

  const cag::PseudoLabeler<cag::metric::Euclidean, cag::label::Probability> labeler(
      {}, {.threshold = 0.1});
  const cag::AdaptationLoss<std::remove_const_t<decltype(labeler)>> loss{.labeler = labeler};
  torch::optim::SGD optimizer(student->parameters(), torch::optim::SGDOptions(0.01));
  const auto before = student->parameters().front().detach().clone();
  const auto result = cag::step(student, teacher, anchors, optimizer, source, target, loss);
  CHECK(result.applied);
  CHECK(result.coverage() == 1);
  CHECK(result.pseudo_labels.equal(labeler(cag::predict(teacher, target.images), anchors)));
  CHECK_FALSE(student->parameters().front().equal(before));
}

TEST_CASE("A package looks at whole images through windows", "[.packages]") {
  const auto bytes = at::randint(256, {80, 120, 3}, at::kByte);
  auto net = packaged("dynamic.pt2");
  cag::Predictor predictor(net, {.normalisation = net.info().normalisation,
                                 .window_height = 64,
                                 .window_width = 96,
                                 .flip = true});
  const auto probabilities = predictor.probabilities(bytes);
  CHECK(probabilities.sizes() == at::IntArrayRef({3, 80, 120}));
  CHECK(probabilities.sum(0).allclose(at::full({80, 120}, 1.0F), 1e-4, 1e-4));
}

TEST_CASE("What the loader unpacks goes with the last copy", "[.packages]") {
  const Unpacking unpacking;
  {
    auto net = packaged("fixed.pt2");
    const auto copy = net;
    CHECK_FALSE(fs::is_empty(unpacking.folder.path()));
  }
  CHECK(fs::is_empty(unpacking.folder.path()));
}

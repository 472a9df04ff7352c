// A network of this project's own meets the library: anchors, pseudo-labels, one training step.

#include <torch/torch.h>

#include <cag/cag.hpp>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace {

constexpr std::int64_t kCategories = 7;
constexpr std::int64_t kChannels = 48;
constexpr std::int64_t kStride = 8;

struct NetworkImpl : torch::nn::Cloneable<NetworkImpl> {
  NetworkImpl() { reset(); }
  void reset() override {
    using Options = torch::nn::Conv2dOptions;
    encode = register_module("encode",
                             torch::nn::Conv2d(Options(3, kChannels, kStride).stride(kStride)));
    classify = register_module("classify", torch::nn::Conv2d(Options(kChannels, kCategories, 1)));
  }
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& images) {
    const auto features = encode(images).relu();
    return {features, classify(features)};
  }
  torch::nn::Conv2d encode{nullptr}, classify{nullptr};
};
TORCH_MODULE(Network);

/// Tiles of one colour per category, with noise.
cag::LabelledBatch draw(double brightness) {
  const auto tiles = at::randint(kCategories, {2, 12, 16}, at::kLong);
  const auto labels = tiles.repeat_interleave(kStride, 1).repeat_interleave(kStride, 2);
  const auto colours = at::tensor({0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0})
                           .view({kCategories, 3})
                           .to(at::kFloat);
  const auto images = colours.index({labels}).permute({0, 3, 1, 2}).mul(brightness);
  return {images + at::randn_like(images).mul(0.1), labels};
}

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

}  // namespace

std::int64_t categories_of_other_file();
bool picture_comes_back_of_other_file();

int main() {
  torch::manual_seed(1);
  const cag::LabelledBatch source = draw(1.0);
  const auto [target_images, target_truth] = draw(0.9);
  const cag::UnlabelledBatch target{target_images};
  Network student;
  torch::optim::SGD optimizer(student->parameters(), /*lr=*/0.1);
  const auto before = student->encode->weight.detach().clone();

  // begin: what a user of the library writes
  Network teacher = cag::frozen_copy(student);
  cag::AnchorBank<Network, cag::anchor::PixelMean, cag::mask::Labelled> bank(kCategories);
  bank.observe(teacher, source.images, source.labels);

  const cag::PseudoLabeler<> labeler(cag::metric::Euclidean{}, {.margin = 0.05});
  const at::Tensor labels = labeler(cag::predict(teacher, target.images), bank.anchors());

  const cag::AdaptationLoss<> loss{.labeler = labeler};
  const auto terms = loss(student, teacher, bank.anchors(), source, target);
  optimizer.zero_grad();
  terms.total().backward();
  optimizer.step();
  // end

  expect(bank.anchors().vectors.sizes() == at::IntArrayRef({kCategories, kChannels}),
         "expected anchors [7, 48]");
  expect(bank.anchors().seen().all().item<bool>(), "expected an anchor of each category");
  expect(labels.sizes() == at::IntArrayRef({2, 12, 16}), "expected labels [2, 12, 16]");
  const auto active = labels.ne(cag::kIgnoreIndex);
  const auto truth =
      target_truth.slice(1, 0, at::nullopt, kStride).slice(2, 0, at::nullopt, kStride);
  const auto coverage = active.to(at::kFloat).mean().item<double>();
  const auto right = labels.eq(truth).masked_select(active).to(at::kFloat).mean().item<double>();
  std::printf("coverage %.2f, right %.2f, loss %.3f\n", coverage, right,
              terms.total().item<double>());
  expect(coverage > 0.3 && right > 0.9, "expected right labels for a third of the pixels");
  expect(terms.terms().size() == 4, "expected four loss terms");
  expect(!student->encode->weight.equal(before), "expected a step of the student");
  expect(teacher->encode->weight.equal(before), "expected a teacher that stays");
  expect(categories_of_other_file() == kCategories, "expected the other file's anchors");
  expect(picture_comes_back_of_other_file(), "expected the picture that was written");
  std::puts("OK");
}

// The anchor alignment loss and its gradient by cag::kernels beside autograd: see kernels.py.
#include <cag/kernels/class_sums.hpp>
#include <cag/kernels/large_pages.hpp>
#include <cag/kernels/scatter.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/smooth_l1_loss.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include "contest/children.hpp"
#include "contest/contest.hpp"
#include "contest/data.hpp"
#include "contest/program.hpp"
#include "contest/published_means.hpp"
#include "contest/roofline.hpp"
#include "contest/threads.hpp"

namespace {

using bench::Case;

constexpr std::int64_t kFewest = 10;  // pixels of a mean
constexpr double kWeight = 10;

struct Input {
  at::Tensor map, logits;      // [1, D, h, w], [1, K, h, w] float32
  at::Tensor labels, anchors;  // [1, h, w] int64, [K, D]
};

/// One repetition, which returns the gradient of the features [1, D, h, w].
using Run = std::function<at::Tensor()>;

struct NormalisationPooling : torch::autograd::Function<NormalisationPooling> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& map,
                            const at::Tensor& scale) {
    context->save_for_backward({scale});
    return map.view_as(map);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    return {gradients[0] * context->get_saved_variables()[0], at::Tensor()};
  }
};

/// The leaf of a graph, in the memory of the map.
at::Tensor leaf(const at::Tensor& map) { return map.detach().requires_grad_(); }

/// Autograd over what was published: vector by vector, loss by loss.
Run published(const Input& input) {
  const auto labels = input.labels.unsqueeze(1).to(at::kFloat);
  return [=] {
    const auto map = leaf(input.map);
    const auto means = bench::published_means(
        map, input.logits, labels, [](const at::Tensor& masked, const at::Tensor& scale) {
          return NormalisationPooling::apply(masked, scale);
        });
    auto loss = at::zeros({1}, at::kFloat);
    for (const auto& [k, mean] : means) {
      auto own = at::smooth_l1_loss(mean.squeeze(), input.anchors.select(0, k));
      while (own.item<float>() > 5) own = own / 10;
      loss = loss + own;
    }
    (loss / static_cast<double>(means.size()) * kWeight).backward();
    return map.grad();
  };
}

/// Smooth L1 of all means at once: its value per category, and the gradient of the sums' rows.
struct Loss {
  at::Tensor value, rows;
};

Loss loss_of(const at::Tensor& sums, const at::Tensor& counts, const at::Tensor& anchors,
             std::int64_t pixels) {
  const auto enough = counts.ge(kFewest).to(sums.scalar_type()).unsqueeze(1);
  const auto away = sums / counts.clamp_min(1).unsqueeze(1) - anchors;
  const auto weight = enough * (kWeight / static_cast<double>(sums.size(1))) / enough.sum();
  const auto size = away.abs();
  const auto near = size.clamp_max(1);
  return {((size - near / 2) * near * weight).sum(),
          away.clamp(-1, 1) * weight * (2 / static_cast<double>(pixels))};
}

/// @param kept  whether the gradient's memory outlives the call
Run kernel(const Input& input, int threads, bool kept) {
  auto memory = at::empty_like(input.map);
  return [=] {
    const auto categories = input.logits.size(1), channels = input.map.size(1);
    auto sums = at::empty({categories, channels}, at::kFloat);
    auto counts = at::empty({categories}, at::kLong);
    auto classes = at::empty(input.labels.sizes(), at::kByte);
    const auto map = bench::view(input.map), logits = bench::view(input.logits);
    const auto parallel = bench::parallel_of(threads);
    cag::kernels::class_sums(map,
                             {.label = input.labels.const_data_ptr<std::int64_t>(),
                              .logits = &logits,
                              .categories = categories},
                             sums.mutable_data_ptr<float>(),
                             counts.mutable_data_ptr<std::int64_t>(),
                             classes.mutable_data_ptr<std::uint8_t>(), parallel);
    const auto loss = loss_of(sums, counts, input.anchors, map.pixels);
    auto gradient = kept ? memory : at::empty_like(input.map);
    if (!kept)
      cag::kernels::ask_for_large_pages(gradient.mutable_data_ptr(),
                                        static_cast<std::int64_t>(gradient.nbytes()));
    const auto rows = loss.rows.contiguous();
    cag::kernels::scatter(rows.const_data_ptr<float>(), categories,
                          classes.const_data_ptr<std::uint8_t>(),
                          {.data = gradient.mutable_data_ptr(),
                           .element = map.element,
                           .images = map.images,
                           .channels = map.channels,
                           .pixels = map.pixels,
                           .image_stride = gradient.stride(0),
                           .channel_stride = gradient.stride(1),
                           .pixel_stride = gradient.stride(3)},
                          parallel);
    return gradient;
  };
}

at::Tensor one_hot(const Input& input, at::ScalarType type) {
  const auto agree = input.logits.argmax(1).eq(input.labels).flatten();
  const auto order = at::arange(input.logits.size(1), at::kLong).unsqueeze(1);
  return order.eq(input.labels.flatten()).logical_and(agree).to(type);
}

/// [h w, D], without a copy.
at::Tensor rows(const at::Tensor& map) { return map.select(0, 0).permute({1, 2, 0}).flatten(0, 1); }

/// All means by one product, under autograd.
Run matrix(const Input& input) {
  return [=] {
    const auto map = leaf(input.map);
    const auto hot = one_hot(input, at::kFloat);
    const auto counts = hot.sum(1, /*keepdim=*/true);
    const auto means = at::mm(hot, rows(map.to(at::kFloat))) / counts.clamp_min(1);
    const auto scale = counts * (2 / static_cast<double>(hot.size(1)));
    const auto scaled = means.detach() + (means - means.detach()) * scale;
    const auto each = at::smooth_l1_loss(scaled, input.anchors, at::Reduction::None).mean(1);
    const auto enough = counts.ge(kFewest).to(at::kFloat).squeeze(1);
    ((each * enough).sum() / enough.sum() * kWeight).backward();
    return map.grad();
  };
}

/// In float64, by the rule and not by autograd.
at::Tensor truth_of(const Input& input) {
  const auto hot = one_hot(input, at::kDouble);
  const auto loss = loss_of(at::mm(hot, rows(input.map.to(at::kDouble))), hot.sum(1),
                            input.anchors.to(at::kDouble), hot.size(1));
  return at::mm(loss.rows.t(), hot).view(input.map.sizes());
}

void run(const bench::Options& options, const Case& now) {
  at::set_num_threads(now.threads);
  const auto data = bench::make_data(now, options.anchors);
  auto float32 = now;
  float32.element = "float32";
  const Input input{bench::as_stored(data.features, now), bench::as_stored(data.logits, float32),
                    data.labels, data.anchors};
  std::vector<std::pair<std::string, Run>> all{
      {"cag::kernels", kernel(input, now.threads, false)},
      {"cag::kernels, into a kept gradient", kernel(input, now.threads, true)},
      {"published formula", published(input)},
      {"one-hot GEMM", matrix(input)}};
  if (now.half() || now.channels_last())
    all.emplace_back("published formula, float32 contiguous",
                     published({data.features, data.logits, data.labels, data.anchors}));
  bench::Contest contest;
  for (const auto& [name, run] : all) contest.add_run(name, [run = run] { run(); });

  bench::write_bytes(options.folder + "/features", input.map);
  bench::write_bytes(options.folder + "/logits", input.logits);
  bench::write_bytes(options.folder + "/labels", input.labels);
  bench::write_bytes(options.folder + "/anchors", input.anchors);
  bench::Children children(options, "alignment", now);
  children.prepare();
  children.add_to(contest);
  if (now.threads == 1) bench::add_roofline(contest);
  contest.run(options, now.threads);

  const auto truth = truth_of(input);
  const auto note = [&](const std::string& name, const at::Tensor& found) {
    contest.note(name, "error of the gradient",
                 ((found.to(at::kDouble) - truth).abs().max() / truth.abs().max()).item<double>());
  };
  for (const auto& [name, run] : all) note(name, run());
  children.each_result([&](const auto& name, const auto& path) {
    const auto found = bench::read_bytes(path, {now.pixels() * now.channels}, at::kFloat);
    note(name, now.channels_last()
                   ? found.view({1, now.height, now.width, now.channels}).permute({0, 3, 1, 2})
                   : found.view({1, now.channels, now.height, now.width}));
  });
  auto versions = children.versions();
  versions["LibTorch"] = TORCH_VERSION;
  contest.report("alignment", now, versions);
}

}  // namespace

int main(int argc, char** argv) { return bench::program(argc, argv, run); }

// cag::kernels::class_sums beside what gives the same sums: see kernels.py.
#include <cag/kernels/class_sums.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/version.h>

#include "contest/children.hpp"
#include "contest/contest.hpp"
#include "contest/data.hpp"
#include "contest/memory.hpp"
#include "contest/program.hpp"
#include "contest/published_means.hpp"
#include "contest/roofline.hpp"
#include "contest/threads.hpp"

namespace {

using bench::Case;

struct Input {
  at::Tensor map, logits;  // [1, D, h, w], [1, K, h, w] float32
  at::Tensor labels;       // [1, h, w] int64

  std::int64_t categories() const { return logits.size(1); }
  std::int64_t channels() const { return map.size(1); }
};

/// One repetition, which returns sums [K, D].
using Run = std::function<at::Tensor()>;

/// [D, h w], without a copy.
at::Tensor columns(const at::Tensor& map) {
  return map.select(0, 0).permute({1, 2, 0}).flatten(0, 1).t();
}

/// [h w]: the label where the prediction agrees, else K.
at::Tensor agreed(const Input& input) {
  const auto predicted = input.logits.argmax(1);
  return at::where(predicted.eq(input.labels), input.labels, input.categories()).flatten();
}

/// [K, h w]
at::Tensor one_hot(const Input& input, at::ScalarType type) {
  return at::arange(input.categories(), at::kLong).unsqueeze(1).eq(agreed(input)).to(type);
}

Run kernel(const Input& input, int threads) {
  return [=] {
    const auto categories = input.categories();
    auto sums = at::empty({categories, input.channels()}, at::kFloat);
    auto counts = at::empty({categories}, at::kLong);
    auto classes = at::empty(input.labels.sizes(), at::kByte);
    const auto logits = bench::view(input.logits);
    cag::kernels::class_sums(bench::view(input.map),
                             {.label = input.labels.const_data_ptr<std::int64_t>(),
                              .logits = &logits,
                              .categories = categories},
                             sums.mutable_data_ptr<float>(),
                             counts.mutable_data_ptr<std::int64_t>(),
                             classes.mutable_data_ptr<std::uint8_t>(), bench::parallel_of(threads));
    return sums;
  };
}

/// Means, back to sums outside of what is timed.
Run published(const Input& input) {
  const auto labels = input.labels.unsqueeze(1).to(at::kFloat);
  return [=] {
    auto all = at::zeros({input.categories(), input.channels()}, at::kFloat);
    for (const auto& [k, mean] :
         bench::published_means(input.map, input.logits, labels,
                                [](const at::Tensor&map, const at::Tensor&) { return map; }))
      all.select(0, k).copy_(mean.flatten());
    return all;
  };
}

Run matrix(const Input& input, at::ScalarType type) {
  return
      [=] { return at::mm(one_hot(input, type), columns(input.map.to(type)).t()).to(at::kFloat); };
}

Run index_add_rows(const Input& input) {
  return [=] {
    return at::zeros({input.categories() + 1, input.channels()}, at::kFloat)
        .index_add_(0, agreed(input), columns(input.map.to(at::kFloat)).t())
        .narrow(0, 0, input.categories());
  };
}

Run index_add_columns(const Input& input) {
  return [=] {
    return at::zeros({input.channels(), input.categories() + 1}, at::kFloat)
        .index_add_(1, agreed(input), columns(input.map.to(at::kFloat)))
        .narrow(1, 0, input.categories())
        .t();
  };
}

std::vector<std::pair<std::string, Run>> contestants(const Input& input, const Case& now) {
  std::vector<std::pair<std::string, Run>> all{{"cag::kernels", kernel(input, now.threads)},
                                               {"published formula", published(input)},
                                               {"one-hot GEMM", matrix(input, at::kFloat)},
                                               {"index_add by rows", index_add_rows(input)},
                                               {"index_add by channels", index_add_columns(input)}};
  if (now.half()) all.emplace_back("one-hot GEMM in bfloat16", matrix(input, at::kBFloat16));
  return all;
}

void run(const bench::Options& options, const Case& now) {
  const at::NoGradGuard no_grad;
  at::set_num_threads(now.threads);
  const auto data = bench::make_data(now, options.anchors);
  auto float32 = now;
  float32.element = "float32";
  const Input input{bench::as_stored(data.features, now), bench::as_stored(data.logits, float32),
                    data.labels};
  const auto all = contestants(input, now);
  bench::Contest contest;
  for (const auto& [name, run] : all) contest.add_run(name, [run = run] { run(); });
  // What compact regions save is not there: every pixel counts, and is of any category.
  const auto anywhere = at::randint(now.categories, {1, now.height, now.width}, at::kLong);
  const Input scattered{
      input.map,
      bench::as_stored(at::zeros_like(data.logits).scatter_(1, anywhere.unsqueeze(1), 1), float32),
      anywhere};
  contest.add_run("cag::kernels, scattered labels",
                  [run = kernel(scattered, now.threads)] { run(); });
  if (now.half() || now.channels_last())
    contest.add_run("published formula, float32 contiguous",
                    [run = published({data.features, data.logits, data.labels})] { run(); });

  bench::write_bytes(options.folder + "/features", input.map);
  bench::write_bytes(options.folder + "/logits", input.logits);
  bench::write_bytes(options.folder + "/labels", input.labels);
  bench::Children children(options, "class_sums", now);
  children.prepare();
  children.add_to(contest);
  if (now.threads == 1) {
    bench::add_roofline(contest);
    bench::add_read(contest, input.map.const_data_ptr(),
                    static_cast<std::int64_t>(input.map.nbytes()));
  }
  contest.run(options, now.threads);

  const auto truth = at::mm(one_hot(input, at::kDouble), columns(input.map.to(at::kDouble)).t());
  const auto counts = one_hot(input, at::kDouble).sum(1, /*keepdim=*/true);
  const auto means = truth / counts.clamp_min(1);
  const auto note = [&](const std::string& name, const at::Tensor& found) {
    const auto own = name.starts_with("published") ? found.to(at::kDouble)
                                                   : found.to(at::kDouble) / counts.clamp_min(1);
    contest.note(name, "error of the mean",
                 ((own - means).abs().max() / means.abs().max()).item<double>());
  };
  for (const auto& [name, run] : all) note(name, run());
  children.each_result([&](const auto& name, const auto& path) {
    note(name, bench::read_bytes(path, {now.categories, now.channels}, at::kFloat));
  });
  if (now.threads == 1)
    for (const auto& [name, run] : all)
      contest.note(name, "extra memory", bench::extra_memory([run = run] { run(); }));
  auto versions = children.versions();
  versions["LibTorch"] = TORCH_VERSION;
  contest.report("class_sums", now, versions);
}

}  // namespace

int main(int argc, char** argv) { return bench::program(argc, argv, run); }

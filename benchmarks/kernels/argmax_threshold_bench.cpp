// cag::kernels::argmax_threshold beside what gives the same labels: see kernels.py.
#include <cag/kernels/argmax_threshold.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/version.h>

#include "contest/children.hpp"
#include "contest/contest.hpp"
#include "contest/data.hpp"
#include "contest/oracle.hpp"
#include "contest/program.hpp"
#include "contest/roofline.hpp"
#include "contest/threads.hpp"

namespace {

using bench::Case;
using bench::kIgnore;

constexpr float kThreshold = 0.95F;

/// One repetition, which returns labels [h w].
using Run = std::function<at::Tensor()>;

Run kernel(const at::Tensor& logits, int threads) {
  return [=] {
    auto labels = at::empty({logits.size(2) * logits.size(3)}, at::kLong);
    cag::kernels::argmax_threshold(
        bench::view(logits), {.threshold = kThreshold},
        {.label = labels.mutable_data_ptr<std::int64_t>(), .ignore = kIgnore},
        bench::parallel_of(threads));
    return labels;
  };
}

/// As it was published: ones where a category's probability is above its threshold, beside a
/// constant that wins where none is.
Run published(const at::Tensor& logits) {
  return [=] {
    auto active = logits.to(at::kFloat).softmax(1);
    const auto one = at::ones({1}, at::kFloat), zero = at::zeros({1}, at::kFloat);
    for (std::int64_t k = 0; k < logits.size(1); ++k) {
      auto own = active.select(1, k);
      own.copy_(at::where(own.gt(kThreshold), one, zero));
    }
    const auto none = at::full({1, 1, logits.size(2), logits.size(3)}, 0.2, at::kFloat);
    auto labels = at::cat({active, none}, 1).argmax(1, /*keepdim=*/true);
    return labels.masked_fill_(labels.eq(logits.size(1)), kIgnore).flatten();
  };
}

Run softmax_max(const at::Tensor& logits) {
  return [=] {
    const auto [probability, category] = logits.to(at::kFloat).softmax(1).max(1);
    return at::where(probability.gt(kThreshold), category, kIgnore).flatten();
  };
}

bench::Truth truth_of(const at::Tensor& logits) {
  const auto [probability, category] = logits.to(at::kDouble).softmax(1).max(1);
  const auto away = (probability - double{kThreshold}).flatten();
  const auto labels = at::where(away.gt(0), category.flatten(), kIgnore);
  const auto* label = labels.const_data_ptr<std::int64_t>();
  const auto* distance = away.const_data_ptr<double>();
  bench::Truth truth{{label, label + labels.numel()}, {}};
  for (std::int64_t i = 0; i < away.numel(); ++i) truth.clearance.push_back(std::abs(distance[i]));
  return truth;
}

void run(const bench::Options& options, const Case& now) {
  const at::NoGradGuard no_grad;
  at::set_num_threads(now.threads);
  const auto data = bench::make_data(now, options.anchors);
  const auto logits = bench::as_stored(data.logits, now);
  std::vector<std::pair<std::string, Run>> all{{"cag::kernels", kernel(logits, now.threads)},
                                               {"published formula", published(logits)},
                                               {"softmax, max", softmax_max(logits)}};
  if (now.half() || now.channels_last())
    all.emplace_back("published formula, float32 contiguous", published(data.logits));
  bench::Contest contest;
  for (const auto& [name, run] : all) contest.add_run(name, [run = run] { run(); });
  bench::write_bytes(options.folder + "/logits", logits);
  bench::Children children(options, "argmax_threshold", now);
  children.prepare();
  children.add_to(contest);
  if (now.threads == 1) bench::add_roofline(contest);
  contest.run(options, now.threads);

  const auto truth = truth_of(logits), exact = truth_of(data.logits);
  const auto note = [&](const std::string& name, const at::Tensor& labels) {
    const auto& expected = name.ends_with("float32 contiguous") ? exact : truth;
    const auto found =
        bench::differences(expected, labels.contiguous().const_data_ptr<std::int64_t>());
    contest.note(name, "differing", static_cast<double>(found.all));
    contest.note(name, "differing, clear", static_cast<double>(found.clear));
    contest.note(name, "active", labels.ne(kIgnore).to(at::kDouble).mean().item<double>());
  };
  for (const auto& [name, run] : all) note(name, run());
  children.each_result([&](const auto& name, const auto& path) {
    note(name, bench::read_bytes(path, {now.pixels()}, at::kLong));
  });
  auto versions = children.versions();
  versions["LibTorch"] = TORCH_VERSION;
  contest.report("argmax_threshold", now, versions);
}

}  // namespace

int main(int argc, char** argv) { return bench::program(argc, argv, run); }

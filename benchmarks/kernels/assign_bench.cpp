// cag::kernels::assign beside what gives the same labels: see kernels.py.
#include <cag/kernels/assign.hpp>

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <torch/version.h>

#include "contest/children.hpp"
#include "contest/contest.hpp"
#include "contest/data.hpp"
#include "contest/memory.hpp"
#include "contest/oracle.hpp"
#include "contest/program.hpp"
#include "contest/roofline.hpp"
#include "contest/threads.hpp"

namespace {

using bench::Case;
using bench::kIgnore;
using bench::kMargin;

/// One repetition, which returns labels [pixels].
using Run = std::function<at::Tensor()>;
/// What can be done once for all maps is done before: (map, anchors) -> repetition.
using Labeler = std::function<Run(const at::Tensor&, const at::Tensor&)>;

at::Tensor by_margin(const at::Tensor& nearest, const at::Tensor& second,
                     const at::Tensor& category) {
  return at::where((second - nearest).ge(kMargin), category, kIgnore).flatten();
}

/// [h w, D], without a copy where the map is channels-last.
at::Tensor rows(const at::Tensor& map) { return map.select(0, 0).permute({1, 2, 0}).flatten(0, 1); }

Run kernel(const at::Tensor& map, const at::Tensor& anchors, int threads) {
  const auto category = at::arange(anchors.size(0), at::kLong);
  const cag::kernels::AnchorTable table(anchors.const_data_ptr<float>(),
                                        category.const_data_ptr<std::int64_t>(), anchors.size(0),
                                        anchors.size(1));
  return [=] {
    auto labels = at::empty({map.size(2) * map.size(3)}, at::kLong);
    cag::kernels::assign(bench::view(map), table, {.margin = kMargin},
                         {.label = labels.mutable_data_ptr<std::int64_t>(), .ignore = kIgnore},
                         bench::parallel_of(threads));
    return labels;
  };
}

/// As it was published: category by category, the nearest distance hidden to find the second.
Run published(const at::Tensor& map, const at::Tensor& anchors) {
  return [=] {
    auto distances = at::empty({1, anchors.size(0), map.size(2), map.size(3)}, at::kFloat);
    for (std::int64_t k = 0; k < anchors.size(0); ++k)
      distances.select(1, k).copy_(
          at::linalg_vector_norm(anchors.select(0, k).view({1, -1, 1, 1}) - map, 2, 1));
    const auto [nearest, category] = distances.min(1, /*keepdim=*/true);
    const auto others = distances.scatter(1, category, 100);
    return by_margin(nearest, std::get<0>(others.min(1, /*keepdim=*/true)), category);
  };
}

Run cdist(const at::Tensor& map, const at::Tensor& anchors) {
  return [=] {
    const auto [distance, category] =
        at::cdist(rows(map.to(at::kFloat)), anchors).topk(2, 1, /*largest=*/false);
    return by_margin(distance.select(1, 0), distance.select(1, 1), category.select(1, 0));
  };
}

/// x² − 2xa + a² of two squared distances without x², and x².
at::Tensor by_scores(const at::Tensor& nearest, const at::Tensor& second,
                     const at::Tensor& category, const at::Tensor& squares) {
  return by_margin((nearest + squares).clamp_min(0).sqrt(), (second + squares).clamp_min(0).sqrt(),
                   category);
}

/// @param type  of the product
Run matrix_rows(const at::Tensor& map, const at::Tensor& anchors, at::ScalarType type) {
  const auto squares = anchors.square().sum(1);
  const auto factors = (anchors * -2).to(type).t();
  return [=] {
    const auto pixels = rows(map.to(type));
    const auto [score, category] =
        (at::mm(pixels, factors).to(at::kFloat) + squares).topk(2, 1, /*largest=*/false);
    return by_scores(score.select(1, 0), score.select(1, 1), category.select(1, 0),
                     at::linalg_vector_norm(pixels, 2, 1, false, at::kFloat).square());
  };
}

Run matrix_columns(const at::Tensor& map, const at::Tensor& anchors, at::ScalarType type) {
  const auto squares = anchors.square().sum(1, /*keepdim=*/true);
  const auto factors = (anchors * -2).to(type);
  return [=] {
    const auto pixels = rows(map.to(type)).t();
    auto scores = at::mm(factors, pixels).to(at::kFloat) + squares;
    const auto [nearest, category] = scores.min(0);
    scores.scatter_(0, category.unsqueeze(0), std::numeric_limits<float>::infinity());
    return by_scores(nearest, scores.amin(0), category,
                     at::linalg_vector_norm(pixels, 2, 0, false, at::kFloat).square());
  };
}

std::vector<std::pair<std::string, Labeler>> labelers(const Case& now) {
  const auto matrix = [](auto form, at::ScalarType type) {
    return [=](const auto& map, const auto& anchors) { return form(map, anchors, type); };
  };
  std::vector<std::pair<std::string, Labeler>> all{
      {"cag::kernels",
       [=](const auto& map, const auto& anchors) { return kernel(map, anchors, now.threads); }},
      {"published formula", published},
      {"cdist, topk", cdist},
      {"GEMM, topk", matrix(matrix_rows, at::kFloat)},
      {"GEMM by channels, min", matrix(matrix_columns, at::kFloat)}};
  if (now.half()) {
    all.emplace_back("GEMM in bfloat16, topk", matrix(matrix_rows, at::kBFloat16));
    all.emplace_back("GEMM in bfloat16 by channels, min", matrix(matrix_columns, at::kBFloat16));
  }
  return all;
}

void run(const bench::Options& options, const Case& now) {
  const at::NoGradGuard no_grad;
  at::set_num_threads(now.threads);
  const auto data = bench::make_data(now, options.anchors);
  const auto map = bench::as_stored(data.features, now);
  const auto all = labelers(now);
  bench::Contest contest;
  for (const auto& [name, labeler] : all)
    contest.add_run(name, [run = labeler(map, data.anchors)] { run(); });
  const std::string contiguous = "published formula, float32 contiguous";
  if (now.half() || now.channels_last())
    contest.add_run(contiguous, [run = published(data.features, data.anchors)] { run(); });

  bench::Children children(options, "assign", now);
  const auto hand_over = [&](const at::Tensor& features, const at::Tensor& anchors) {
    bench::write_bytes(options.folder + "/features", features);
    bench::write_bytes(options.folder + "/anchors", anchors);
    children.prepare();
  };
  hand_over(map, data.anchors);
  children.add_to(contest);
  if (now.threads == 1) {
    bench::add_roofline(contest);
    bench::add_read(contest, map.const_data_ptr(), static_cast<std::int64_t>(map.nbytes()));
  }
  contest.run(options, now.threads);

  // Labels, also where features and anchors share an offset.
  for (const int offset : {0, 10, 100}) {
    if (offset != 0 && (now.threads > 1 || now.half())) continue;
    const auto suffix = offset == 0 ? "" : " at +" + std::to_string(offset);
    const auto shifted = bench::as_stored(data.features + offset, now);
    const auto anchors = data.anchors + offset;
    const auto truth =
        bench::labels_in_double(shifted.to(at::kFloat).contiguous().const_data_ptr<float>(),
                                anchors.const_data_ptr<float>(), now);
    const auto note = [&](const std::string& name, const at::Tensor& labels) {
      const auto found =
          bench::differences(truth, labels.contiguous().const_data_ptr<std::int64_t>());
      contest.note(name, "differing" + suffix, static_cast<double>(found.all));
      contest.note(name, "differing, clear" + suffix, static_cast<double>(found.clear));
      if (offset == 0)
        contest.note(name, "active", labels.ne(kIgnore).to(at::kDouble).mean().item<double>());
    };
    for (const auto& [name, labeler] : all) note(name, labeler(shifted, anchors)());
    if (offset != 0) hand_over(shifted, anchors);
    children.each_result([&](const auto& name, const auto& path) {
      note(name, bench::read_bytes(path, {now.pixels()}, at::kLong));
    });
  }

  if (now.threads == 1)
    for (const auto& [name, labeler] : all) {
      const auto run = labeler(map, data.anchors);
      at::Tensor labels;
      const auto bytes = bench::extra_memory([&] { labels = run(); });
      contest.note(name, "extra memory", bytes - static_cast<double>(labels.nbytes()));
    }
  auto versions = children.versions();
  versions["LibTorch"] = TORCH_VERSION;
  contest.report("assign", now, versions);
}

}  // namespace

int main(int argc, char** argv) { return bench::program(argc, argv, run); }

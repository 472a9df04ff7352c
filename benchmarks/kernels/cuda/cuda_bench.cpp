// cag::kernels_cuda beside what gives the same in LibTorch, on a GPU: prints a table of each
// operator, size, element and layout, and a line of JSON for each contestant.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>

#include <dlfcn.h>

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/smooth_l1_loss.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/version.h>

#include <cag/kernels/cuda/argmax_threshold.hpp>
#include <cag/kernels/cuda/assign.hpp>
#include <cag/kernels/cuda/soft_weights.hpp>
#include <cag/loss/fused_cuda_pixel_distance.hpp>
#include <cag/metric/fused_cuda_euclidean.hpp>
#include <cag/sums/fused_cuda.hpp>

#include "contest/data.hpp"
#include "race.hpp"

namespace {

using bench::Case;
using bench::Race;

constexpr std::int64_t kIgnore = 250, kFewest = 10;
constexpr float kMargin = 2.5F, kThreshold = 0.95F;

/// Copies of a case's tensors on the GPU, together larger than its caches.
struct Inputs {
  std::vector<at::Tensor> maps, logits;  ///< [1, D, h, w], [1, K, h, w]
  at::Tensor labels, anchors;            ///< [1, h, w] int64, [K, D] float32
  cag::Anchors own;                      ///< the same anchors, on the CPU

  Inputs(const Case& now) {
    constexpr std::int64_t kBytes = 400 << 20;
    const auto data = bench::make_data(now, "");
    const auto many = [&](const at::Tensor& map) {
      const auto stored = bench::as_stored(map, now).to(at::kCUDA);
      std::vector<at::Tensor> all;
      for (std::int64_t i = 0; i < std::min<std::int64_t>(kBytes / stored.nbytes() + 1, 64); ++i)
        all.push_back(stored.clone());
      return all;
    };
    maps = many(data.features);
    logits = many(data.logits);
    labels = data.labels.to(at::kCUDA);
    anchors = data.anchors.to(at::kCUDA);
    own = {data.anchors.to(at::kDouble), at::ones({data.anchors.size(0)}, at::kLong)};
  }

  const at::Tensor& map(std::size_t i) const { return maps[i % maps.size()]; }
  const at::Tensor& logit(std::size_t i) const { return logits[i % logits.size()]; }
  std::int64_t categories() const { return anchors.size(0); }
};

/// [h w, D], without a copy where the map is channels-last.
at::Tensor rows(const at::Tensor& map) { return map.select(0, 0).permute({1, 2, 0}).flatten(0, 1); }

at::Tensor by_margin(const at::Tensor& nearest, const at::Tensor& second,
                     const at::Tensor& category) {
  return at::where((second - nearest).ge(kMargin), category, kIgnore).flatten();
}

at::Tensor cdist_labels(const at::Tensor& map, const at::Tensor& anchors) {
  const auto [distance, category] =
      at::cdist(rows(map.to(at::kFloat)), anchors).topk(2, 1, /*largest=*/false);
  return by_margin(distance.select(1, 0), distance.select(1, 1), category.select(1, 0));
}

/// As it was published: category by category, the nearest distance hidden to find the second.
at::Tensor published_labels(const at::Tensor& map, const at::Tensor& anchors) {
  auto distances = at::empty({1, anchors.size(0), map.size(2), map.size(3)}, anchors.options());
  for (std::int64_t k = 0; k < anchors.size(0); ++k)
    distances.select(1, k).copy_(
        at::linalg_vector_norm(anchors.select(0, k).view({1, -1, 1, 1}) - map, 2, 1));
  const auto [nearest, category] = distances.min(1, /*keepdim=*/true);
  const auto others = distances.scatter(1, category, 100);
  return by_margin(nearest, std::get<0>(others.min(1, /*keepdim=*/true)), category);
}

at::Tensor matrix_labels(const at::Tensor& map, const at::Tensor& anchors) {
  const auto squares = anchors.square().sum(1, /*keepdim=*/true);
  const auto pixels = rows(map).t();
  auto scores = at::mm((anchors * -2).to(map.scalar_type()), pixels).to(at::kFloat) + squares;
  const auto [nearest, category] = scores.min(0);
  scores.scatter_(0, category.unsqueeze(0), std::numeric_limits<float>::infinity());
  const auto size = at::linalg_vector_norm(pixels, 2, 0, false, at::kFloat).square();
  return by_margin((nearest + size).clamp_min(0).sqrt(),
                   (scores.amin(0) + size).clamp_min(0).sqrt(), category);
}

Race assign(const Inputs& in) {
  const auto pixels = in.labels.numel();
  const cag::detail::CudaScope scope(in.labels);
  const cag::detail::AnchorRows all{in.own.vectors.to(at::kFloat), in.own.owners()};
  const auto table = std::make_shared<cag::detail::CudaAnchors>(all, in.labels.device(), scope);
  const auto labels = [=](const at::Tensor& map) {
    auto out = at::empty({pixels}, map.options().dtype(at::kLong));
    const cag::detail::CudaScope here(map);
    here.check(
        cag::kernels::cuda::assign(
            cag::detail::FeatureView(map).view(), table->view(), {.margin = kMargin},
            {.label = out.mutable_data_ptr<std::int64_t>(), .ignore = kIgnore}, here.stream()),
        "assign");
    return out;
  };
  const auto mine = labels(in.map(0));
  std::printf("\nlabels that differ from cdist's: %lld of %lld\n",
              static_cast<long long>(
                  mine.ne(cdist_labels(in.map(0), in.anchors)).sum().item<std::int64_t>()),
              static_cast<long long>(pixels));
  const auto competing = at::ones({in.categories()}, at::kBool);
  Race race;
  race.add(
      "assign", [=, &in](auto i) { labels(in.map(i)); },
      static_cast<std::int64_t>(in.map(0).nbytes()) + pixels * 8);
  race.add("FusedCudaEuclidean", [=, &in](auto i) {
    cag::metric::FusedCudaEuclidean{}.nearest_two(in.map(i), in.own, competing);
  });
  race.add("published loop", [&in](auto i) { published_labels(in.map(i), in.anchors); });
  race.add("cdist + topk", [&in](auto i) { cdist_labels(in.map(i), in.anchors); });
  race.add("GEMM + min", [&in](auto i) { matrix_labels(in.map(i), in.anchors); });
  return race;
}

at::Tensor members_of(const at::Tensor& labels, std::int64_t categories) {
  return at::one_hot(labels.clamp_max(categories), categories + 1)
      .permute({0, 3, 1, 2})
      .to(at::kFloat);
}

/// The mean of each category's features where label and prediction agree, as it was published: a
/// masked copy of the map for each category.
std::vector<at::Tensor> published_means(const at::Tensor& map, const at::Tensor& logits,
                                        const at::Tensor& labels) {
  const auto categories = logits.size(1);
  const auto predicted = logits.softmax(1).argmax(1);
  const auto members = members_of(labels, categories) * members_of(predicted, categories);
  const auto share = at::adaptive_avg_pool2d(members, {1, 1});
  std::vector<at::Tensor> means(categories);
  for (std::int64_t k = 0; k < categories; ++k) {
    const auto own = members.select(0, 0).select(0, k);
    if (share.select(0, 0).select(0, k).item<float>() == 0) continue;
    if (own.gt(0).sum().item<std::int64_t>() < kFewest) continue;
    means[k] =
        at::adaptive_avg_pool2d(map.select(0, 0) * own, {1, 1}) / share.select(0, 0).select(0, k);
  }
  return means;
}

/// Labels where the prediction agrees, and the others at the end.
at::Tensor agreeing(const at::Tensor& logits, const at::Tensor& labels) {
  const auto categories = logits.size(1);
  return at::where(labels.eq(logits.argmax(1)), labels, categories).clamp_max(categories).flatten();
}

at::Tensor index_add_sums(const at::Tensor& map, const at::Tensor& logits,
                          const at::Tensor& labels) {
  return at::zeros({logits.size(1) + 1, map.size(1)}, map.options().dtype(at::kFloat))
      .index_add(0, agreeing(logits, labels), rows(map).to(at::kFloat));
}

at::Tensor one_hot_sums(const at::Tensor& map, const at::Tensor& logits, const at::Tensor& labels) {
  const auto hot = at::one_hot(agreeing(logits, labels), logits.size(1) + 1).to(map.scalar_type());
  return at::mm(hot.t(), rows(map)).to(at::kFloat);
}

Race class_sums(const Inputs& in) {
  Race race;
  const auto bytes = in.map(0).nbytes() + in.logit(0).nbytes() + in.labels.nbytes();
  race.add(
      "class_sums",
      [&in](auto i) {
        cag::detail::FusedCudaSums::apply(
            in.map(i), cag::detail::MaskedLabels{in.labels, in.logit(i)}, in.categories());
      },
      static_cast<std::int64_t>(bytes));
  race.add("published loop", [&in](auto i) { published_means(in.map(i), in.logit(i), in.labels); });
  race.add("index_add", [&in](auto i) { index_add_sums(in.map(i), in.logit(i), in.labels); });
  race.add("one-hot GEMM", [&in](auto i) { one_hot_sums(in.map(i), in.logit(i), in.labels); });
  return race;
}

at::Tensor loss_of(const at::Tensor& sums, const at::Tensor& counts, const at::Tensor& anchors) {
  const auto enough = counts.ge(kFewest).to(at::kFloat).unsqueeze(1);
  const auto means = sums / counts.clamp_min(1).unsqueeze(1);
  return (at::smooth_l1_loss(means, anchors, at::Reduction::None) * enough).sum() / enough.sum();
}

at::Tensor leaf(const at::Tensor& map) { return map.detach().requires_grad_(); }

Race alignment(const Inputs& in) {
  const auto vectorised = [&in](std::size_t i, const auto& sums_of) {
    const auto map = leaf(in.map(i));
    const auto sums = sums_of(map, in.logit(i), in.labels).narrow(0, 0, in.categories());
    const auto counts = agreeing(in.logit(i), in.labels)
                            .bincount({}, in.categories() + 1)
                            .narrow(0, 0, in.categories());
    loss_of(sums, counts, in.anchors).backward();
  };
  Race race;
  const auto bytes = 2 * in.map(0).nbytes() + in.logit(0).nbytes() + in.labels.nbytes();
  race.add(
      "alignment",
      [&in](auto i) {
        const auto map = leaf(in.map(i));
        const auto found = cag::detail::FusedCudaSums::apply(
            map, cag::detail::MaskedLabels{in.labels, in.logit(i)}, in.categories());
        loss_of(found[0].select(0, 0), found[1].select(0, 0), in.anchors).backward();
      },
      static_cast<std::int64_t>(bytes));
  race.add("published loop", [&in](auto i) {
    const auto means = published_means(leaf(in.map(i)), in.logit(i), in.labels);
    at::Tensor loss = at::zeros({}, in.anchors.options());
    for (std::size_t k = 0; k < means.size(); ++k)
      if (means[k].defined())
        loss = loss + at::smooth_l1_loss(means[k].squeeze(), in.anchors.select(0, k));
    loss.backward();
  });
  race.add("index_add", [=](auto i) { vectorised(i, index_add_sums); });
  race.add("one-hot GEMM", [=](auto i) { vectorised(i, one_hot_sums); });
  return race;
}

Race argmax_threshold(const Inputs& in) {
  Race race;
  race.add(
      "argmax_threshold",
      [&in](auto i) {
        const auto& logits = in.logit(i);
        auto out = at::empty(in.labels.sizes(), in.labels.options());
        const cag::detail::CudaScope here(logits);
        here.check(
            cag::kernels::cuda::argmax_threshold(
                cag::detail::FeatureView(logits).view(), {.threshold = kThreshold},
                {.label = out.mutable_data_ptr<std::int64_t>(), .ignore = kIgnore}, here.stream()),
            "argmax_threshold");
      },
      static_cast<std::int64_t>(in.logit(0).nbytes() + in.labels.nbytes()));
  race.add("published loop", [&in](auto i) {
    auto active = in.logit(i).to(at::kFloat).softmax(1);
    const auto one = at::ones({1}, active.options()), zero = at::zeros({1}, active.options());
    for (std::int64_t k = 0; k < active.size(1); ++k) {
      auto own = active.select(1, k);
      own.copy_(at::where(own.gt(kThreshold), one, zero));
    }
    const auto none = at::full({1, 1, active.size(2), active.size(3)}, 0.2, active.options());
    auto labels = at::cat({active, none}, 1).argmax(1, /*keepdim=*/true);
    labels.masked_fill_(labels.eq(active.size(1)), kIgnore);
  });
  race.add("softmax + max", [&in](auto i) {
    const auto [probability, category] = in.logit(i).to(at::kFloat).softmax(1).max(1);
    at::where(probability.gt(kThreshold), category, kIgnore);
  });
  return race;
}

Race own_distance(const Inputs& in) {
  Race race;
  const auto classes = at::where(in.labels.ge(in.categories()), 255, in.labels).to(at::kByte);
  const auto category = at::arange(in.categories(), in.labels.options());
  race.add(
      "own_distance",
      [=, &in](auto i) {
        cag::detail::CudaOwnDistanceSum::apply(leaf(in.map(i)), classes, in.anchors, category)[0]
            .backward();
      },
      static_cast<std::int64_t>(3 * in.map(0).nbytes()));
  race.add("index_select + norm", [&in](auto i) {
    const auto map = leaf(in.map(i));
    const auto labels = in.labels.flatten();
    const auto counts = labels.lt(in.categories());
    const auto drawn = in.anchors.index_select(0, labels.clamp_max(in.categories() - 1));
    (at::linalg_vector_norm(rows(map) - drawn, 2, 1) * counts).sum().backward();
  });
  return race;
}

Race soft_weights(const Inputs& in) {
  const cag::detail::CudaScope scope(in.labels);
  const cag::detail::AnchorRows all{in.own.vectors.to(at::kFloat), in.own.owners()};
  const auto table = std::make_shared<cag::detail::CudaAnchors>(all, in.labels.device(), scope);
  Race race;
  const auto values = in.categories() * in.labels.numel();
  race.add(
      "soft_weights",
      [=, &in](auto i) {
        auto out = at::empty({values}, in.anchors.options());
        const cag::detail::CudaScope here(out);
        here.check(cag::kernels::cuda::soft_weights(
                       cag::detail::FeatureView(in.map(i)).view(), table->view(), 1,
                       in.categories(), out.template mutable_data_ptr<float>(), here.stream()),
                   "soft_weights");
      },
      static_cast<std::int64_t>(in.map(0).nbytes()) + values * 4);
  race.add("cdist + softmax", [&in](auto i) {
    at::cdist(rows(in.map(i).to(at::kFloat)), in.anchors).neg().softmax(1);
  });
  return race;
}

/// Bytes a second, read and written, of a copy on the device.
double copy_rate() {
  constexpr std::int64_t kSize = std::int64_t{1} << 30;
  const auto from = at::zeros({kSize}, at::TensorOptions(at::kCUDA).dtype(at::kByte));
  auto to = at::empty_like(from);
  Race race;
  race.add("copy", [&](auto) { to.copy_(from); });
  race.run(10);
  return 2 * kSize / race.best();
}

}  // namespace

int main(int argc, char** argv) {
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr || !at::hasCUDA()) {
    std::printf("skipped: LibTorch has no CUDA device here\n");
    return 77;
  }
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  cudaDeviceProp device{};
  bench::require(cudaGetDeviceProperties(&device, 0));
  const auto copy = copy_rate();
  std::printf("%s, LibTorch %s, a copy moves %.0f GB/s\n", device.name, TORCH_VERSION, copy / 1e9);
  const std::pair<const char*, Race (*)(const Inputs&)> operators[] = {
      {"assign", &assign},
      {"class_sums", &class_sums},
      {"alignment, forward and backward", &alignment},
      {"argmax_threshold", &argmax_threshold},
      {"own_distance, forward and backward", &own_distance},
      {"soft_weights", &soft_weights}};
  for (const auto& size :
       {Case{"A", 256, 128, 256, 19, {}, {}}, Case{"B", 256, 256, 512, 19, {}, {}}})
    for (const auto& [layout, element] :
         {std::pair("contiguous", "float32"), std::pair("contiguous", "bfloat16"),
          std::pair("channels_last", "float32")}) {
      auto now = size;
      now.layout = layout;
      now.element = element;
      const Inputs inputs(now);
      for (const auto& [name, make] : operators) {
        auto race = make(inputs);
        race.run(rounds);
        const auto title = fmt::format("{}: {}, {}, {}", name, now.size, element, layout);
        const auto key = fmt::format(
            R"("operator": "{}", "size": "{}", "element": "{}", "layout": "{}", "gpu": "{}")", name,
            now.size, element, layout, device.name);
        std::printf("%s", race.report(title, key, copy).c_str());
        std::fflush(stdout);
      }
    }
}

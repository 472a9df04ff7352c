#include <cag/anchor/anchor_bank.hpp>
#include <cag/anchor/moving_average.hpp>
#include <cag/profile/fused.hpp>
#include <cag/profile/published_code.hpp>

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "replay.hpp"

namespace cag::parity {
namespace {

struct Recorded {
  Prediction forward(const at::Tensor& images) const { return {images, images}; }
};

struct Step {
  Prediction prediction;
  at::Tensor labels;
};

std::vector<Step> steps_of(const Case& golden) {
  std::vector<Step> steps;
  for (int i = 0; golden.has(fmt::format("img{}.features", i)); ++i) {
    const auto key = [i](const char* what) { return fmt::format("img{}.{}", i, what); };
    steps.push_back({{golden.tensor(key("features")), golden.tensor(key("logits"))},
                     golden.map(key("label_full"))});
  }
  return steps;
}

Anchors start_of(const Case& golden, const Json& run, std::int64_t categories, std::int64_t width) {
  const auto value = [&](const char* key, at::Tensor zeros) {
    const auto name = run.at(key).get<std::string>();
    return name == "zeros" ? zeros : golden.tensor(name);
  };
  auto zeros = Anchors::zeros(categories, width);
  return {value("anchors_start", zeros.vectors).to(at::kDouble).clone(),
          value("counts_start", zeros.counts).to(at::kLong).clone()};
}

/// The sums whose class mean is `vector` to the last bit.
ClassSums sums_of(const at::Tensor& vector, std::int64_t category, std::int64_t categories) {
  ClassSums result{at::zeros({1, categories, vector.size(0)}),
                   at::zeros({1, categories}, at::kLong)};
  result.sums.select(0, 0).select(0, category).copy_(vector);
  result.pixels.select(0, 0).select(0, category).fill_(1);
  return result;
}

template <UpdateRule U>
void replay_run(const Case& golden, const std::string& name, const Json& run, U rule,
                const std::vector<Step>& steps, Check& check) {
  const auto categories = steps.front().prediction.logits.size(1);
  const auto& vectors = golden.tensor("update_vector");
  const auto ids = golden.tensor("update_class").to(at::kLong);
  const auto tensor = [&](const char* what) { return golden.most_precise(name + "." + what); };

  auto by_vector = rule;
  by_vector.min_pixels = 1;
  auto anchors = start_of(golden, run, categories, vectors.size(1));
  std::vector<at::Tensor> rows;
  std::vector<at::Tensor> counts;
  for (std::int64_t u = 0; u < vectors.size(0); ++u) {
    const auto id = ids.select(0, u).item<std::int64_t>();
    by_vector(anchors, sums_of(vectors.select(0, u), id, categories));
    rows.push_back(anchors.vectors.select(0, id).clone());
    counts.push_back(anchors.counts.select(0, id).clone());
  }
  check.close(name + " row_after", at::stack(rows), tensor("row_after"), 1e-6, 1e-9);
  check.equal(name + " count_after", at::stack(counts), tensor("count_after"));
  check.close(name + " final_anchors", anchors.vectors, tensor("final_anchors"), 1e-6, 1e-9);

  const auto replay_bank = [&]<Profile P>() {
    using S = typename P::Sums;
    AnchorBank<Recorded, U, typename P::Mask, moments::None, S> bank(
        start_of(golden, run, categories, vectors.size(1)), rule);
    const auto what = fmt::format("{} of the bank with {} sums: ", name, S::kName);
    std::vector<at::Tensor> count_after_step;
    for (const auto& step : steps) {
      bank.observe(step.prediction, step.labels);
      count_after_step.push_back(bank.anchors().counts.clone());
    }
    check.close(what + "final anchors", bank.anchors().vectors, tensor("final_anchors"), 1e-6,
                2e-6);
    check.equal(what + "counts", at::stack(count_after_step), tensor("count_after_image"));
    check.that(bank.non_finite_pixels() == 0, what + "pixels that are not finite");
  };
  replay_bank.template operator()<profile::PublishedCode>();
  replay_bank.template operator()<profile::Fused<profile::PublishedCode>>();
}

}  // namespace

void replay_anchor_updates(const Case& golden, const Method& method, Check& check) {
  static_assert(std::same_as<profile::PublishedCode::Update, anchor::RunningMean>);
  const auto steps = steps_of(golden);
  if (steps.empty()) throw DataError("{}: no img0.features", golden.name);
  const auto min_pixels = method.min_pixels(golden.json);

  std::vector<at::Tensor> means;
  std::vector<at::Tensor> categories;
  std::vector<at::Tensor> pixels;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& [features, logits] = steps[i].prediction;
    const auto labels = downsample_labels(steps[i].labels, features.size(2), features.size(3));
    if (const auto key = fmt::format("img{}.label_down", i); golden.has(key)) {
      check.equal(key, labels, golden.map(key));
    }
    const auto sums =
        ClassSums::of(features, profile::PublishedCode::Mask{}(labels, logits), logits.size(1));
    const auto of_step = ClassMeans::of(sums, min_pixels);
    means.push_back(of_step.means);
    categories.push_back(of_step.category);
    pixels.push_back(sums.pixels);
  }
  check.equal("update_class", at::cat(categories), golden.tensor("update_class"));
  check.close("update_vector", at::cat(means), golden.tensor("update_vector"), 0, 2e-6);
  if (golden.has("correct_pixels")) {
    check.equal("correct_pixels", at::stack(pixels), golden.tensor("correct_pixels"));
  }

  for (const auto& [name, run] : golden.json.at("runs").items()) {
    const auto mode = run.at("mode_argument").get<std::string>();
    if (mode == "mean") {
      replay_run(golden, name, run, anchor::RunningMean{method.counter_cap, min_pixels}, steps,
                 check);
    } else if (mode == "moving_average") {
      replay_run(golden, name, run, anchor::MovingAverage{.min_pixels = min_pixels}, steps, check);
    } else {
      throw DataError("{}: unknown update mode {}", name, mode);
    }
  }
}

}  // namespace cag::parity

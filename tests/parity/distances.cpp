#include <algorithm>
#include <cmath>

#include <cag/eval/confusion_matrix.hpp>
#include <cag/label/downsample.hpp>
#include <cag/profile/fused.hpp>
#include <cag/profile/published_code.hpp>

#include <ATen/ops/empty.h>

#include "closed_form.hpp"
#include "replay.hpp"

namespace cag::parity {
namespace {

/// Every pixel gets its nearest anchor and its most probable category.
template <typename Labeler>
Labeler unfiltered() {
  return Labeler({}, Method::RuleOf<Labeler>{.first = {.margin = 0}, .second = {.threshold = 0}});
}

/// [N * h * w, K] -> [N, K, h, w]
at::Tensor as_map(const at::Tensor& pixels, const at::Tensor& features) {
  return pixels.view({features.size(0), features.size(2), features.size(3), pixels.size(1)})
      .permute({0, 3, 1, 2});
}

/// Distances, nearest anchors and gaps to the second nearest, where the case gives them.
void check_distances(const Case& golden, const std::string& prefix, const at::Tensor& features,
                     const Anchors& anchors, Check& check) {
  constexpr double kTolerance = 2e-5;
  const auto distances =
      as_map(profile::PublishedCode::Labeler().distances(features, anchors), features);
  const auto nearest = std::get<0>(distances.topk(2, /*dim=*/1, /*largest=*/false));
  const auto first = nearest.narrow(1, 0, 1);
  const auto second = nearest.narrow(1, 1, 1);
  const auto compare = [&](const char* key, const at::Tensor& actual, double tolerance) {
    if (golden.has(prefix + key)) {
      check.close(prefix + key, actual, golden.tensor(prefix + key), 0, tolerance);
    }
  };
  compare("distances", distances, kTolerance);
  compare("min_distance", first, kTolerance);
  compare("second_min_distance", second, kTolerance);
  compare("margin", second - first, 2 * kTolerance);
  if (golden.json.contains("distance_checksum")) {
    const auto& sums = golden.json["distance_checksum"];
    const auto by_category = distances.to(at::kDouble).sum(at::IntArrayRef{0, 2, 3});
    check.close("distance sum", by_category.sum().item<double>(), number(sums.at("sum")), 1e-6);
    for (std::size_t k = 0; k < sums.at("per_class_sum").size(); ++k) {
      check.close(fmt::format("distance sum of category {}", k),
                  by_category.select(0, static_cast<std::int64_t>(k)).item<double>(),
                  number(sums["per_class_sum"][k]), 1e-6);
    }
  }
}

/// Nearest anchors and pseudo-labels of the margin rule.
void check_labels(const Case& golden, const std::string& prefix, const at::Tensor& nearest,
                  const at::Tensor& labels, Check& check) {
  check.equal(prefix + "argmin", nearest, golden.map(prefix + "argmin"));
  check.equal(prefix + "cluster_label", labels, golden.map(prefix + "cluster_label"));
  if (golden.has(prefix + "active")) {
    check.equal(prefix + "active", labels.ne(kIgnoreIndex).to(at::kLong),
                golden.map(prefix + "active"));
  }
}

void check_probabilities(const Case& golden, const at::Tensor& labels, Check& check) {
  const auto& expected = golden.map("threshold_label");
  if (!golden.has("softmax")) return check.equal("threshold_label", labels, expected);
  // A probability within rounding of the threshold may fall on either side.
  const double threshold =
      golden.json.value("probability_threshold", label::Probability{}.threshold);
  const auto decided =
      golden.tensor("softmax").amax(1).to(at::kDouble).sub(threshold).abs().gt(1e-6);
  check.equal("threshold_label", labels.masked_select(decided), expected.masked_select(decided));
}

/// Per category: pixels labelled right, pixels of the truth, pixels labelled.
void check_recall(const Case& golden, const char* key, const at::Tensor& truth,
                  const at::Tensor& labels, std::int64_t categories, Check& check) {
  if (!golden.has(key)) return;
  ConfusionMatrix active(categories);
  active.add(truth.masked_fill(labels.eq(kIgnoreIndex), kIgnoreIndex), labels);
  ConfusionMatrix all(categories);
  all.add(truth, truth.masked_fill(truth.eq(kIgnoreIndex), 0));
  ConfusionMatrix labelled(categories);
  const auto active_labels = labels.masked_select(labels.ne(kIgnoreIndex));
  labelled.add(active_labels, active_labels);
  check.equal(
      key,
      at::stack({active.counts().diagonal(), all.counts().sum(1), labelled.counts().sum(0)}, 1),
      golden.tensor(key));
}

void check_truth(const Case& golden, const at::Tensor& unfiltered, const at::Tensor& labels,
                 std::int64_t categories, Check& check) {
  const auto& full = golden.map("target_label_full");
  const auto truth = downsample_labels(full, labels.size(2), labels.size(3));
  if (golden.has("target_label_down")) {
    check.equal("target_label_down", truth, golden.map("target_label_down"));
  }
  const char* confusions[] = {"confusion_clusters", "confusion_threshold"};
  const char* recalls[] = {"recall_clu", "recall_thr"};
  for (int i = 0; i < 2; ++i) {
    if (golden.has(confusions[i])) {
      ConfusionMatrix matrix(categories);
      matrix.add(truth, unfiltered.select(0, i));
      check.equal(confusions[i], matrix.counts(), golden.tensor(confusions[i]));
    }
    check_recall(golden, recalls[i], truth, labels.select(0, i), categories, check);
  }
}

/// Features that the case describes by a formula over its anchors.
at::Tensor closed_form_features(const Case& golden, const at::Tensor& anchors, Check& check) {
  const auto shape = golden.json.at("shape").get<std::vector<std::int64_t>>();
  const auto width = shape.at(1);
  const auto area = shape.at(2) * shape.at(3);
  const auto categories = anchors.size(0);
  const auto rows = anchors.to(at::kFloat).contiguous();
  const auto* a = rows.data_ptr<float>();
  auto features = at::empty(shape, at::kFloat);
  auto* f = features.data_ptr<float>();
  const ClosedForm first("full.class"), second("full.class2"), mix("full.mix"), noise("full.noise");
  const auto pick = [&](const ClosedForm& form, std::int64_t p) {
    return std::min(static_cast<std::int64_t>((form(p) + 1) / 2 * static_cast<double>(categories)),
                    categories - 1);
  };
  for (std::int64_t p = 0; p < area; ++p) {
    const auto c = pick(first, p);
    const auto c2 = pick(second, p);
    const double t = 0.45 * std::max(mix(p), 0.0);
    for (std::int64_t d = 0; d < width; ++d) {
      f[d * area + p] = static_cast<float>(std::max(double{a[c * width + d]} * (1 - t) +
                                                        double{a[c2 * width + d]} * t +
                                                        0.45 * noise(d * area + p),
                                                    0.0));
    }
  }
  if (golden.json.contains("feature_checksum")) {
    const auto& sums = golden.json["feature_checksum"];
    const auto precise = features.to(at::kDouble);
    check.close("feature sum", precise.sum().item<double>(), number(sums.at("sum")), 1e-10);
    check.close("feature square sum", precise.square().sum().item<double>(),
                number(sums.at("sumsq")), 1e-10);
  }
  return features;
}

void replay_closed_form(const Case& golden, const Method& method, Check& check) {
  const auto vectors = golden.has("anchors")
                           ? golden.tensor("anchors")
                           : golden.elsewhere(golden.json.at("anchors").get<std::string>());
  const auto anchors = Case::anchors(vectors.to(at::kFloat));
  const auto features = closed_form_features(golden, vectors, check);
  check_distances(golden, "", features, anchors, check);
  using ByDistance = PseudoLabeler<metric::Euclidean, label::Margin, candidate::All>;
  const auto labels = ByDistance(
      {}, method.rule<profile::PublishedCode::Labeler>(golden.json).first)(features, anchors);
  check_labels(golden, "", ByDistance({}, label::Margin{.margin = 0})(features, anchors), labels,
               check);
  if (golden.json.contains("per_label")) {
    for (const auto& [label, count] : golden.json["per_label"].items()) {
      check.that(labels.eq(std::stoll(label)).sum().item<std::int64_t>() == count,
                 fmt::format("pixels labelled {}: not {}", label, count.dump()));
    }
  }
}

}  // namespace

namespace {

/// @tparam P  the published code's profile, or its twin over the compiled operators
template <Profile P>
void replay_labels(const Case& golden, const Method& method, Check& check) {
  using Labeler = typename P::Labeler;
  const Prediction teacher{golden.tensor("features"), golden.tensor("logits")};
  const auto anchors = Case::anchors(golden.tensor("anchors"));
  const Labeler labeler({}, method.rule<Labeler>(golden.json));
  const auto nearest = unfiltered<Labeler>()(teacher, anchors);
  const auto labels = labeler(teacher, anchors);
  check_distances(golden, "", teacher.features, anchors, check);
  check_labels(golden, "", nearest.select(0, 0), labels.select(0, 0), check);
  check_probabilities(golden, labels.select(0, 1), check);
  if (golden.has("target_label_full")) {
    check_truth(golden, nearest, labels, anchors.categories(), check);
  }
  if (golden.has("tie_anchors")) {
    const auto tied = Case::anchors(golden.tensor("tie_anchors"));
    check_distances(golden, "tie_", teacher.features, tied, check);
    check_labels(golden, "tie_", unfiltered<Labeler>()(teacher, tied).select(0, 0),
                 labeler(teacher, tied).select(0, 0), check);
  }
}

}  // namespace

void replay_distances(const Case& golden, const Method& method, Check& check) {
  if (!golden.has("features")) return replay_closed_form(golden, method, check);
  replay_labels<profile::PublishedCode>(golden, method, check);
  replay_labels<profile::Fused<profile::PublishedCode>>(golden, method, check);
}

}  // namespace cag::parity

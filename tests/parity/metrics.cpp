#include <cag/eval/confusion_matrix.hpp>

#include <ATen/ops/full_like.h>
#include <ATen/ops/isin.h>
#include <ATen/ops/tensor.h>

#include "replay.hpp"

namespace cag::parity {
namespace {

std::string key_of(const char* what, int i) { return fmt::format("{}{}", what, i); }

at::Tensor from_list(const Json& values) {
  std::vector<double> result;
  for (const auto& value : values) result.push_back(number(value));
  return at::tensor(at::ArrayRef<double>(result), at::kDouble);
}

/// Mean IoU of the listed categories after the three protocols in use for category subsets.
void replay_subset(const Case& golden, const ConfusionMatrix& all, const std::string& name,
                   const Json& subset, Check& check) {
  const auto list = subset.at("class_indices").get<std::vector<std::int64_t>>();
  const auto indices = at::tensor(at::ArrayRef<std::int64_t>(list), at::kLong);
  const auto mean_over_subset = [&](const ConfusionMatrix& matrix) {
    return matrix.iou().index_select(0, indices).nanmean().item<double>();
  };
  for (const auto& [protocol, value] : subset.items()) {
    double result = 0;
    if (protocol.starts_with("P1")) {
      result = mean_over_subset(all);
    } else if (protocol.starts_with("P2")) {
      ConfusionMatrix matrix(all.categories());
      for (int i = 0; golden.has(key_of("gt", i)); ++i) {
        const auto& truth = golden.tensor(key_of("gt", i));
        matrix.add(truth.masked_fill(at::isin(truth, indices).logical_not(), kIgnoreIndex),
                   golden.tensor(key_of("pred", i)));
      }
      result = mean_over_subset(matrix);
    } else if (protocol.starts_with("P3")) {
      result = ConfusionMatrix::from(all.counts().index_select(0, indices).index_select(1, indices))
                   .mean_iou();
    } else {
      continue;
    }
    check.close(name + " " + protocol, result, number(value), 1e-12);
  }
}

}  // namespace

void replay_metrics(const Case& golden, Check& check) {
  ConfusionMatrix matrix(golden.json.at("n_classes").get<std::int64_t>());
  for (int i = 0; golden.has(key_of("gt", i)); ++i) {
    matrix.add(golden.tensor(key_of("gt", i)), golden.tensor(key_of("pred", i)));
    if (const auto key = key_of("confusion_after", i); golden.has(key)) {
      check.equal(key, matrix.counts(), golden.tensor(key));
    }
  }
  check.equal("confusion", matrix.counts(), golden.tensor("confusion"));
  if (golden.has("official_confusion")) {
    check.equal("official_confusion", matrix.counts(), golden.tensor("official_confusion"));
  }
  for (const auto* key : {"iou", "official_iou"}) {
    if (!golden.has(key)) continue;
    const auto& expected = golden.tensor(key);
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    check.close(key, matrix.iou(), expected.masked_fill(expected.lt(0), nan), 1e-6, 0);
  }
  if (golden.json.contains("reference_iou")) {
    check.close("reference_iou", matrix.iou(), from_list(golden.json["reference_iou"]), 1e-12, 0);
  }
  if (golden.json.contains("reference")) {
    const auto& reference = golden.json["reference"];
    check.close("Mean IoU", matrix.mean_iou(), number(reference.at("Mean IoU")), 1e-12);
    check.close("Overall Acc", matrix.pixel_accuracy(), number(reference.at("Overall Acc")), 1e-12);
  }
  if (golden.json.contains("subset_miou")) {
    for (const auto& [name, subset] : golden.json["subset_miou"].items()) {
      replay_subset(golden, matrix, name, subset, check);
    }
  }
}

}  // namespace cag::parity

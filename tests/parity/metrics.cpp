#include <cag/eval/confusion_matrix.hpp>
#include <cag/protocol/known_truth.hpp>
#include <cag/protocol/sub_matrix.hpp>
#include <cag/protocol/subset.hpp>

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
void replay_subset(const ConfusionMatrix& matrix, const std::string& name, const Json& subset,
                   Check& check) {
  const auto categories = subset.at("class_indices").get<std::vector<std::int64_t>>();
  const auto compare = [&](const auto& protocol, const std::string& key, const Json& value) {
    check.close(name + " " + key, protocol(matrix, categories).nanmean().template item<double>(),
                number(value), 1e-12);
  };
  for (const auto& [key, value] : subset.items()) {
    if (key.starts_with("P1")) compare(protocol::Subset{}, key, value);
    if (key.starts_with("P2")) compare(protocol::KnownTruth{}, key, value);
    if (key.starts_with("P3")) compare(protocol::SubMatrix{}, key, value);
  }
}

}  // namespace

void replay_metrics(const Case& golden, const Method&, Check& check) {
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
      replay_subset(matrix, name, subset, check);
    }
  }
}

}  // namespace cag::parity

#include <regex>

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <cag/data/label_tables.hpp>
#include <cag/data/normalisation.hpp>
#include <cag/label/downsample.hpp>
#include <cag/model/upsample.hpp>
#include <cag/stage/optimization.hpp>

#include "replay.hpp"

namespace cag::parity {
namespace {

/// An id that the published table leaves as it is stops its reader; ours refuses it by name.
void check_table(const Case& golden, const std::string& key, const LabelTable& table,
                 Check& check) {
  if (!golden.has(key)) return;
  const auto& expected = golden.tensor(key);
  for (std::int64_t id = 0; id < expected.numel(); ++id) {
    const auto label = expected.select(0, id).item<std::int64_t>();
    const auto what = fmt::format("{}[{}]", key, id);
    try {
      const auto ours = table.apply(at::full({1, 1}, id, at::kInt), key).item<std::int64_t>();
      check.that(ours == label, fmt::format("{}: {} instead of {}", what, ours, label));
    } catch (const DataError&) {
      check.that(label == id && label >= table.size(), what + ": refused");
    }
  }
}

void check_transform(const Case& golden, Check& check) {
  if (!golden.has("transform.image_hwc")) return;
  const auto image = golden.tensor("transform.image_hwc").to(at::kByte);
  check.close("transform.out_image_chw", Normalisation{}(image),
              golden.tensor("transform.out_image_chw"), 0, 1e-7);
}

/// "nearest.<from>_to_<to>": the rows that downsampling keeps.
void check_nearest(const std::string& key, const at::Tensor& expected, Check& check) {
  static const std::regex kPattern(R"(nearest\.(\d+)_to_(\d+))");
  std::smatch match;
  if (!std::regex_match(key, match, kPattern)) return;
  const auto rows = at::arange(std::stoll(match[1]), at::kLong);
  check.equal(key, downsample_labels(rows.view({1, -1, 1}), std::stoll(match[2]), 1).flatten(),
              expected);
}

/// "up.<h>x<w>" of "up.in", "up.<a>x<b>_to_<h>x<w>" of "up.<a>x<b>_in".
void check_upsampling(const Case& golden, const std::string& key, const at::Tensor& expected,
                      Check& check) {
  static const std::regex kPattern(R"(up\.(\d+x\d+_)?(?:to_)?(\d+)x(\d+))");
  std::smatch match;
  if (!std::regex_match(key, match, kPattern)) return;
  const auto& input = golden.tensor("up." + match[1].str() + "in");
  check.close(key, upsample_logits(input, std::stoll(match[2]), std::stoll(match[3])), expected, 0,
              1e-6);
}

/// "max_iter=<n> base=<rate>": the rate after so many steps of the schedule.
void check_rates(const std::string& key, const Json& rates, const Method& method, Check& check) {
  static const std::regex kPattern(R"(max_iter=(\d+) base=(\S+))");
  std::smatch match;
  if (!std::regex_match(key, match, kPattern)) throw DataError("unknown schedule {}", key);
  const Optimization optimization{.learning_rate = std::stod(match[2]),
                                  .max_iterations = std::stoll(match[1]),
                                  .first = method.first};
  for (const auto& [steps, rate] : rates.items()) {
    check.close(key + " step " + steps, optimization.rate(std::stoll(steps)), number(rate), 1e-12);
  }
}

}  // namespace

void replay_data_path(const Case& golden, const Method& method, Check& check) {
  check_table(golden, "cityscapes_lut", label_table::cityscapes(), check);
  check_table(golden, "gta5_lut", label_table::gta5(), check);
  check_transform(golden, check);
  for (const auto& [key, tensor] : golden.tensors) {
    check_nearest(key, tensor, check);
    check_upsampling(golden, key, tensor, check);
  }
  if (!golden.json.contains("lr_by_scheduler_steps")) return;
  for (const auto& [key, rates] : golden.json["lr_by_scheduler_steps"].items()) {
    check_rates(key, rates, method, check);
  }
}

}  // namespace cag::parity

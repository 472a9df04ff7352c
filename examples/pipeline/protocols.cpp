#include "pipeline/protocols.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>

#include <fmt/format.h>

#include <cag/protocol/known_truth.hpp>
#include <cag/protocol/sub_matrix.hpp>
#include <cag/protocol/subset.hpp>

#include "pipeline/percent.hpp"

namespace pipeline {
namespace {

using Categories = std::span<const std::int64_t>;

/// Calls `f` for each protocol.
template <typename F>
void for_each_protocol(F&& f) {
  std::apply(
      [&](const auto&... protocol) { (f(protocol), ...); },
      std::tuple<cag::protocol::Subset, cag::protocol::KnownTruth, cag::protocol::SubMatrix>{});
}

}  // namespace

Protocols::Protocols(const std::vector<std::string>& categories,
                     const std::vector<CategorySubset>& subsets)
    : all_(categories.size()) {
  for (const auto& subset : subsets) {
    Rows rows{subset.name, {}};
    for (const auto& name : subset.categories) {
      const auto found = std::find(categories.begin(), categories.end(), name);
      if (found != categories.end()) rows.categories.push_back(found - categories.begin());
    }
    subsets_.push_back(std::move(rows));
    for_each_protocol([&](const auto& protocol) {
      columns_.push_back(fmt::format("miou_{}_{}", subset.name, protocol.kName));
    });
  }
}

std::vector<double> Protocols::values(const cag::ConfusionMatrix& confusion) const {
  std::vector<double> values;
  for (const auto& subset : subsets_)
    for_each_protocol([&](const auto& protocol) {
      values.push_back(subset.categories.empty()
                           ? std::numeric_limits<double>::quiet_NaN()
                           : protocol(confusion, Categories(subset.categories))
                                 .nanmean()
                                 .template item<double>());
    });
  return values;
}

std::string Protocols::table(double miou, const std::vector<double>& values) const {
  auto text = fmt::format("{:<24}", "mIoU over");
  for_each_protocol([&](const auto& protocol) { text += fmt::format("{:>13}", protocol.kName); });
  text +=
      fmt::format("\n{:<24}{:>13}\n", fmt::format("the run's {} categories", all_), percent(miou));
  auto value = values.begin();
  for (const auto& subset : subsets_) {
    const auto here = subset.categories.size();
    text += fmt::format("{:<24}", std::to_string(here) == subset.name
                                      ? fmt::format("{} categories", subset.name)
                                      : fmt::format("{} of the {} categories", here, subset.name));
    for_each_protocol([&](const auto&) { text += fmt::format("{:>13}", percent(*value++)); });
    text += '\n';
  }
  return text;
}

}  // namespace pipeline

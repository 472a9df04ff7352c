#include "scorer.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "failure.hpp"

using cag::kernels::AnchorTable;
using cag::score::fail;

namespace {

void check_options(const cag_scorer_options& options, const cag::score::AnchorSet& set,
                   const std::string& what) {
  if (!(options.margin >= 0))
    fail(CAG_SCORER_BAD_ARGUMENT, "expected a margin of at least 0, got ", options.margin);
  if (options.margin_kind < CAG_SCORER_FITTED_OR_FIXED || options.margin_kind > CAG_SCORER_FITTED)
    fail(CAG_SCORER_BAD_ARGUMENT, "expected a margin_kind from 0 to 2, got ", options.margin_kind);
  if (options.margin_kind == CAG_SCORER_FITTED && set.margins.empty())
    fail(CAG_SCORER_BAD_ANCHORS, what, ": expected anchors with fitted margins, found none");
  if (options.label_type != CAG_SCORER_UINT8 && options.label_type != CAG_SCORER_INT64)
    fail(CAG_SCORER_BAD_ARGUMENT, "expected the label_type 0 (uint8) or 1 (int64), got ",
         options.label_type);
  using Wide = std::numeric_limits<std::int32_t>;
  const bool bytes = options.label_type == CAG_SCORER_UINT8;
  const std::int64_t lowest = bytes ? 0 : Wide::min(), highest = bytes ? 255 : Wide::max();
  if (options.ignore < lowest || options.ignore > highest)
    fail(CAG_SCORER_BAD_ARGUMENT, "expected an ignore label from ", lowest, " to ", highest,
         ", got ", options.ignore);
  if (set.categories - 1 > highest)
    fail(CAG_SCORER_BAD_ARGUMENT, "expected at most 256 categories for labels of uint8, found ",
         set.categories, " in ", what);
  if (options.ignore >= 0 && options.ignore < set.categories)
    fail(CAG_SCORER_BAD_ARGUMENT, "expected an ignore label that is no category of the ",
         set.categories, " in ", what, ", got ", options.ignore);
}

}  // namespace

cag_scorer::cag_scorer(cag::score::AnchorSet anchors, const cag_scorer_options& wanted,
                       const std::string& what)
    : set(std::move(anchors)), options(wanted), seen(set.categories) {
  check_options(options, set, what);
  std::vector<float> vectors;
  std::vector<std::int64_t> category;
  for (std::int64_t r = 0; r < set.anchors(); ++r) {
    if (set.counts[r] == 0) continue;
    const auto* row = set.vectors.data() + r * set.width;
    vectors.insert(vectors.end(), row, row + set.width);
    category.push_back(set.owner[r]);
    ++seen[set.owner[r]];
  }
  const auto competing = std::ssize(category);
  if (competing == 0)
    fail(CAG_SCORER_BAD_ANCHORS, what, ": expected an anchor that was seen, found none of ",
         set.anchors());
  if (competing > AnchorTable::kMaxAnchors)
    fail(CAG_SCORER_BAD_ANCHORS, what, ": expected at most ", AnchorTable::kMaxAnchors,
         " anchors, found ", competing);
  table = AnchorTable(vectors.data(), category.data(), competing, set.width);

  const bool fitted = options.margin_kind != CAG_SCORER_FIXED && !set.margins.empty();
  margins = fitted ? set.margins : std::vector<float>(set.categories, options.margin);
  test = {.margins = fitted ? margins.data() : nullptr,
          .margin = options.margin,
          .strict = options.strict != 0};
  if (options.parallel_for != nullptr) parallel = {options.parallel_for, options.pool};
  set.vectors = {};  // the table has those that count
}

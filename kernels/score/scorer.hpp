#pragma once

#include <cstdint>
#include <vector>

#include <cag/score.h>
#include <cag/kernels/anchor_table.hpp>
#include <cag/kernels/assign.hpp>
#include <cag/kernels/parallel.hpp>

#include "anchor_set.hpp"

/// A scorer of the C interface; nothing in it changes once it is made.
struct cag_scorer {
  /// Throws a Failure that calls the anchors `what` where they or the options cannot be used.
  cag_scorer(cag::score::AnchorSet set, const cag_scorer_options& options, const std::string& what);
  cag_scorer(const cag_scorer&) = delete;
  cag_scorer& operator=(const cag_scorer&) = delete;

  cag::score::AnchorSet set;
  cag_scorer_options options;
  std::vector<std::int64_t> seen;  ///< anchors of each category that compete
  std::vector<float> margins;      ///< [categories]: those in use
  cag::kernels::AnchorTable table;
  cag::kernels::MarginTest test;
  cag::kernels::Parallel parallel;
};

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cag/anchor/anchors.hpp>
#include <cag/model/any_backbone.hpp>

#include "pipeline/clean_list.hpp"
#include "pipeline/config.hpp"
#include "pipeline/profile_parts.hpp"
#include "pipeline/protocols.hpp"
#include "pipeline/results.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

/// Whole images of the world, resized as the configuration says.
struct CleanLists {
  CleanList<Labelled> source;    ///< every anchor_every-th training image
  CleanList<Unlabelled> target;  ///< training images
  CleanList<Labelled> source_validation;
  std::optional<CleanList<Labelled>> target_validation;

  static CleanLists of(const Config& config, const World& world);
};

/// One row per domain and kind of batch-norm statistics: source, source+bn, target, target+bn; the
/// target's only where it has truth. Label coverage and precision are of the labels that this
/// network would give as a teacher, distances are to anchors of its own.
/// The student and LibTorch's generator stay as they are.
std::vector<ResultRow> evaluate_all(const Config& config, const cag::AnyBackbone& student,
                                    const CleanLists& lists, const World& world,
                                    const Protocols& protocols);

/// The categories of a network, and which of them a domain's labels can tell.
struct KnownCategories {
  std::int64_t count = 0;
  std::vector<std::int64_t> known;
};

/// A row of one domain; `anchors` may be null. The IoU of a category that the labels cannot tell is
/// unknown, and not in the mean; where it is predicted for another, that counts against the other.
ResultRow evaluate_domain(std::string domain, cag::AnyBackbone& net,
                          const CleanList<Labelled>& list, const KnownCategories& categories,
                          const Protocols& protocols, const cag::Anchors* anchors,
                          const LabelFunction& label);

}  // namespace pipeline

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <cag/anchor/anchors.hpp>
#include <cag/io/anchor_file.hpp>
#include <cag/model/any_backbone.hpp>

#include "pipeline/config.hpp"

namespace pipeline {

/// The anchors of a network as a run builds them, with what they are of.
cag::AnchorFile anchor_file(const Config& config, const cag::Anchors& anchors,
                            cag::AnyBackbone& network, std::vector<std::string> categories);

/// Prints what a file holds: counts, spread, and how far each anchor is from the nearest of another
/// category.
void inspect_anchors(const std::filesystem::path& file);

/// Prints how far each category's anchor in `second` has moved from that in `first`.
void diff_anchors(const std::filesystem::path& first, const std::filesystem::path& second);

/// Makes one file of those of several parts of a source.
/// @throws cag::UsageError where they do not merge, or `out` exists
void merge_anchors(const std::vector<std::string>& files, const std::filesystem::path& out);

}  // namespace pipeline

#pragma once

#include <vector>

#include <cag/data/colour.hpp>

#include "pipeline/config.hpp"

namespace pipeline {

/// A colour for each category in pictures, no two alike: the configured one, or the first that its
/// label files have, or the next of PASCAL VOC's.
std::vector<cag::Colour> picture_colours(const std::vector<Config::CategoryRow>& rows);

}  // namespace pipeline

#pragma once

#include <string>
#include <vector>

#include "pipeline/config.hpp"
#include "pipeline/world.hpp"

namespace pipeline {

/// What a run is about to do.
std::string plan(const Config& config, const World& world);

/// The categories that a domain's labels cannot tell, one line for each domain that has some.
std::vector<std::string> gaps(const World& world);

}  // namespace pipeline

#pragma once

#include <functional>

#include "case.hpp"
#include "options.hpp"

namespace bench {

/// The main function of a program: parses its command line and calls `run` for each case.
int program(int argc, char** argv, const std::function<void(const Options&, const Case&)>& run);

}  // namespace bench

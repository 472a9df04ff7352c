#pragma once

#include "pipeline/world.hpp"

namespace pipeline {

/// The command line that the adaptation programs share: adapt, evaluate, predict, figure,
/// check-data, convert-camvid, inspect and convert.
/// @return the exit code: 0, 1 for what nobody expected, 2 usage, 3 data, 4 checkpoint,
///   5 numerical, 6 I/O, 128 + signal
int run_program(const Program& program, int argc, char** argv);

}  // namespace pipeline

#pragma once

#include <filesystem>

#include "program.hpp"

namespace cag::test {

/// What makes streets draw two small images.
inline Arguments drawing(const std::filesystem::path& out, const Arguments& more = {}) {
  Arguments arguments{"--images", "2",         "--width", "64",    "--height",
                      "32",       "--samples", "1",       "--out", out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace cag::test

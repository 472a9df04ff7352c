#pragma once

#include "catch.hpp"
#include "program.hpp"

namespace cag::test {

/// One clear error that holds these words, and nothing of what LibTorch or C++ would add.
inline void check_error(const Ended& ended, int code, const Arguments& words) {
  INFO("stderr: " << ended.errors);
  CHECK(ended.code == code);
  CHECK_THAT(ended.errors, Catch::StartsWith("error: "));
  CHECK(ended.errors.find("error: ", 1) == std::string::npos);
  for (const auto& word : words) CHECK_THAT(ended.errors, Catch::Contains(word));
  for (const auto* noise : {"Exception raised", "frame #", "terminate", "c10::", "basic_string"})
    CHECK_THAT(ended.errors, !Catch::Contains(noise));
}

}  // namespace cag::test

#include <cag/detail/first_line.hpp>

#include <stdexcept>
#include <string>

#include "catch.hpp"

TEST_CASE("An error is named by its first line that says something") {
  const auto line = [](const std::string& text) {
    return cag::detail::first_line(std::runtime_error(text));
  };
  CHECK(line("one\ntwo") == "one");
  CHECK(line("one") == "one");
  CHECK(line("\n\nUnknown builtin op: a::b.\nCould not find it") == "Unknown builtin op: a::b.");
  CHECK(line("").empty());
  CHECK(line("\n").empty());
}

#include <cag/detail/printable.hpp>

#include <string>

#include "catch.hpp"

using cag::detail::printable;

TEST_CASE("Control characters are shown as question marks, one for each") {
  CHECK(printable("a\x1b[31mb\n\x7f") == "a?[31mb??");
  CHECK(printable("\u0080x\u009f31m") == "?x?31m");
  CHECK(printable("a\u202eb\u202a\u2066\u2069") == "a?b???");
}

TEST_CASE("All other text stays as it is") {
  // U+00A0, U+2029, U+202F, U+2065 and U+206A are the neighbours of those that do not.
  const std::string text = "n\u00e4me \u9053\u8def\u00a0\u2029\u202f\u2065\u206a \xe2\x80 \xc2";
  CHECK(printable(text) == text);
  CHECK(printable("").empty());
}

#pragma once

#include <locale>
#include <sstream>
#include <string>

#include <cag/score.h>

namespace cag::score {

/// What ends the making of a scorer; the C interface turns it into a status and a text.
struct Failure {
  cag_scorer_status status;
  std::string text;
};

template <typename... Parts>
[[noreturn]] void fail(cag_scorer_status status, const Parts&... parts) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  (text << ... << parts);
  throw Failure{status, text.str()};
}

}  // namespace cag::score

#include <cag/cag.hpp>

// That a second file may include everything shows when the two are linked.
std::int64_t categories_of_other_file() { return cag::Anchors::zeros(7, 48).categories(); }

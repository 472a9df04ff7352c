#include "every_header.hpp"

bool other_file_is_linked() { return true; }

// expect: argument not found
#include <cag/error.hpp>

// The message has a placeholder more than there are values.
void report() { throw cag::DataError("{}: expected {} channels", "image.png"); }

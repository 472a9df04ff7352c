#include "every_header.hpp"

bool other_file_is_linked();

int main() { return other_file_is_linked() ? 0 : 1; }

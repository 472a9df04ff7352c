#define CATCH_CONFIG_RUNNER
#include <cstdio>
#include <cstdlib>

#include <catch2/catch.hpp>

#include <cag/kernels/tiles.hpp>

/// With CAG_TEST_TILES in the environment, tile registers are asked for before the first test. A
/// process cannot give the permission back, and without it none are used.
int main(int argc, char** argv) {
  if (std::getenv("CAG_TEST_TILES") != nullptr && !cag::kernels::ask_for_tiles()) {
    std::puts("skipped: this processor or system has no tile registers (AMX)");
    return 77;
  }
  return Catch::Session().run(argc, argv);
}

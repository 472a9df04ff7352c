#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

#include <cstdlib>

int main(int argc, char** argv) {
  // Only this file knows where the source lies, so that a moved checkout recompiles one file.
  setenv("CAG_GOLDEN", CAG_SOURCE_DIR "/tests/golden", /*overwrite=*/0);
  setenv("CAG_TESTS", CAG_SOURCE_DIR "/tests", /*overwrite=*/0);
  setenv("CAG_SHARED", CAG_SOURCE_DIR "/../shared", /*overwrite=*/0);
  return Catch::Session().run(argc, argv);
}

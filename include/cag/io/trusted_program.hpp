#pragma once

#include <filesystem>

namespace cag {

/// A file that is a program, TorchScript for one. Loading it runs what it says, with your rights:
/// make one of these only for a file whose origin you trust as you would a shell script's.
struct TrustedProgram {
  std::filesystem::path path;  ///< of the file
};

}  // namespace cag

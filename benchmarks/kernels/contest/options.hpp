#pragma once

#include <string>
#include <vector>

namespace bench {

/// The command line of the programs.
struct Options {
  std::vector<std::string> sizes{"A", "B", "C"};
  std::vector<std::string> layouts{"contiguous", "channels_last"};
  std::vector<std::string> elements{"float32", "bfloat16"};
  std::vector<int> threads{1, 2};
  int rounds = 30;
  /// Seconds. A contestant that takes longer sits rounds out, but takes part in five.
  double patience = 0.2;
  std::string anchors;                ///< file of [19, 256] float32; empty: random ones
  std::string python, script;         ///< what a child process runs
  std::vector<std::string> children;  ///< packages that it has: faiss, inductor
  std::string folder = ".";           ///< for what is handed to child processes
};

}  // namespace bench

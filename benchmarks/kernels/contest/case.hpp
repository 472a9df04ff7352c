#pragma once

#include <cstdint>
#include <string>

namespace bench {

/// What is measured at a time.
struct Case {
  std::string size;  ///< its name: A, B, C
  std::int64_t channels = 0, height = 0, width = 0, categories = 0;
  std::string layout;   ///< contiguous or channels_last
  std::string element;  ///< float32 or bfloat16
  int threads = 1;

  std::int64_t pixels() const { return height * width; }
  bool channels_last() const { return layout == "channels_last"; }
  bool half() const { return element == "bfloat16"; }
};

}  // namespace bench

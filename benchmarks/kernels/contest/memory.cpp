#include "memory.hpp"

#include <fstream>
#include <limits>
#include <string>

#include <malloc.h>

namespace bench {

namespace {

double status(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (word == key + ":") {
      double kilobytes = 0;
      file >> kilobytes;
      return 1024 * kilobytes;
    }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double extra_memory(const std::function<void()>& run) {
  malloc_trim(0);
  std::ofstream peak("/proc/self/clear_refs");
  peak << 5 << std::flush;  // VmHWM starts anew
  if (!peak) return std::numeric_limits<double>::quiet_NaN();
  const auto before = status("VmRSS");
  run();
  return status("VmHWM") - before;
}

}  // namespace bench

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "data/temporary_folder.hpp"

namespace cag::test {

/// Takes what the process prints to its standard output, until read or destroyed.
class CapturedOutput {
 public:
  CapturedOutput() {
    std::fflush(stdout);
    saved_ = ::dup(STDOUT_FILENO);
    const int file = ::open((folder_ / "output").c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (saved_ < 0 || file < 0 || ::dup2(file, STDOUT_FILENO) < 0)
      throw std::runtime_error("cannot capture the standard output");
    ::close(file);
  }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;
  ~CapturedOutput() { restore(); }

  std::string text() {
    restore();
    return read_file(folder_ / "output");
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stdout);
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    saved_ = -1;
  }

  TemporaryFolder folder_;
  int saved_ = -1;
};

}  // namespace cag::test

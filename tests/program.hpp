#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/temporary_folder.hpp"

namespace cag::test {

using Arguments = std::vector<std::string>;

/// How a program ended, as a shell tells it, and what it printed.
struct Ended {
  int code = 0;  ///< 128 + signal where one ended it
  std::string output;
  std::string errors;
};

/// A program of this project as a process of its own, on one thread. Killed at the end of the test
/// if it is still there.
class Program {
 public:
  /// @param name  of the program's target
  /// @param largest_file  bytes that a file may grow to, 0: any
  Program(std::string_view name, const Arguments& arguments, std::uint64_t largest_file = 0);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// Of the file that the target was built as.
  static std::string path_of(std::string_view name);

  pid_t id() const { return id_; }
  void send(int signal) const;

  /// Waits until `condition` holds, at most two minutes.
  /// @return whether the process was there to see it
  bool runs_until(const std::function<bool()>& condition);

  Ended wait();

 private:
  bool ended();

  TemporaryFolder folder_;
  pid_t id_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

inline Ended run(std::string_view name, const Arguments& arguments,
                 std::uint64_t largest_file = 0) {
  return Program(name, arguments, largest_file).wait();
}

}  // namespace cag::test

#pragma once

#include <sys/types.h>
#include <cstdio>
#include <map>
#include <string>

#include "case.hpp"
#include "options.hpp"
#include "seconds.hpp"

namespace bench {

/// A process of child.py, which waits for its turn. It is asked and answers by a line of JSON each.
class Child {
 public:
  /// Throws std::runtime_error where it does not start or breaks off.
  Child(const Options& options, const std::string& package);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Reads the files of the case from the folder, compiles.
  /// @return the versions of what it uses
  std::map<std::string, std::string> prepare(const std::string& program, const Case& now,
                                             const std::string& folder);
  Seconds repeat(const std::string& form);
  /// Writes the last result of the form to a file, as int64 or float32.
  void save(const std::string& form, const std::string& path);

 private:
  std::string ask(const std::string& line);

  pid_t process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  std::string package_;
};

}  // namespace bench

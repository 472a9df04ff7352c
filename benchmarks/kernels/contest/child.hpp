#pragma once

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "case.hpp"
#include "options.hpp"
#include "seconds.hpp"

namespace bench {

/// A process of child.py, which waits for its turn. It is asked and answers by a line of JSON each.
/// Everything throws std::runtime_error where it does not run or breaks off.
class Child {
 public:
  Child(const Options& options, std::string package);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Reads the files of the case from the folder, compiles.
  void prepare(const std::string& program, const Case& now);

  const std::string& package() const { return package_; }
  /// Of what it uses.
  const std::map<std::string, std::string>& versions() const { return versions_; }
  /// What it can be asked to repeat.
  const std::vector<std::string>& forms() const { return forms_; }

  Seconds repeat(const std::string& form);
  /// Writes the last result of the form to a file.
  void save(const std::string& form, const std::string& path);

 private:
  std::string ask(const std::string& line);

  std::string package_, folder_;
  std::map<std::string, std::string> versions_;
  std::vector<std::string> forms_;
  pid_t process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace bench

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "child.hpp"
#include "contest.hpp"

namespace bench {

/// The child processes of a case: one for each package that the command line names.
class Children {
 public:
  Children(const Options& options, std::string program, Case now);

  /// Once the files of the case are in the folder, and again when they have changed.
  void prepare();

  /// The forms as contestants. The children outlive the contest.
  void add_to(Contest& contest) const;

  std::map<std::string, std::string> versions() const;

  /// Runs each form once more: `use` gets the contestant's name and a file of the result.
  void each_result(const std::function<void(const std::string&, const std::string&)>& use) const;

 private:
  std::string program_, folder_;
  Case now_;
  std::vector<std::unique_ptr<Child>> children_;
};

}  // namespace bench

#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "case.hpp"
#include "options.hpp"
#include "seconds.hpp"

namespace bench {

/// Contestants take turns, round after round, so that what else the machine does slows all of them.
class Contest {
 public:
  /// @param repetition  runs once and says what that took
  void add(std::string name, std::function<Seconds()> repetition);
  void add_run(std::string name, std::function<void()> run);

  /// Something about a contestant that is not a time.
  void note(const std::string& name, const std::string& key, double value);

  /// One repetition each that is not counted, then the rounds, every other one in reverse. Who is
  /// quick repeats several times in a turn.
  void run(const Options& options, int threads);

  /// As a line of JSON on standard output.
  void report(const std::string& program, const Case& now,
              const std::map<std::string, std::string>& versions) const;

 private:
  struct Contestant {
    std::string name;
    std::function<Seconds()> repetition;
    std::vector<Seconds> seconds;
    std::map<std::string, double> notes;
  };

  Contestant& find(const std::string& name);

  std::vector<Contestant> contestants_;
};

}  // namespace bench

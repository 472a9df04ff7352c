#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <cag/stage/step_report.hpp>

namespace pipeline {

/// The progress line: rewritten in place on a terminal, a line every few seconds elsewhere.
class Progress {
 public:
  Progress();

  /// Forgets the pace, after what is no step.
  void restart();

  /// @param images  that the step read, of all domains
  void show(const cag::StepReport& report, std::int64_t images);

  /// A line of its own, after which the progress line goes on.
  void say(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_;
  bool open_ = false;
  std::int64_t steps_ = 0;
  Clock::time_point began_, shown_;
};

}  // namespace pipeline

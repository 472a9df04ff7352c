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

  /// Begins a stage. @param images_per_step  of all domains that its steps read
  void begin(std::int64_t images_per_step);

  /// Forgets the pace, after what is no step.
  void restart();

  void show(const cag::StepReport& report);

  /// A line of its own, after which the progress line goes on.
  void say(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t images_per_step_ = 0;
  bool terminal_;
  bool open_ = false;
  std::int64_t steps_ = 0;
  Clock::time_point began_, shown_;
};

}  // namespace pipeline

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <cag/stage/step_report.hpp>

namespace pipeline {

/// The progress line: rewritten in place on a terminal, a line every few seconds elsewhere.
class Progress {
 public:
  /// @param images_per_step  of both domains
  explicit Progress(std::int64_t images_per_step);

  /// Forgets the pace, for a new stage or after an evaluation.
  void restart();

  void show(const cag::StepReport& report);

  /// A line of its own, after which the progress line goes on.
  void say(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t images_per_step_;
  bool terminal_;
  bool open_ = false;
  std::int64_t steps_ = 0;
  Clock::time_point began_, shown_;
};

}  // namespace pipeline

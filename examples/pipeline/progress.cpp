#include "pipeline/progress.hpp"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace pipeline {
namespace {

std::string duration(std::int64_t seconds) {
  constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;
  if (seconds >= kDay)
    return fmt::format("{:.1f} days", static_cast<double>(seconds) / static_cast<double>(kDay));
  const auto minutes = seconds / 60 % 60;
  if (seconds >= kHour)
    return fmt::format("{}:{:02}:{:02}", seconds / kHour, minutes, seconds % 60);
  return fmt::format("{}:{:02}", minutes, seconds % 60);
}

}  // namespace

Progress::Progress() : terminal_(isatty(STDOUT_FILENO) == 1) { restart(); }

void Progress::restart() {
  steps_ = 0;
  began_ = shown_ = Clock::now();
}

void Progress::show(const cag::StepReport& report, std::int64_t images) {
  ++steps_;
  const auto now = Clock::now();
  const bool last = report.step == report.iterations;
  const std::chrono::duration<double> since_shown = now - shown_;
  if (!last && since_shown.count() < (terminal_ ? 0.5 : 10.0)) return;
  shown_ = now;
  const auto seconds = std::chrono::duration<double>(now - began_).count();
  const auto pace = seconds / static_cast<double>(steps_);
  const auto left =
      static_cast<std::int64_t>(pace * static_cast<double>(report.iterations - report.step));
  std::string terms;
  for (const auto& [name, value] : report.terms) terms += fmt::format("  {} {:.4f}", name, value);
  const auto rate = static_cast<double>(images) / pace;
  const auto line =
      fmt::format("stage {} {}  {}/{}  loss {:.4f}{}  lr {:.2e}  {:.{}f} images/s  {} left",
                  report.stage, report.stage_name, report.step, report.iterations, report.total,
                  terms, report.learning_rate, rate, rate < 10 ? 3 : 1, duration(left));
  if (terminal_) {
    fmt::print("\r\033[K{}{}", line, last ? "\n" : "");
    open_ = !last;
  } else {
    fmt::print("{}\n", line);
  }
  std::fflush(stdout);
}

void Progress::say(const std::string& text) {
  fmt::print("{}{}\n", open_ ? "\n" : "", text);
  open_ = false;
  std::fflush(stdout);
}

}  // namespace pipeline

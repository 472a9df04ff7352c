#include "contest.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iostream>
#include <utility>

#include <nlohmann/json.hpp>

namespace bench {

namespace {

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// A thread pool of OpenMP spins for a while after its work, at the cost of who comes next.
void let_threads_sleep() {
  const timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
  nanosleep(&pause, nullptr);
}

}  // namespace

Seconds measure(const std::function<void()>& run) {
  const auto wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  run();
  return {now(CLOCK_PROCESS_CPUTIME_ID) - cpu, now(CLOCK_MONOTONIC) - wall};
}

void Contest::add(std::string name, std::function<Seconds()> repetition) {
  contestants_.push_back({std::move(name), std::move(repetition), {}, {}});
}

void Contest::add_run(std::string name, std::function<void()> run) {
  add(std::move(name), [run = std::move(run)] { return measure(run); });
}

Contest::Contestant& Contest::find(const std::string& name) {
  return *std::find_if(contestants_.begin(), contestants_.end(),
                       [&](const auto& contestant) { return contestant.name == name; });
}

void Contest::note(const std::string& name, const std::string& key, double value) {
  find(name).notes[key] = value;
}

void Contest::run(const Options& options, int threads) {
  constexpr int kFewest = 5;
  // Repetitions of a turn, and seconds. The second repetition finds its input as the first left it,
  // whoever came before: that is nothing to who takes long over it.
  constexpr double kLeast = 2, kMost = 10, kTurn = 1e-3;
  struct Turn {
    Contestant* contestant;
    int every, times;  // of the rounds, in a turn
  };
  const auto rounded_up = [](double value, double least, double most) {
    return static_cast<int>(std::clamp(std::ceil(value), least, most));
  };
  std::vector<Turn> turns;
  for (auto& contestant : contestants_) {
    const auto seconds = contestant.repetition().cpu;
    turns.push_back(
        {&contestant,
         rounded_up(seconds / options.patience, 1, std::max(options.rounds / kFewest, 1)),
         rounded_up(kTurn / seconds, kLeast, kMost)});
  }
  for (int round = 0; round < options.rounds; ++round) {
    for (const auto& [contestant, every, times] : turns) {
      if (round % every != 0) continue;
      if (threads > 1) let_threads_sleep();
      for (int i = 0; i < times; ++i) contestant->seconds.push_back(contestant->repetition());
    }
    std::reverse(turns.begin(), turns.end());
  }
}

void Contest::report(const std::string& program, const Case& now,
                     const std::map<std::string, std::string>& versions) const {
  auto all = nlohmann::json::array();
  for (const auto& contestant : contestants_) {
    nlohmann::json one{{"name", contestant.name}, {"notes", contestant.notes}};
    for (const auto& seconds : contestant.seconds) {
      one["cpu"].push_back(seconds.cpu);
      one["wall"].push_back(seconds.wall);
    }
    all.push_back(std::move(one));
  }
  const nlohmann::json line{
      {"operator", program},  {"size", now.size},       {"channels", now.channels},
      {"height", now.height}, {"width", now.width},     {"categories", now.categories},
      {"layout", now.layout}, {"element", now.element}, {"threads", now.threads},
      {"versions", versions}, {"contestants", all}};
  std::cout << line.dump() << std::endl;
}

}  // namespace bench

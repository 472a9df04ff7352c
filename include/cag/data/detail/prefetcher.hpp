#pragma once

#include <ATen/Parallel.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace cag::detail {

/// Computes `make(step)` ahead of the step that is asked for, on threads of its own. What it gives
/// depends on `make` alone; asking for another step than the next one starts again from there.
/// At most 1 + `ahead` results are held, besides one in the making per thread.
template <typename T>
class Prefetcher {
 public:
  Prefetcher(std::function<T(std::int64_t)> make, int workers, std::int64_t ahead)
      : make_(std::move(make)), ahead_(ahead) {
    // Workers must not each bring a team of intra-op threads. set_num_threads() is about the
    // calling thread and about threads that start later: hence the second call, from here.
    const int threads = at::get_num_threads();
    const auto quiet = std::make_shared<std::latch>(workers);
    for (int i = 0; i < workers; ++i) {
      workers_.emplace_back([this, quiet](const std::stop_token& stop) {
        at::get_num_threads();  // or the first parallel region would set this thread's number anew
        at::set_num_threads(1);
        quiet->count_down();
        work(stop);
      });
    }
    quiet->wait();
    if (workers > 0) at::set_num_threads(threads);
  }

  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;
  ~Prefetcher() {
    for (auto& worker : workers_) worker.request_stop();
  }

  /// The result for `step`, or the exception that making it threw.
  T get(std::int64_t step) {
    if (workers_.empty()) return make_(step);
    std::unique_lock lock(mutex_);
    if (step != next_) {
      ready_.clear();
      ++run_;
      claimed_ = step;
    }
    next_ = step + 1;
    end_ = next_ + ahead_;
    more_.notify_all();
    done_.wait(lock, [&] { return ready_.contains(step); });
    Result result = std::move(ready_.extract(step).mapped());
    lock.unlock();
    if (auto* error = std::get_if<std::exception_ptr>(&result)) std::rethrow_exception(*error);
    return std::get<T>(std::move(result));
  }

 private:
  using Result = std::variant<T, std::exception_ptr>;

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (more_.wait(lock, stop, [&] { return claimed_ < end_; }) && !stop.stop_requested()) {
      const std::int64_t step = claimed_++;
      const std::uint64_t run = run_;
      lock.unlock();
      Result result = attempt(step);
      lock.lock();
      if (run != run_) continue;  // asked for elsewhere meanwhile
      ready_.emplace(step, std::move(result));
      done_.notify_all();
    }
  }

  Result attempt(std::int64_t step) const {
    try {
      return make_(step);
    } catch (...) {
      return std::current_exception();
    }
  }

  std::function<T(std::int64_t)> make_;
  std::int64_t ahead_;
  std::mutex mutex_;
  std::condition_variable_any more_;
  std::condition_variable done_;
  std::map<std::int64_t, Result> ready_;
  std::int64_t next_ = -1;
  std::int64_t claimed_ = 0;
  std::int64_t end_ = 0;
  std::uint64_t run_ = 0;
  std::vector<std::jthread> workers_;  // last: they end before what they use
};

}  // namespace cag::detail

#pragma once

#include <ATen/Parallel.h>

namespace cag::test {

/// LibTorch has so many threads until the end of the block.
class TorchThreads {
 public:
  explicit TorchThreads(int count) { at::set_num_threads(count); }
  ~TorchThreads() { at::set_num_threads(before_); }
  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  int before_ = at::get_num_threads();
};

}  // namespace cag::test

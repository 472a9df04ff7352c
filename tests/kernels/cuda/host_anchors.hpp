#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "../block_executor.hpp"
#include "../oracle.hpp"
#include "cuda/anchor_body.hpp"

namespace cag::kernels::test {

/// DeviceAnchors in memory of the host, laid out by the kernel's body.
class HostAnchors {
 public:
  explicit HostAnchors(const Anchors& anchors)
      : tiles_(new (std::align_val_t{16}) float[static_cast<std::size_t>(
            cuda::AnchorTiles::channels(anchors.width) *
            cuda::AnchorTiles::of(anchors.size()).all_slots())]),
        category_(anchors.category.size()),
        width_(anchors.width) {
    const cuda::AnchorJob job{anchors.vectors.data(), anchors.category.data(),
                              anchors.size(),         anchors.width,
                              tiles_.get(),           category_.data()};
    launch(job.tasks(), 32, 0, [&](const HostBlock& block) { anchor_body(block, job); });
  }

  cuda::DeviceAnchors view() const {
    return {tiles_.get(), category_.data(), std::ssize(category_), width_};
  }

 private:
  struct Free {
    void operator()(float* own) const { operator delete[](own, std::align_val_t{16}); }
  };
  std::unique_ptr<float[], Free> tiles_;
  std::vector<std::int64_t> category_;
  std::int64_t width_;
};

}  // namespace cag::kernels::test

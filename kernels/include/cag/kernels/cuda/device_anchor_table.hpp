#pragma once

#include <memory>

#include <cag/kernels/anchor_table.hpp>
#include <cag/kernels/cuda/device_anchors.hpp>

namespace cag::kernels::cuda {

/// An AnchorTable on a device: made once, used for any number of feature maps there. Copies share
/// the memory.
class DeviceAnchorTable {
 public:
  /// No anchors: for `make` to fill.
  DeviceAnchorTable() = default;

  /// Copies the table to the current device, and waits until it is there.
  /// @return null, or what the CUDA runtime says went wrong; `out` is then as it was
  static const char* make(const AnchorTable& table, DeviceAnchorTable& out) noexcept;

  /// What the operators take.
  const DeviceAnchors& view() const noexcept { return view_; }

 private:
  DeviceAnchors view_;
  std::shared_ptr<void> memory_;
};

}  // namespace cag::kernels::cuda

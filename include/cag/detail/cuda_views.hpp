#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cag/anchor/anchors.hpp>
#include <cag/detail/kernel_views.hpp>
#include <cag/kernels/cuda/device_anchors.hpp>
#include <cag/kernels/feature_map.hpp>

namespace cag::detail {

/// What the operators for CUDA read a map as; none of maps that are not theirs.
inline std::optional<kernels::Element> cuda_element_of(const at::Tensor& map) {
  if (!map.is_cuda()) return {};
  return element_of(map.scalar_type());
}

/// While it lives, a tensor's device is the current one. Needs no header of CUDA and no library but
/// libc10: LibTorch's part for CUDA is there where there are tensors of it.
class CudaScope {
 public:
  explicit CudaScope(const at::Tensor& on)
      : guard_(on.device()),
        stream_(c10::impl::VirtualGuardImpl(on.device().type()).getStream(on.device())) {}

  /// LibTorch's current stream there, for the operators.
  void* stream() const { return stream_.native_handle(); }

  /// @param error  what an operator returned
  /// @throws c10::Error with the text of the CUDA runtime
  void check(const char* error, const char* what) const {
    TORCH_CHECK(error == nullptr, what, " on ", stream_.device(), ": ", error);
  }

 private:
  c10::DeviceGuard guard_;
  c10::Stream stream_;
};

/// Without waiting for it, also where it lies in memory that is not pinned: the runtime then has a
/// copy of its own when it returns.
inline at::Tensor sent(const at::Tensor& tensor, at::Device device) {
  return tensor.to(device, tensor.scalar_type(), /*non_blocking=*/true);
}

inline void check_same_device(const at::Tensor& labels, const at::Tensor& features) {
  TORCH_CHECK_VALUE(labels.device() == features.device(), "expected labels on ", features.device(),
                    ", as the features are, got some on ", labels.device());
}

/// Anchors on a device as the operators read them.
class CudaAnchors {
 public:
  CudaAnchors(const AnchorRows& rows, at::Device device, const CudaScope& scope) {
    rows.check_some();
    const auto anchors = rows.vectors.size(0), width = rows.vectors.size(1);
    // In one copy.
    const auto category_bytes = rows.category.nbytes(), vector_bytes = rows.vectors.nbytes();
    auto both = at::empty({static_cast<std::int64_t>(category_bytes + vector_bytes)}, at::kByte);
    auto* const host = both.mutable_data_ptr<std::uint8_t>();
    std::memcpy(host, rows.category.const_data_ptr(), category_bytes);
    std::memcpy(host + category_bytes, rows.vectors.const_data_ptr(), vector_bytes);
    sent_ = sent(both, device);
    const auto* const from = sent_.const_data_ptr<std::uint8_t>();
    memory_ = at::empty({kernels::cuda::anchor_bytes(anchors, width)}, sent_.options());
    scope.check(
        kernels::cuda::lay_out_anchors(reinterpret_cast<const float*>(from + category_bytes),
                                       reinterpret_cast<const std::int64_t*>(from), anchors, width,
                                       memory_.mutable_data_ptr(), view_, scope.stream()),
        "anchors");
  }

  const kernels::cuda::DeviceAnchors& view() const { return view_; }

 private:
  at::Tensor sent_, memory_;
  kernels::cuda::DeviceAnchors view_{};
};

}  // namespace cag::detail

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <cuda_runtime_api.h>

#include <cag/kernels/feature_map.hpp>
#include <cag/kernels/mutable_feature_map.hpp>

#include <catch2/catch.hpp>

namespace cag::kernels::test {

inline void require(cudaError_t error) {
  INFO(cudaGetErrorString(error));
  REQUIRE(error == cudaSuccess);
}

inline void require(const char* error) {
  INFO((error == nullptr ? "" : error));
  REQUIRE(error == nullptr);
}

/// Device memory for so many values.
template <typename T>
class Device {
 public:
  explicit Device(std::int64_t size) : size_(static_cast<std::size_t>(size) * sizeof(T)) {
    void* memory = nullptr;
    require(cudaMalloc(&memory, size_));
    memory_.reset(static_cast<T*>(memory));
  }
  Device(const T* from, std::int64_t size) : Device(size) {
    require(cudaMemcpy(memory_.get(), from, size_, cudaMemcpyHostToDevice));
  }

  T* get() const { return memory_.get(); }

  std::vector<T> host() const {
    std::vector<T> values(size_ / sizeof(T));
    require(cudaMemcpy(values.data(), memory_.get(), size_, cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  struct Free {
    void operator()(T* own) const { cudaFree(own); }
  };
  std::size_t size_;
  std::unique_ptr<T, Free> memory_;
};

/// From the first element of a map to its last.
template <typename Map>
std::int64_t bytes(const Map& map) {
  if (map.images == 0 || map.pixels == 0) return 0;
  return ((map.images - 1) * map.image_stride + (map.channels - 1) * map.channel_stride +
          (map.pixels - 1) * map.pixel_stride + 1) *
         (map.element == Element::kFloat32 ? 4 : 2);
}

/// A map of the host on the device, exactly as large.
class DeviceMap {
 public:
  explicit DeviceMap(const FeatureMap& map)
      : view_(map), memory_(static_cast<const char*>(map.data), bytes(map)) {
    view_.data = memory_.get();
  }
  const FeatureMap& view() const { return view_; }

 private:
  FeatureMap view_;
  Device<char> memory_;
};

/// A stream of its own, which the default stream does not wait for.
class Stream {
 public:
  Stream() { require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  Stream(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(stream_); }
  void* get() const { return stream_; }
  void wait() const { require(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// A map of the host that is written on the device: brought back by `fetch`.
class DeviceRoom {
 public:
  explicit DeviceRoom(const MutableFeatureMap& map)
      : host_(map), memory_(static_cast<const char*>(map.data), bytes(map)), view_(map) {
    view_.data = memory_.get();
  }
  const MutableFeatureMap& view() const { return view_; }
  void fetch() const {
    require(cudaMemcpy(host_.data, memory_.get(), static_cast<std::size_t>(bytes(host_)),
                       cudaMemcpyDeviceToHost));
  }

 private:
  MutableFeatureMap host_;
  Device<char> memory_;
  MutableFeatureMap view_;
};

}  // namespace cag::kernels::test

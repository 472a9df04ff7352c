#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cag/data/dataset.hpp>
#include <cag/label/ignore.hpp>

namespace cag::data {

/// A Dataset that keeps decoded samples in memory until a budget is full; later ones are read again
/// each time. (Nothing is evicted: under random order any choice of what to keep is as good.)
/// Copies share one cache, and it may be used from several threads.
template <Dataset D>
class Cached {
 public:
  /// @param budget  bytes: height x width x 3 for an image, x 4 with labels
  Cached(D dataset, std::size_t budget)
      : dataset_(std::move(dataset)),
        store_(std::make_shared<Store>(static_cast<std::size_t>(dataset_.size()), budget)) {}

  std::int64_t size() const { return dataset_.size(); }
  std::string name(std::int64_t i) const { return dataset_.name(i); }
  ImageSize image_size(std::int64_t i) const requires SizedDataset<D> {
    return dataset_.image_size(i);
  }

  SampleOf<D> get(std::int64_t i) const {
    if (auto kept = store_->find(i)) return unpacked(std::move(*kept));
    SampleOf<D> sample = dataset_.get(i);  // outside the lock; two threads may both decode it
    store_->keep(i, packed(sample));
    return sample;
  }

  /// Bytes now held.
  std::size_t bytes() const { return store_->bytes(); }

 private:
  class Store {
   public:
    Store(std::size_t size, std::size_t budget) : samples_(size), budget_(budget) {}

    std::optional<SampleOf<D>> find(std::int64_t i) {
      if (i < 0 || i >= std::ssize(samples_)) return {};
      const std::scoped_lock lock(mutex_);
      return samples_[static_cast<std::size_t>(i)];
    }

    void keep(std::int64_t i, SampleOf<D> sample) {
      std::size_t bytes = sample.image.nbytes();
      if constexpr (SourceDataset<D>) bytes += sample.label.nbytes();
      const std::scoped_lock lock(mutex_);
      auto& slot = samples_[static_cast<std::size_t>(i)];
      if (slot || bytes > budget_ - bytes_) return;
      slot = std::move(sample);
      bytes_ += bytes;
    }

    std::size_t bytes() {
      const std::scoped_lock lock(mutex_);
      return bytes_;
    }

   private:
    std::mutex mutex_;
    std::vector<std::optional<SampleOf<D>>> samples_;
    std::size_t budget_;
    std::size_t bytes_ = 0;
  };

  // Categories and kIgnoreIndex fit 8 bits: an eighth of the memory.
  static_assert(kIgnoreIndex <= 255);
  static SampleOf<D> packed(SampleOf<D> sample) {
    if constexpr (SourceDataset<D>) sample.label = sample.label.to(at::kByte);
    return sample;
  }
  static SampleOf<D> unpacked(SampleOf<D> sample) {
    if constexpr (SourceDataset<D>) sample.label = sample.label.to(at::kLong);
    return sample;
  }

  D dataset_;
  std::shared_ptr<Store> store_;
};

}  // namespace cag::data

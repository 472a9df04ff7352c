#pragma once

#include <ATen/ops/full.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <cag/data/sample.hpp>

namespace cag::test {

/// Labelled images in memory: image i is filled with value i, its label is i % 3.
struct MemoryPairs {
  std::int64_t count = 10;
  std::int64_t height = 4;
  std::int64_t width = 6;
  std::shared_ptr<std::atomic<int>> reads = std::make_shared<std::atomic<int>>(0);

  std::int64_t size() const { return count; }
  std::string name(std::int64_t i) const { return "image" + std::to_string(i); }
  LabelledSample get(std::int64_t i) const {
    ++*reads;
    return {at::full({height, width, 3}, i, at::kByte), at::full({height, width}, i % 3, at::kLong),
            name(i)};
  }
};

/// The same images without labels.
struct MemoryImages {
  MemoryPairs pairs = {};
  std::int64_t size() const { return pairs.size(); }
  std::string name(std::int64_t i) const { return pairs.name(i); }
  UnlabelledSample get(std::int64_t i) const { return {pairs.get(i).image, name(i)}; }
};

}  // namespace cag::test

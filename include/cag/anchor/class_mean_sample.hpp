#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <cag/anchor/class_means.hpp>
#include <cag/anchor/class_sums.hpp>
#include <cag/random/stream.hpp>

namespace cag {

/// Per-image class means of a source of any size: a sample of each category, in which every class
/// mean so far has the same chance to be (Vitter's algorithm R).
struct ClassMeanSample {
  std::vector<std::vector<at::Tensor>> means;  ///< of each category, [D] float64 on the CPU
  std::vector<std::int64_t> seen;              ///< how many there were
  std::int64_t width = 0;

  /// An empty one.
  static ClassMeanSample zeros(std::int64_t categories, std::int64_t width) {
    return {std::vector<std::vector<at::Tensor>>(categories), std::vector<std::int64_t>(categories),
            width};
  }

  /// @param min_pixels  as in ClassMeans::of
  /// @param limit  class means to keep of a category
  void add(const ClassSums& sums, std::int64_t min_pixels, std::int64_t limit, std::uint64_t seed) {
    TORCH_CHECK_VALUE(sums.sums.size(1) == std::ssize(means) && sums.sums.size(2) == width,
                      "expected class sums of ", means.size(), " categories and width ", width,
                      ", got ", sums.sums.size(1), " and ", sums.sums.size(2));
    TORCH_CHECK_VALUE(limit >= 1, "expected to keep at least 1 class mean of a category, got ",
                      limit);
    const auto batch = ClassMeans::of(sums, min_pixels);
    const auto vectors = batch.means.detach().to(at::kCPU, at::kDouble);
    const auto category = batch.category.to(at::kCPU);
    for (std::int64_t m = 0; m < category.size(0); ++m)
      keep(limit, seed, category[m].item<std::int64_t>(), vectors[m]);
  }

 private:
  void keep(std::int64_t limit, std::uint64_t seed, std::int64_t category, const at::Tensor& mean) {
    const auto number = seen[category]++;
    if (number < limit) {
      means[category].push_back(mean.clone());  // not a view that keeps its whole batch
      return;
    }
    Stream random({.seed = seed,
                   .purpose = purpose("class-means"),
                   .epoch = static_cast<std::uint64_t>(category),
                   .index = static_cast<std::uint64_t>(number)});
    const auto place = random.below(number + 1);
    if (place < limit) means[category][place] = mean.clone();
  }
};

}  // namespace cag

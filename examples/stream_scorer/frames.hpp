#pragma once

#include <cstdint>
#include <random>
#include <vector>

/// Features as a network would give them, channel by channel: every pixel near one of the anchors,
/// or between two of them.
class Frames {
 public:
  /// @param anchors  [categories, channels]
  Frames(const std::vector<float>& anchors, std::int64_t channels, std::int64_t pixels,
         std::int64_t number)
      : size_(channels * pixels), values_(size_ * number) {
    std::mt19937 random(1);
    std::normal_distribution<float> noise(0, 0.5F);
    std::uniform_real_distribution<float> uniform;
    std::uniform_int_distribution<std::int64_t> category(0, std::ssize(anchors) / channels - 1);
    for (std::int64_t n = 0; n < number; ++n)
      for (std::int64_t p = 0; p < pixels; ++p) {
        const auto a = category(random), b = category(random);
        const float share = uniform(random);
        for (std::int64_t d = 0; d < channels; ++d)
          values_[n * size_ + d * pixels + p] = share * anchors[a * channels + d] +
                                                (1 - share) * anchors[b * channels + d] +
                                                noise(random);
      }
  }

  const float* operator[](std::int64_t n) const {
    return values_.data() + n % (std::ssize(values_) / size_) * size_;
  }

 private:
  std::int64_t size_;
  std::vector<float> values_;
};

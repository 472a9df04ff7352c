#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <cag/kernels/class_map.hpp>

namespace cag::kernels::test {

/// Categories and ignored pixels, in runs of up to `run`.
inline std::vector<std::int64_t> random_labels(std::int64_t pixels, std::int64_t categories,
                                               std::int64_t run, std::uint32_t seed = 11) {
  std::mt19937 random(seed);
  std::vector<std::int64_t> label;
  while (static_cast<std::int64_t>(label.size()) < pixels) {
    const auto drawn = static_cast<std::int64_t>(random() % (categories + 1));
    const auto size = 1 + static_cast<std::int64_t>(random() % run);
    label.insert(label.end(), size, drawn == categories ? 250 + random() % 2 * 1000 : drawn);
  }
  label.resize(pixels);
  // A category 250 exists where there are that many.
  for (auto& k : label)
    if (k == 250 && categories > 250) k = -1;
  return label;
}

/// The class map of labels, as one image.
inline std::vector<std::uint8_t> classes_of(const std::vector<std::int64_t>& label,
                                            std::int64_t categories) {
  std::vector<std::uint8_t> classes(label.size());
  class_map({.label = label.data(), .categories = categories}, 1, std::ssize(label), classes.data(),
            nullptr);
  return classes;
}

}  // namespace cag::kernels::test

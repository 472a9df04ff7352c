#pragma once

#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <cag/data/png.hpp>

namespace cag::test {

/// Optional photographs beside the repository.
inline std::filesystem::path photographs() {
  return std::filesystem::path(std::getenv("CAG_SHARED")) / "day_to_dusk";
}

/// A random image file with its folders.
inline void put_image(const std::filesystem::path& path, std::int64_t height = 6,
                      std::int64_t width = 8) {
  std::filesystem::create_directories(path.parent_path());
  png::write_rgb(path, at::randint(0, 256, {height, width, 3}, at::kByte));
}

/// A label file of one id with its folders.
inline void put_label(const std::filesystem::path& path, std::uint8_t id = 7,
                      std::int64_t height = 6, std::int64_t width = 8) {
  std::filesystem::create_directories(path.parent_path());
  png::write_labels(path, at::full({height, width}, id, at::kByte));
}

}  // namespace cag::test

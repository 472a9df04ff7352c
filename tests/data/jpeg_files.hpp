#pragma once

#include <turbojpeg.h>

#include <ATen/core/Tensor.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "temporary_folder.hpp"

namespace cag::test {

/// One of the files that tests/data/jpeg/make.py made.
inline std::filesystem::path jpeg_file(const std::string& name) {
  return std::filesystem::path(std::getenv("CAG_TESTS")) / "data/jpeg" / (name + ".jpg");
}

/// Writes an image [H, W, 3] as a JPEG of good quality, with its folders.
inline void put_jpeg(const std::filesystem::path& path, const at::Tensor& image) {
  const at::Tensor pixels = image.contiguous();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjhandle encoder = tjInitCompress();
  tjCompress2(encoder, pixels.const_data_ptr<std::uint8_t>(), static_cast<int>(image.size(1)), 0,
              static_cast<int>(image.size(0)), TJPF_RGB, &bytes, &size, TJSAMP_420, 90, 0);
  write_file(path, std::string(reinterpret_cast<const char*>(bytes), size));
  tjFree(bytes);
  tjDestroy(encoder);
}

}  // namespace cag::test

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/core/Tensor.h>

#include <cag/data/normalisation.hpp>
#include <cag/detail/crc32.hpp>
#include <cag/detail/json.hpp>
#include <cag/detail/json_reader.hpp>
#include <cag/detail/naming.hpp>
#include <cag/detail/zip_directory.hpp>
#include <cag/error.hpp>
#include <cag/io/file_reader.hpp>

namespace cag {

/// What an AOTInductor package of tools/export.py says of itself.
struct PackageInfo {
  /// Sizes of one dimension.
  struct Range {
    std::int64_t smallest = 1;  ///< that is taken
    std::int64_t largest = 1;   ///< that is taken
  };

  std::array<Range, 4> images{};        ///< [N, 3, H, W] that it takes
  std::string device = "cpu";           ///< that it was compiled for
  std::vector<std::string> categories;  ///< of the logits
  Normalisation normalisation{};        ///< that images are to have: for PredictorOptions
  std::string processor;  ///< instructions that it may use, such as "AVX512"; empty: not said

  /// Reads it from the package at `path`, without running any of it.
  /// @throws IoError, and CheckpointError where it is no package, or says nothing of its images
  static PackageInfo of(const std::filesystem::path& path) {
    return detail::naming(path.string(), [&] { return from(metadata(FileReader(path))); });
  }

  /// Such as "[1 to 4, 3, 512, 1024]".
  std::string sizes() const {
    std::vector<std::string> texts;
    for (const auto& [smallest, largest] : images)
      texts.push_back(smallest == largest ? fmt::format("{}", smallest)
                                          : fmt::format("{} to {}", smallest, largest));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }

  /// Whether images of this shape fit.
  bool takes(at::IntArrayRef shape) const {
    return shape.size() == images.size() &&
           std::equal(shape.begin(), shape.end(), images.begin(), [](auto side, const Range& r) {
             return r.smallest <= side && side <= r.largest;
           });
  }

 private:
  static PackageInfo from(const detail::Json& metadata) {
    PackageInfo info;
    const auto part = [&](std::string_view key) {
      const auto* found = metadata.find(key);
      if (found == nullptr)
        throw CheckpointError(
            "expected a package that says which images it takes ({}), as tools/export.py makes "
            "them: nothing else checks the sizes that it is given",
            key);
      return detail::Json::parse(found->as_string(), std::string(key));
    };
    const auto images = part("cag.images");
    if (images.as_array().size() != info.images.size())
      throw CheckpointError("cag.images: expected 4 ranges, found {}", images.as_array().size());
    for (std::size_t i = 0; i < info.images.size(); ++i) {
      const auto& range = images.as_array()[i].as_array();
      if (range.size() != 2)
        throw CheckpointError("cag.images: expected ranges of 2 numbers, found {}", range.size());
      info.images[i] = {range[0].as_int64(), range[1].as_int64()};
    }
    const auto categories = part("cag.categories");
    for (const auto& name : categories.as_array()) info.categories.push_back(name.as_string());
    if (part("cag.normalises").as_bool()) {
      info.normalisation.deviation.fill(1.0 / 255);  // bytes as they are
    } else {
      info.normalisation = {three(part("cag.mean")), three(part("cag.deviation"))};
      try {
        info.normalisation.check();
      } catch (const UsageError& error) {
        throw CheckpointError("{}", error.what());
      }
    }
    if (const auto* device = metadata.find("AOTI_DEVICE_KEY")) info.device = device->as_string();
    if (const auto* isa = metadata.find("AOTI_CPU_ISA")) info.processor = isa->as_string();
    return info;
  }

  static std::array<double, 3> three(const detail::Json& numbers) {
    std::array<double, 3> result{};
    const auto& values = numbers.as_array();
    if (values.size() != result.size())
      throw CheckpointError("expected 3 numbers for the channels, found {}", values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](const detail::Json& value) { return value.as_double(); });
    return result;
  }

  /// Of the wrapper around its kernels, where both have some.
  static detail::Json metadata(const FileReader& file) {
    constexpr std::string_view kEnd = "_metadata.json";
    constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
    detail::Json result;
    for (const auto& [name, entry] : detail::ZipDirectoryReader<FileReader>::read(file)) {
      if (!name.ends_with(kEnd) || name.find("aotinductor/model/") == name.npos) continue;
      if (entry.compressed || entry.size > kMost)
        throw CheckpointError("{}: expected at most {} bytes, not compressed, found {}", name,
                              kMost, entry.size);
      std::string text(entry.size, '\0');
      file.read_at(entry.begin, text.data(), entry.size);
      if (detail::crc32(text) != entry.crc)
        throw CheckpointError("{}: its checksum does not match", name);
      auto found = detail::Json::parse(text, name);
      if (result.is_null() || found.find("cag.images") != nullptr) result = std::move(found);
    }
    if (result.is_null())
      throw CheckpointError("expected a package of AOTInductor, found another zip archive");
    return result;
  }
};

}  // namespace cag

#pragma once

#include <filesystem>
#include <string_view>

#include <cag/data/image_file.hpp>
#include <cag/error.hpp>

namespace cag::detail {

inline constexpr std::string_view kLossyLabel =
    "a JPEG as label: its compression changes ids and colours; expected PNG";

/// @throws DataError for a JPEG, whatever its name
inline void expect_lossless(const std::filesystem::path& label) {
  if (image_file::is_jpeg(label)) throw DataError("{}: {}", label.string(), kLossyLabel);
}

}  // namespace cag::detail

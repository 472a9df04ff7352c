#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string_view>

#include <cag/data/colour_table.hpp>
#include <cag/data/detail/expect_lossless.hpp>
#include <cag/data/label_file/label_file.hpp>
#include <cag/data/png.hpp>

namespace cag::label_file {

/// PNG files in which each colour means a category: RGB, a palette, or grey.
struct Colours {
  static constexpr std::string_view kName = "colours";

  ColourTable table;

  /// @throws DataError naming the file: no PNG, a pixel that is not opaque, a colour that is not in
  ///   the table
  at::Tensor operator()(const std::filesystem::path& path) const {
    detail::expect_lossless(path);
    return table.apply(png::read_label_colours(path), path.string());
  }
};

}  // namespace cag::label_file

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string_view>

#include <cag/data/detail/expect_lossless.hpp>
#include <cag/data/label_file/label_file.hpp>
#include <cag/data/label_table.hpp>
#include <cag/data/png.hpp>

namespace cag::label_file {

/// PNG files of label ids: grey values, palette indices, or the first channel of 16-bit RGB.
struct Ids {
  static constexpr std::string_view kName = "ids";

  LabelTable table;

  /// @throws DataError naming the file: no PNG, colours, an id that is not in the table
  at::Tensor operator()(const std::filesystem::path& path) const {
    detail::expect_lossless(path);
    return table.apply(png::read_label_ids(path), path.string());
  }
};

}  // namespace cag::label_file

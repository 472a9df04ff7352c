#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <filesystem>
#include <string_view>

namespace cag {

/// How a file tells each pixel's category: path -> [H, W] int64, kIgnoreIndex where there is none.
/// Not checkable here: may be called from several threads; throws a DataError that names the file.
template <typename F>
concept LabelFile = std::copy_constructible<F> &&
    requires(const F label_file, const std::filesystem::path& path) {
  { label_file(path) } -> std::same_as<at::Tensor>;
  { F::kName } -> std::convertible_to<std::string_view>;
};

}  // namespace cag

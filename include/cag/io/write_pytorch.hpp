#pragma once

#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include <cag/detail/pytorch_writer.hpp>
#include <cag/io/replace_file.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// Makes `path` a file of `tensors` that Python's torch.load reads, also with weights_only: a state
/// dict, in the zip format. After any failure or crash `path` holds the old file or the new one.
/// @throws IoError; CheckpointError for more than 4 GiB, which its zip format does not hold;
///   c10::ValueError for a tensor that is undefined, sparse, or not of a number type that
///   safetensors has too
template <FileSystem Fs = PosixFs>
void write_pytorch(const std::filesystem::path& path, const TensorMap& tensors, Fs fs = {}) {
  const detail::PytorchWriter writer(tensors);
  replace_file(path, writer.pieces(), std::move(fs));
}

}  // namespace cag

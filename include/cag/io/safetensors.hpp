#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include <cag/io/encoded_tensors.hpp>
#include <cag/io/file_reader.hpp>
#include <cag/io/replace_file.hpp>
#include <cag/io/safetensors_decode.hpp>
#include <cag/io/tensor_map.hpp>

namespace cag {

/// All tensors of a safetensors file, on the CPU. Reading runs no code from the file and allocates
/// no more than the size of the file and about 64 MiB.
/// Throws IoError where it cannot be read, CheckpointError where it is not strictly well-formed.
inline TensorMap read_safetensors(const std::filesystem::path& path) {
  FileReader file(path);
  auto tensors = decode_safetensors(file);
  file.expect_end();
  return tensors;
}

/// The free text that a safetensors file carries in its header; errors as read_safetensors.
inline std::map<std::string, std::string> read_safetensors_metadata(
    const std::filesystem::path& path) {
  FileReader file(path);
  return decode_safetensors_header(file).metadata;
}

/// Makes `path` a safetensors file of `tensors`, which Python's safetensors reads too. Equal
/// tensors give equal bytes. After any failure or crash `path` holds the old file or the new one.
/// Throws IoError, and what EncodedTensors throws.
template <FileSystem Fs = PosixFs>
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata = {}, Fs fs = {}) {
  const EncodedTensors encoded(tensors, metadata);
  replace_file(path, encoded.pieces(), std::move(fs));
}

}  // namespace cag

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <cag/detail/safetensors_header.hpp>

/// The input is a whole file. What is accepted has tensors that fill the data one after another.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cag::detail;
  const std::string_view file(reinterpret_cast<const char*>(bytes), size);
  try {
    const auto length = safetensors_header_length(file.substr(0, kHeaderPrefix), size, "fuzz");
    const auto data_bytes = size - kHeaderPrefix - length;
    const auto header =
        SafetensorsHeaderParser(file.substr(kHeaderPrefix, length), data_bytes, "fuzz").parse();
    std::uint64_t at = 0;
    for (const auto& tensor : header.tensors) {
      std::uint64_t expected = tensor.type.bytes;
      for (const auto dimension : tensor.shape) expected *= static_cast<std::uint64_t>(dimension);
      if (tensor.begin != at || tensor.end - tensor.begin != expected) std::abort();
      at = tensor.end;
    }
    if (at != data_bytes) std::abort();
  } catch (const cag::CheckpointError&) {
  }
  return 0;
}

#include <cstdint>
#include <cstdlib>
#include <string>

#include <cag/io/manifest.hpp>

/// The input is sealed first, or its checksum would keep the fuzzer out. What is accepted names
/// files only within its directory.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  text += cag::detail::manifest_seal(text);
  try {
    const auto manifest = cag::Manifest::parse(text, cag::kCheckpointFormat, "fuzz");
    for (const auto& [name, file] : manifest.files) {
      if (name.find('/') != std::string::npos || name == "..") std::abort();
    }
  } catch (const cag::CheckpointError&) {
  }
  return 0;
}

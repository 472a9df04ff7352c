#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <cag/detail/json.hpp>

/// What is accepted is written as text that means the same and is written the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cag::detail::Json;
  try {
    const auto value = Json::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
    const auto text = value.dump();
    const auto back = Json::parse(text, "written");
    if (back != value || back.dump() != text) std::abort();
  } catch (const cag::CheckpointError& error) {
    if (std::string_view(error.what()).starts_with("written")) std::abort();
  }
  return 0;
}

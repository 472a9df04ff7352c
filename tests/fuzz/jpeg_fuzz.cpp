#include <cstdint>
#include <cstdlib>
#include <vector>

#include <cag/data/detail/jpeg_reader.hpp>

/// The input is a whole file. What is accepted has a size within the limits, all of its pixels are
/// written, and decoding it again gives the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using cag::detail::JpegReader;
  constexpr std::int64_t kMostPixels = 1 << 16;  // so that an input takes no longer than a moment
  try {
    JpegReader reader(std::vector<std::uint8_t>(bytes, bytes + size), "fuzz");
    const auto [height, width] = reader.size();
    if (height < 1 || width < 1 || height > JpegReader::kMaxSide || width > JpegReader::kMaxSide) {
      std::abort();
    }
    if (height * width > kMostPixels) return 0;
    const auto samples = static_cast<std::size_t>(height * width * 3);
    std::vector<std::uint8_t> over_zeros(samples, 0), over_ones(samples, 255);
    reader.decode(over_zeros);
    reader.decode(over_ones);
    if (over_zeros != over_ones) std::abort();
  } catch (const cag::DataError&) {
  }
  return 0;
}

#pragma once

#include <spng.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include <cag/data/colour.hpp>
#include <cag/data/detail/png_reader.hpp>
#include <cag/error.hpp>
#include <cag/io/replace_file.hpp>

namespace cag::detail {

/// Encodes samples [H, W, ...] of 8 or 16 bits in memory and puts the file in place as a whole.
inline void write_png(const std::filesystem::path& path, const at::Tensor& samples,
                      spng_color_type type, std::span<const Colour> palette) {
  const auto check = [&](int code) {
    if (code == SPNG_EMEM) throw std::bad_alloc();
    if (code != SPNG_OK) {
      throw DataError("{}: cannot be encoded: {}", path.string(), spng_strerror(code));
    }
  };
  const PngContext context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (!context) throw std::bad_alloc();
  check(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(samples.size(1));
  header.height = static_cast<std::uint32_t>(samples.size(0));
  header.bit_depth = static_cast<std::uint8_t>(8 * samples.element_size());
  header.color_type = static_cast<std::uint8_t>(type);
  check(spng_set_ihdr(context.get(), &header));
  if (!palette.empty()) {
    spng_plte colours{};
    for (const Colour& c : palette) colours.entries[colours.n_entries++] = {c[0], c[1], c[2], 0};
    check(spng_set_plte(context.get(), &colours));
  }
  const at::Tensor bytes = samples.cpu().contiguous();
  check(spng_encode_image(context.get(), bytes.const_data_ptr(),
                          static_cast<std::size_t>(bytes.nbytes()), SPNG_FMT_PNG,
                          SPNG_ENCODE_FINALIZE));
  std::size_t size = 0;
  int error = SPNG_OK;
  const std::unique_ptr<void, decltype(&std::free)> encoded(
      spng_get_png_buffer(context.get(), &size, &error), &std::free);
  check(error);
  const std::string_view piece(static_cast<const char*>(encoded.get()), size);
  replace_file(path, {&piece, 1});
}

}  // namespace cag::detail

#include <cag/detail/xxh64.hpp>

#include <string>

#include <catch.hpp>

namespace {

struct Known {
  std::size_t bytes;
  std::uint64_t hash;
  std::uint64_t seeded;
};

// By python-xxhash over the bytes (7 i + 3) mod 256.
constexpr Known kKnown[] = {
    {0, 0xef46db3751d8e999U, 0xc4349fc93c010000U},
    {1, 0x1f25c8d0bc1f4bb6U, 0x79826bcd749d267aU},
    {3, 0x31d2363f52e564c9U, 0x78efd77575e26575U},
    {4, 0x9bb64b7d66ee9fdaU, 0x6f0a6c97d68bf353U},
    {7, 0x9a7b149959ce60d8U, 0xd97ede93c9d66a0dU},
    {8, 0xdab99d95c6f90092U, 0xa2f1e28437a78a1bU},
    {31, 0xa2aa5f33cc4a6119U, 0x755437271d1d0a84U},
    {32, 0x23c3c17ef790fd97U, 0xbf624b932c090428U},
    {33, 0x50a7cfc7ba588784U, 0x7aceaf1e9d34ea35U},
    {63, 0x5e3e54b431c7493cU, 0x2c8ddce5c85d0d9dU},
    {64, 0x0eb64b3ef6eeb01fU, 0x4af341f14e3a6fc9U},
    {100, 0xa61f8d4c170fe531U, 0xf6d8f65c625abb4fU},
    {1000, 0x5f235fa033f1a3fbU, 0x442acd0a822e86f6U},
};

std::string pattern(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>((i * 7 + 3) & 255);
  return text;
}

}  // namespace

TEST_CASE("XXH64 equals the reference implementation") {
  CHECK(cag::detail::xxh64("abc") == 0x44bc2cf5ad770999U);
  for (const auto& known : kKnown) {
    INFO(known.bytes);
    CHECK(cag::detail::xxh64(pattern(known.bytes)) == known.hash);
    CHECK(cag::detail::xxh64(pattern(known.bytes), 0x9E3779B97F4A7C15U) == known.seeded);
  }
}

TEST_CASE("XXH64 does not depend on how the bytes are cut into pieces") {
  const auto text = pattern(1000);
  for (const std::size_t piece : {1U, 5U, 31U, 32U, 33U, 64U, 999U}) {
    cag::detail::Xxh64 hash;
    for (std::size_t i = 0; i < text.size(); i += piece)
      hash.update(std::string_view(text).substr(i, piece));
    CHECK(hash.digest() == cag::detail::xxh64(text));
  }
}

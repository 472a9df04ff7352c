#include "../block_executor.hpp"

#include <numeric>

#include <catch2/catch.hpp>

using namespace cag::kernels;
using namespace cag::kernels::test;

namespace {

/// The sum of a value of each thread, for thread 0, by the means of every kind that a block has.
template <typename Block>
float sum_over_block(const Block& block, float value) {
  auto* const warps = static_cast<float*>(block.shared());
  for (int by = cuda::kWarp / 2; by > 0; by /= 2) value += block.shuffle_down(value, by);
  if (block.thread() % cuda::kWarp == 0) warps[block.thread() / cuda::kWarp] = value;
  block.barrier();
  if (block.thread() != 0) return 0;
  const int count = (block.threads() + cuda::kWarp - 1) / cuda::kWarp;
  return std::accumulate(warps, warps + count, 0.0F);
}

}  // namespace

TEST_CASE("a block on threads of the CPU has barriers, shuffles and atomic sums", "[race]") {
  std::vector<float> sums(3);
  std::int64_t added = 0;
  run_blocks(3, 96, 3 * sizeof(float), [&](const HostBlock& block) {
    const auto value = static_cast<float>(block.thread() + block.index());
    const float sum = sum_over_block(block, value);
    if (block.thread() == 0) sums[block.index()] = sum;
    block.add(&added, std::int64_t{1});
  });
  CHECK(sums == std::vector<float>{4560, 4656, 4752});
  CHECK(added == 3 * 96);
}

TEST_CASE("a block's shared memory holds no numbers, and copies arrive when they are waited for") {
  const cuda::Four four{{1, 2, 3, 4}};
  bool early = false, late = false;
  run_blocks(1, 1, sizeof(cuda::Four), [&](const HostBlock& block) {
    auto* const to = static_cast<cuda::Four*>(block.shared());
    block.begin_copy(to, &four);
    early = !std::isnan(to->value[3]);
    block.end_copies();
    late = to->value[3] == 4;
  });
  CHECK_FALSE(early);
  CHECK(late);
}

TEST_CASE("a block on the CPU widens every half") {
  BlockState state(0, 1, 1, 0);
  const HostBlock block(state, 0);
  CHECK(block.from_float16(0x0001) == std::ldexp(1.0F, -24));
  CHECK(block.from_float16(0x83FF) == -std::ldexp(1023.0F, -24));
  CHECK(block.from_float16(0x3C00) == 1);
  CHECK(block.from_float16(0xFBFF) == -65504);
  CHECK(block.from_float16(0x7C00) == HUGE_VALF);
  CHECK(std::isnan(block.from_float16(0x7E00)));
  CHECK(std::signbit(block.from_float16(0x8000)));
}

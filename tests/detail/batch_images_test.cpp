#include <cag/detail/batch_images.hpp>

#include <cstdint>
#include <ranges>
#include <vector>

#include <ATen/ops/full.h>

#include <catch.hpp>

namespace {

struct Batch {
  at::Tensor images;
};

struct Counted {
  std::int64_t batches = 3;
  std::int64_t read = 0;
  Batch batch(std::int64_t number) {
    ++read;
    return {at::full({1}, number, at::kLong)};
  }
  std::int64_t size() const { return batches; }
};

using Images = cag::detail::BatchImages<Counted>;
static_assert(std::ranges::input_range<Images>);
static_assert(std::ranges::input_range<const Images>);

std::vector<std::int64_t> numbers_of(const Images& images) {
  std::vector<std::int64_t> numbers;
  for (const at::Tensor& each : images) numbers.push_back(each.item<std::int64_t>());
  return numbers;
}

}  // namespace

TEST_CASE("BatchImages gives each batch's images once, in order, each time it is asked") {
  Counted list;
  const Images images(list);
  CHECK(list.read == 0);
  CHECK(numbers_of(images) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(list.read == 3);
  CHECK(numbers_of(images) == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("BatchImages of an empty list are none") {
  Counted list{.batches = 0};
  CHECK(numbers_of(Images(list)).empty());
  CHECK(list.read == 0);
}

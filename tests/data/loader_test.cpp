#include <cag/data/loader.hpp>

#include <ATen/Parallel.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include <cag/data/augment/colour_jitter.hpp>
#include <cag/data/augment/horizontal_flip.hpp>
#include <cag/data/augment/random_rescaled_crop.hpp>
#include <cag/data/ordered.hpp>
#include "memory_data.hpp"

#include "catch.hpp"  // last: it takes CHECK over from LibTorch

using cag::Loader;
using cag::LoaderOptions;
using cag::test::MemoryImages;
using cag::test::MemoryPairs;
using Catch::Contains;
namespace augment = cag::augment;

namespace {

// Pictures of various sizes, each with itself as label.
struct Pictures {
  std::int64_t size() const { return 9; }
  std::string name(std::int64_t i) const { return "picture" + std::to_string(i); }
  cag::LabelledSample get(std::int64_t i) const {
    auto image = at::empty({20 + i, 30 + 2 * i, 3}, at::kByte);
    auto* value = image.data_ptr<std::uint8_t>();
    for (std::int64_t k = 0; k < image.numel(); ++k) {
      value[k] = static_cast<std::uint8_t>(k * k * 31 + i * 17);
    }
    return {image, image.select(2, 0).to(at::kLong), name(i)};
  }
};

auto published_like() {
  return augment::Chain(augment::RandomRescaledCrop{.rescale = {.base_width = 36},
                                                    .crop = {.width = 24, .height = 16}},
                        augment::HorizontalFlip{}, augment::ColourJitter{0.2, 0.2});
}

bool equal(const cag::LabelledBatch& a, const cag::LabelledBatch& b) {
  return at::equal(a.images, b.images) && at::equal(a.labels, b.labels);
}

// Fails for some of its samples.
struct Failing : MemoryPairs {
  std::function<void(std::int64_t)> before_get;
  cag::LabelledSample get(std::int64_t i) const {
    before_get(i);
    return MemoryPairs::get(i);
  }
};

}  // namespace

TEST_CASE("A loader gives labelled or unlabelled batches by its data set") {
  Loader source(MemoryPairs{}, augment::None(), {.batch = 3});
  static_assert(std::same_as<decltype(source.batch(0)), cag::LabelledBatch>);
  const auto batch = source.batch(0);
  CHECK(batch.images.sizes() == at::IntArrayRef({3, 3, 4, 6}));
  CHECK(batch.images.scalar_type() == at::kFloat);
  CHECK(batch.labels.sizes() == at::IntArrayRef({3, 4, 6}));
  CHECK(batch.labels.scalar_type() == at::kLong);
  CHECK(source.batches_per_epoch() == 3);

  Loader target(MemoryImages{}, augment::None(), {.batch = 3});
  static_assert(std::same_as<decltype(target.batch(0)), cag::UnlabelledBatch>);
  CHECK(at::equal(target.batch(0).images, batch.images));
}

TEST_CASE("A loader keeps images and labels together and normalises") {
  Loader loader(MemoryPairs{}, augment::None(), {.batch = 2});
  std::set<std::int64_t> seen;
  for (std::int64_t step = 0; step < 5; ++step) {
    const auto batch = loader.batch(step);
    for (std::int64_t n = 0; n < 2; ++n) {
      const auto index =
          static_cast<std::int64_t>(std::lround(batch.images[n].flatten()[0].item<double>() * 255));
      CHECK(batch.images[n].eq(static_cast<float>(index / 255.0)).all().item<bool>());
      CHECK(batch.labels[n].eq(index % 3).all().item<bool>());
      seen.insert(index);
    }
  }
  CHECK(seen.size() == 10);
}

TEST_CASE("A loader's batches do not depend on the number of workers") {
  Loader alone(Pictures{}, published_like(), {.batch = 2, .seed = 3, .workers = 0});
  for (const int workers : {1, 3}) {
    for (const int ahead : {0, 1, 5}) {
      Loader loader(Pictures{}, published_like(),
                    {.batch = 2, .seed = 3, .workers = workers, .ahead = ahead});
      for (std::int64_t step = 0; step < 12; ++step) {
        CHECK(equal(loader.batch(step), alone.batch(step)));
      }
    }
  }
}

TEST_CASE("A loader can be asked for any step") {
  Loader straight(Pictures{}, published_like(), {.batch = 2, .workers = 0});
  Loader loader(Pictures{}, published_like(), {.batch = 2, .workers = 3, .ahead = 2});
  for (const std::int64_t step : {7, 8, 3, 3, 0, 1, 2, 100, 5, 6}) {
    CHECK(equal(loader.batch(step), straight.batch(step)));
  }
  CHECK_THROWS_AS(loader.batch(-1), cag::UsageError);
}

TEST_CASE("Seed, domain and epoch change what a loader gives") {
  const LoaderOptions options{.batch = 9, .seed = 1, .domain = 1, .workers = 0};
  Loader base(Pictures{}, published_like(), options);
  auto other_seed = options;
  other_seed.seed = 2;
  auto other_domain = options;
  other_domain.domain = 2;
  CHECK_FALSE(equal(base.batch(0), Loader(Pictures{}, published_like(), other_seed).batch(0)));
  CHECK_FALSE(equal(base.batch(0), Loader(Pictures{}, published_like(), other_domain).batch(0)));
  CHECK_FALSE(equal(base.batch(0), base.batch(1)));
}

TEST_CASE("An exception in a worker reaches the caller at its step and can be tried again") {
  const auto broken = std::make_shared<std::atomic<bool>>(true);
  Failing data;
  data.before_get = [broken](std::int64_t i) {
    if (i == 4 && *broken) throw cag::DataError("image4.png: damaged PNG");
  };
  Loader loader(data, augment::None(), {.batch = 2, .workers = 3});
  const cag::Sampler sampler(10, 2, 0, 0);
  int failures = 0;
  for (std::int64_t step = 0; step < 5; ++step) {
    const auto draws = sampler.batch(step);
    if (draws[0].index == 4 || draws[1].index == 4) {
      CHECK_THROWS_AS(loader.batch(step), cag::DataError);
      CHECK_THROWS_WITH(loader.batch(step), "image4.png: damaged PNG");
      *broken = false;
      CHECK(loader.batch(step).images.size(0) == 2);
      *broken = true;
      ++failures;
    } else {
      CHECK(loader.batch(step).images.size(0) == 2);
    }
  }
  CHECK(failures == 1);
}

TEST_CASE("An exception that does not name its file gets the name of the sample") {
  for (const int workers : {0, 2}) {
    Failing data;
    data.before_get = [](std::int64_t) { throw std::runtime_error("disk on fire"); };
    Loader standard(data, augment::None(), {.batch = 10, .workers = workers});
    CHECK_THROWS_WITH(standard.batch(0), Contains("image") && Contains(": disk on fire"));
    CHECK_THROWS_AS(standard.batch(0), cag::DataError);
    data.before_get = [](std::int64_t i) { TORCH_CHECK(false, "tensor ", i); };
    Loader torch(data, augment::None(), {.batch = 10, .workers = workers});
    CHECK_THROWS_WITH(torch.batch(0), Contains("image") && Contains(": tensor"));
  }
}

TEST_CASE("Images of different sizes in a batch are refused with a hint") {
  Loader loader(Pictures{}, augment::None(), {.batch = 2});
  CHECK_THROWS_WITH(loader.batch(0), Contains("picture") && Contains("pixels") &&
                                         Contains("add a crop or a resize"));
  CHECK_THROWS_AS(loader.batch(0), cag::DataError);
  Loader single(Pictures{}, augment::None(), {.batch = 1});
  CHECK(single.batch(0).images.size(0) == 1);
}

TEST_CASE("A loader refuses options out of range and data sets below a batch") {
  CHECK_THROWS_WITH((Loader(MemoryPairs{}, augment::None(), {.batch = 11})),
                    Contains("batch of 11, got 10 samples"));
  CHECK_THROWS_AS((Loader(MemoryPairs{}, augment::None(), {.workers = -1})), cag::UsageError);
  CHECK_THROWS_AS((Loader(MemoryPairs{}, augment::None(), {.ahead = -1})), cag::UsageError);
  LoaderOptions bad;
  bad.normalisation.deviation[0] = 0;
  CHECK_THROWS_AS((Loader(MemoryPairs{}, augment::None(), bad)), cag::UsageError);
}

TEST_CASE("A loader reads no further ahead than it may, and nothing before it is asked") {
  const MemoryPairs data{.count = 200};
  Loader loader(data, augment::None(), {.batch = 2, .workers = 3, .ahead = 4});
  CHECK(*data.reads == 0);
  loader.batch(0);
  // The workers go on until 4 batches lie ready, and then rest.
  while (*data.reads < 10) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(*data.reads == 10);
  loader.batch(1);
  while (*data.reads < 12) std::this_thread::yield();
  CHECK(*data.reads == 12);
}

TEST_CASE("A loader ends cleanly while its workers are busy") {
  for (int round = 0; round < 20; ++round) {
    Loader loader(Pictures{}, published_like(), {.batch = 3, .workers = 3});
    if (round % 2) loader.batch(round);
  }
  SUCCEED();
}

TEST_CASE("Workers use one intra-op thread each and leave other threads their number") {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const auto most = std::make_shared<std::atomic<int>>(0);
  Failing data;
  data.before_get = [most](std::int64_t) { *most = std::max(most->load(), at::get_num_threads()); };
  Loader loader(data, augment::None(), {.batch = 2, .workers = 3});
  loader.batch(0);
  CHECK(*most == 1);
  CHECK(at::get_num_threads() == 2);
  int elsewhere = 0;
  std::thread([&] { elsewhere = at::get_num_threads(); }).join();
  CHECK(elsewhere == 2);
  at::set_num_threads(before);
}

TEST_CASE("Ordered gives every sample once, in order, and the rest in a smaller batch") {
  const cag::Ordered ordered(MemoryPairs{}, {}, 4);
  REQUIRE(ordered.size() == 3);
  CHECK(ordered.batch(1).images.sizes() == at::IntArrayRef({4, 3, 4, 6}));
  CHECK(ordered.batch(2).images.sizes() == at::IntArrayRef({2, 3, 4, 6}));
  CHECK(ordered.batch(2).labels[1].eq(0).all().item<bool>());
  CHECK(ordered.names(2) == std::vector<std::string>{"image8", "image9"});
  CHECK_THROWS_WITH(ordered.batch(3), Contains("below 3, got 3"));
  CHECK_THROWS_AS((cag::Ordered(MemoryPairs{}, {}, 0)), cag::UsageError);
  const cag::Ordered target{MemoryImages{}};
  CHECK(target.size() == 10);
  CHECK(target.batch(9).images.sizes() == at::IntArrayRef({1, 3, 4, 6}));
}

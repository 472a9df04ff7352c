#include <cag/score.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include <pthread.h>
#include <catch2/catch.hpp>

#include "maps.hpp"
#include "scorers.hpp"
#include "targets.hpp"

using namespace cag::kernels;
using namespace cag::kernels::test;

#ifndef __SANITIZE_ADDRESS__  // whose frames are larger

namespace {

/// Bytes of its thread's stack that a call writes to.
std::size_t stack_of(const std::function<void()>& call) {
  constexpr std::size_t kSize = 1 << 20;
  constexpr unsigned char kUntouched = 0xA5;
  struct Stack {
    alignas(4096) unsigned char bytes[kSize];
  };
  struct Started {
    const std::function<void()>& call;
    unsigned char* top = nullptr;
  } started{call};
  const auto stack = std::make_unique<Stack>();
  std::memset(stack->bytes, kUntouched, kSize);
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstack(&attributes, stack->bytes, kSize) == 0);
  const auto run = [](void* argument) -> void* {
    auto& own = *static_cast<Started*>(argument);
    own.top = static_cast<unsigned char*>(__builtin_frame_address(0));
    own.call();
    return nullptr;
  };
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, &attributes, run, &started) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  REQUIRE(pthread_attr_destroy(&attributes) == 0);
  return static_cast<std::size_t>(started.top - std::find_if(stack->bytes, started.top, [](auto b) {
                                    return b != kUntouched;
                                  }));
}

}  // namespace

TEST_CASE("cag_scorer_run needs no more stack than its header says") {
  const OnTarget on(GENERATE(from_range(targets())));
  constexpr std::int64_t kWidth = 40, kPixels = 600;
  const auto anchors = GENERATE(2, 19, 24, 47, 1024);
  const auto layout = GENERATE(Layout::kContiguous, Layout::kChannelsLast);
  CAPTURE(anchors, layout);
  auto options = cag_scorer_default_options();
  options.label_type = CAG_SCORER_INT64;
  options.ignore = -1;
  const auto scorer = opened(random_file(anchors, kWidth).bytes(), &options);
  const auto map = random_map(1, kWidth, kPixels);
  std::vector<std::int64_t> label(kPixels);
  std::vector<float> distance(kPixels);
  for (const auto element : {Element::kFloat32, Element::kBFloat16, Element::kFloat16}) {
    const Stored stored(map, layout, element);
    const auto frame =
        (layout == Layout::kContiguous ? cag_scorer_frame_chw : cag_scorer_frame_hwc)(
            stored.view().data, static_cast<std::int32_t>(element), kWidth, 20, 30);
    for (const bool distances : {false, true}) {
      auto maps = cag_scorer_no_maps();
      maps.pixels = kPixels;
      maps.label = label.data();
      maps.distance = distances ? distance.data() : nullptr;
      cag_scorer_status status = -1;
      const auto bytes =
          stack_of([&] { status = cag_scorer_run(scorer.get(), &frame, &maps, nullptr); });
      CHECK(status == CAG_SCORER_OK);
      CHECK(bytes <= 128 << 10);
      CHECK(bytes >= 4 << 10);  // or it was not measured
    }
  }
}

#endif

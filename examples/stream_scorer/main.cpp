// Scores a stream of frames as a vehicle would: one after another, each timed, none allocating.
//
//   stream_scorer [FRAMES [CHANNELS HEIGHT WIDTH CATEGORIES]]
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <cag/score.h>

#include "allocations.hpp"
#include "frames.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kFrames = 16;  // that differ

struct Close {
  void operator()(cag_scorer* scorer) const { cag_scorer_close(scorer); }
};
using Scorer = std::unique_ptr<cag_scorer, Close>;

[[noreturn]] void fail(const char* what, const char* why) {
  std::fprintf(stderr, "stream_scorer: %s: %s\n", what, why);
  std::exit(1);
}

/// A program on a vehicle has cag_scorer_open(path, ...) here.
Scorer make_scorer(const std::vector<float>& vectors, std::int64_t channels) {
  auto anchors = cag_scorer_no_anchors();
  anchors.anchors = std::ssize(vectors) / channels;
  anchors.width = channels;
  anchors.vectors = vectors.data();
  cag_scorer* scorer = nullptr;
  cag_scorer_error error;
  if (cag_scorer_open_anchors(&anchors, nullptr, &scorer, &error) != CAG_SCORER_OK)
    fail("anchors", error.text);
  return Scorer(scorer);
}

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

}  // namespace

int main(int argc, char** argv) {
  // frames, channels, height, width, categories
  std::int64_t sizes[] = {10'000, 64, 45, 60, 11};
  for (int i = 1; i < argc; ++i) {
    char* end = nullptr;
    const auto value = i <= 5 ? std::strtoll(argv[i], &end, 10) : 0;
    if (value < 1 || value > 1'000'000 || *end != '\0')
      fail(argv[i], "usage: stream_scorer [FRAMES [CHANNELS HEIGHT WIDTH CATEGORIES]]");
    sizes[i - 1] = value;
  }
  const auto [count, channels, height, width, categories] = sizes;
  constexpr double kMost = 1e9;  // values, 4 GB
  if (1.0 * kFrames * channels * height * width > kMost || 1.0 * categories * channels > kMost)
    fail("sizes", "expected frames and anchors of at most 4 GB");

  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> anchors(categories * channels);
  for (auto& value : anchors) value = normal(random);
  const auto scorer = make_scorer(anchors, channels);

  const auto pixels = height * width;
  const Frames frames(anchors, channels, pixels, kFrames);
  std::vector<std::uint8_t> category(pixels), abstain(pixels);
  std::vector<float> margin(pixels);
  auto maps = cag_scorer_no_maps();
  maps.pixels = pixels;
  maps.category = category.data();
  maps.abstain = abstain.data();
  maps.margin = margin.data();

  std::vector<Clock::duration> latency(count);
  std::int64_t abstained = 0;
  cag_scorer_error error;
  const auto before = allocations();
  for (std::int64_t n = 0; n < count; ++n) {
    const auto start = Clock::now();
    const auto frame = cag_scorer_frame_chw(frames[n], CAG_SCORER_FLOAT32, channels, height, width);
    if (cag_scorer_run(scorer.get(), &frame, &maps, &error) != CAG_SCORER_OK)
      fail("frame", error.text);
    latency[n] = Clock::now() - start;
    abstained = std::accumulate(abstain.begin(), abstain.end(), abstained);
  }
  const auto allocated = allocations() - before;

  const auto total = std::accumulate(latency.begin(), latency.end(), Clock::duration());
  std::sort(latency.begin(), latency.end());
  std::printf("%" PRId64 " frames of %" PRId64 " x %" PRId64 " x %" PRId64 ", %" PRId64
              " categories: %.0f frames per second\n",
              count, channels, height, width, categories, 1e6 * count / microseconds(total));
  std::printf("latency in microseconds: median %.1f, 99.9th percentile %.1f, worst %.1f\n",
              microseconds(latency[count / 2]), microseconds(latency[count - 1 - count / 1000]),
              microseconds(latency.back()));
  std::printf("%.1f %% of the pixels abstain, %" PRId64 " allocations while scoring\n",
              100.0 * abstained / (count * pixels), allocated);
  if (allocated != 0) fail("allocations", "expected none while scoring");
}

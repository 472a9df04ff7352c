#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "common/guarded.hpp"
#include "common/numbers.hpp"
#include "streets/data_set.hpp"

int main(int argc, char** argv) {
  using common::whole_number;
  constexpr auto kMostSeed = std::numeric_limits<std::int64_t>::max();
  CLI::App app(
      "Draws streets, with what each pixel shows, in the folder layout of a public data set.",
      "streets");
  streets::DataSet data;
  std::string out, style = "simulator", layout = "gta5";
  app.add_option("--out", out, "folder to make")->required();
  app.add_option("--layout", layout, "gta5, synthia or cityscapes")->capture_default_str();
  app.add_option("--style", style, "simulator, overcast or evening")->capture_default_str();
  app.add_option("--images", data.images, "to train on")
      ->capture_default_str()
      ->check(whole_number(1, 99999));
  app.add_option("--validation", data.validation, "more, of the split val")
      ->capture_default_str()
      ->check(whole_number(0, 99999));
  app.add_option("--width", data.size.width, "in pixels")
      ->capture_default_str()
      ->check(whole_number(32, 8192));
  app.add_option("--height", data.size.height, "in pixels")
      ->capture_default_str()
      ->check(whole_number(32, 8192));
  app.add_option("--samples", data.samples, "rays for each pixel, each way")
      ->capture_default_str()
      ->check(whole_number(1, 16));
  app.add_option("--seed", data.seed, "of the scenes")
      ->capture_default_str()
      ->check(whole_number(0, kMostSeed));
  app.add_option("--workers", data.workers, "threads; 0: one for each core")
      ->capture_default_str()
      ->check(whole_number(0, 1024));
  return common::guarded(app, [&] {
    app.parse(argc, argv);
    data.layout = streets::layout_by_name(layout);
    data.style = streets::style_by_name(style);
    data.progress = [](std::int64_t done, std::int64_t count) {
      if (done % 50 != 0 && done != count) return;
      fmt::print("{} of {} images\n", done, count);
      std::fflush(stdout);
    };
    const bool drawn = streets::draw(data, out);
    fmt::print("{} images in the style {}, layout {}: {}{}\n", data.images + data.validation, style,
               layout, out, drawn ? "" : " (there already)");
    return 0;
  });
}

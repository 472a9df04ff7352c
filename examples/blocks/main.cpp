#include <exception>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cag/error.hpp>

#include "blocks/blocks.hpp"

int main(int argc, char** argv) {
  CLI::App app("Draws two small data sets of streets: clean ones with labels, and ones at dusk.");
  blocks::Options options;
  std::string out;
  app.add_option("--out", out, "folder to make")->required();
  app.add_option("--images", options.images, "of each domain")->capture_default_str();
  app.add_option("--width", options.size.width, "in pixels")->capture_default_str();
  app.add_option("--height", options.size.height, "in pixels")->capture_default_str();
  app.add_option("--seed", options.seed, "of the scenes")->capture_default_str();
  try {
    app.parse(argc, argv);
    blocks::generate(options, out);
    fmt::print("{} source and {} target images -> {}\n", options.images, options.images, out);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(cag::Fault::kUsage);
  } catch (const cag::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return static_cast<int>(error.fault());
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

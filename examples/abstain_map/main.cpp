// Draws where a network should not be trusted: for each image of TARGET (Cityscapes' layout) the
// image, its pseudo-labels, hatched where no anchor is clearly the nearest, and by how much it is.
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ATen/CPUGeneratorImpl.h>

#include <cag/cag.hpp>
#include <cag/data/cityscapes.hpp>
#include <cag/data/gta5.hpp>
#include <cag/data/png.hpp>
#include <cag/io/anchor_file.hpp>
#include <cag/io/load_weights.hpp>
#include <cag/io/module_state.hpp>
#include <cag/io/safetensors.hpp>
#include <cag/network/compact.hpp>

#include "picture.hpp"

namespace {

constexpr std::int64_t kBatch = 4;
constexpr std::int64_t kWarmUp = 200;
const std::vector<std::string> kCategories{"road", "sidewalk", "building", "vegetation",
                                           "sky",  "person",   "car"};
const cag::Normalisation kNormalisation{.mean = {0.45, 0.45, 0.45},
                                        .deviation = {0.25, 0.25, 0.25}};

/// A network and the anchors of its features, with the names of their categories.
struct Model {
  cag::Compact network;
  cag::AnchorFile anchors;
};

/// Reads what `train` wrote, or a stage of the programs' runs with a compact network:
/// RUN/networks/stage-N/network.safetensors and RUN/networks/anchors-N+1.safetensors.
Model read(const std::filesystem::path& weights, const std::filesystem::path& anchors) {
  auto named = cag::AnchorFile::load(anchors);
  cag::Compact network(cag::CompactOptions{.categories = std::ssize(named.categories)});
  cag::load_weights(*network, cag::read_safetensors(weights), weights.string());
  named.expect_backbone(*network, anchors.string());
  network->eval();
  return {network, named};
}

/// Trains a small network on the source alone, and writes it and its anchors.
void train(const std::filesystem::path& weights, const std::filesystem::path& anchors,
           const std::filesystem::path& source) {
  const cag::data::Gta5 pairs(source, cag::label_table::gta5().select(kCategories));
  cag::Loader batches(pairs, cag::augment::HorizontalFlip{},
                      {.batch = kBatch, .normalisation = kNormalisation});
  struct {
    decltype(batches)& source;
  } data{batches};
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(1);
  cag::RunState state(cag::Compact(cag::CompactOptions{.categories = std::ssize(kCategories)}));
  cag::StagewiseScheduler(
      cag::stage::WarmUp<>{.iterations = kWarmUp,
                           .optimization = {.learning_rate = 0.05, .max_iterations = kWarmUp + 1}})
      .run(state, data);

  const cag::Ordered ordered(pairs, kNormalisation, kBatch);
  auto network = cag::frozen_copy(state.student);
  cag::norm::Reestimated{}(network, cag::images_of(ordered));
  cag::AnchorBank<cag::Compact> bank(std::ssize(kCategories));
  bank.observe_all(network, ordered);
  cag::write_safetensors(weights, cag::module_state(*network));
  cag::AnchorFile{bank.anchors(), kCategories, cag::backbone_hash(*network)}.save(anchors);
}

std::vector<cag::Colour> colours_of(const std::vector<std::string>& categories) {
  std::vector<cag::Colour> colours;
  for (const auto& category : cag::label_table::cityscapes().select(categories).categories())
    colours.push_back(category.colour);
  return colours;
}

void draw(Model model, const std::filesystem::path& target, const std::filesystem::path& out,
          double margin) {
  const at::NoGradGuard no_grad;
  const cag::data::CityscapesImages images(target, "train");
  const auto colours = colours_of(model.anchors.categories);
  const cag::Ordered batches(images, kNormalisation, kBatch);
  cag::norm::Reestimated{}(model.network, cag::images_of(batches));
  const cag::PseudoLabeler<> labeler({}, {.margin = margin});
  std::filesystem::create_directories(out);

  double active = 0;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const auto image = images.get(i).image;  // [H, W, 3] uint8
    const auto input = kNormalisation(image).unsqueeze(0);
    // Features at the image's size, for a picture; training labels them at their own.
    const auto features = cag::upsample_logits(cag::predict(model.network, input).features,
                                               image.size(0), image.size(1));
    const auto labels = labeler(features, model.anchors.anchors);
    const auto [nearest, category] =
        labeler.distances(features, model.anchors.anchors).topk(2, /*dim=*/1, /*largest=*/false);
    const auto gap = (nearest.select(1, 1) - nearest.select(1, 0)).view_as(labels);
    // White is twice the margin: red and darker is not active.
    cag::png::write_rgb(
        out / (images.name(i) + ".png"),
        row_of({image, labelled(image, labels[0], colours), heat(gap[0], 2 * margin)}));
    active += cag::active_share(labels);
  }
  fmt::print("{} pictures in {}, {:.1f} % of their pixels active\n", images.size(), out.string(),
             100 * active / static_cast<double>(images.size()));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 5 || argc > 7)
      throw cag::UsageError(
          "usage: abstain_map WEIGHTS ANCHORS TARGET OUT [MARGIN, 2.5 without [SOURCE, to train on "
          "where WEIGHTS is not there]]");
    if (argc == 7 && !std::filesystem::exists(argv[1])) train(argv[1], argv[2], argv[6]);
    draw(read(argv[1], argv[2]), argv[3], argv[4], argc > 5 ? std::stod(argv[5]) : 2.5);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

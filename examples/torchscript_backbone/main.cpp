// Adapts a network that Python wrote as TorchScript, and writes it back for Python. SOURCE is a
// folder in GTA5's layout, TARGET one in Cityscapes'.
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
#include <cag/model/scripted.hpp>

namespace {

const std::vector<std::string> kCategories{"road", "sidewalk", "building", "vegetation",
                                           "sky",  "person",   "car"};
constexpr std::int64_t kBatch = 4;
const cag::Normalisation kNormalisation{.mean = {0.45, 0.45, 0.45},
                                        .deviation = {0.25, 0.25, 0.25}};

/// Says after each stage how good the network is on the target.
struct Report {
  const cag::Ordered<cag::data::CityscapesPairs>& validation;

  void on_stage_end(auto& state) const {
    const at::NoGradGuard no_grad;
    cag::Scripted network = cag::frozen_copy(state.student);
    cag::ConfusionMatrix confusion(std::ssize(kCategories));
    for (std::int64_t i = 0; i < validation.size(); ++i) {
      const auto [images, truth] = validation.batch(i);
      const auto logits = cag::predict(network, images).logits;
      confusion.add(truth, cag::upsample_logits(logits, truth.size(1), truth.size(2)).argmax(1));
    }
    fmt::print("stage {}: mIoU {:.1f} %\n", state.stage, 100 * confusion.mean_iou());
  }
};

void adapt(const std::filesystem::path& script, const std::filesystem::path& source_folder,
           const std::filesystem::path& target_folder, const std::filesystem::path& adapted,
           std::int64_t warm_up) {
  // TorchScript is a program, which can do what this one can: its file has to be one that you
  // trust.
  cag::Scripted network = cag::load_script(cag::TrustedProgram{script});

  const cag::data::Gta5 source(source_folder, cag::label_table::gta5().select(kCategories));
  const cag::data::CityscapesImages target(target_folder, "train");
  const cag::data::CityscapesPairs labelled(target_folder, "val",
                                            cag::label_table::cityscapes().select(kCategories));
  const auto options = [](std::string_view domain) {
    return cag::LoaderOptions{
        .batch = kBatch, .domain = cag::purpose(domain), .normalisation = kNormalisation};
  };
  cag::Loader source_batches(source, cag::augment::HorizontalFlip{}, options("source"));
  cag::Loader target_batches(target, cag::augment::HorizontalFlip{}, options("target"));
  const cag::Ordered source_images(source, kNormalisation, kBatch);
  const cag::Ordered target_images(target, kNormalisation, kBatch);
  const cag::Ordered validation(labelled, kNormalisation, kBatch);
  cag::Domains data{source_batches, target_batches, source_images, target_images};

  at::Generator generator = at::detail::getDefaultCPUGenerator();  // of the script's dropout
  generator.set_current_seed(1);
  const auto report = cag::check_backbone(network, source_images.batch(0).images);
  fmt::print("{}", report.text());
  if (!report.ok()) throw cag::UsageError("{}: the network is not a backbone", script.string());

  const cag::StagewiseScheduler scheduler(
      cag::stage::WarmUp<>{.iterations = warm_up,
                           .optimization = {.learning_rate = 0.05, .max_iterations = warm_up + 1}},
      cag::stage::SelfTraining<>{.categories = std::ssize(kCategories),
                                 .iterations = 150,
                                 .optimization = {.learning_rate = 0.03, .max_iterations = 151}});
  cag::RunState state(network);
  scheduler.run(state, data, Report{validation});

  network->eval();
  network->write(adapted);
  fmt::print("for torch.jit.load: {}\n", adapted.string());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 5 || argc > 6)
      throw cag::UsageError(
          "usage: torchscript_backbone NETWORK.pt SOURCE TARGET ADAPTED.pt [ITERATIONS of the "
          "warm-up]");
    adapt(argv[1], argv[2], argv[3], argv[4], argc == 6 ? std::stoll(argv[5]) : 0);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}

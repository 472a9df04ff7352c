#include "pipeline/command_line.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cag/error.hpp>

#include "common/guarded.hpp"
#include "common/numbers.hpp"
#include "pipeline/adapt.hpp"
#include "pipeline/anchors.hpp"
#include "pipeline/check_data.hpp"
#include "pipeline/config.hpp"
#include "pipeline/convert_camvid.hpp"
#include "pipeline/evaluate.hpp"
#include "pipeline/figure.hpp"
#include "pipeline/memory.hpp"
#include "pipeline/predict.hpp"
#include "pipeline/weights.hpp"

namespace pipeline {
namespace {

using common::whole_number;

constexpr const char* kDescription =
    "TOML file that describes the data sets, in place of that of the network's run";

/// An option that was given has a value: what a shell makes of an unset variable is none.
std::string not_empty(const std::string& text) {
  return text.empty() ? "expected a value, got an empty one" : "";
}

/// The options that give a configuration's values by name.
struct ValueOptions {
  Config defaults;
  std::string file{};
  std::vector<std::string> overrides{};

  void add_to(CLI::App& command) {
    command.add_option("--config", file, "TOML file over the defaults");
    command.add_option("--set", overrides, "one value: section.key=value")->take_all();
  }

  Config read() const {
    auto config = file.empty() ? defaults : read_config(file, defaults);
    for (const auto& assignment : overrides) override_value(config, assignment);
    return config;
  }

  bool given() const { return !file.empty() || !overrides.empty(); }
};

/// The options that make the configuration of a run.
struct ConfigOptions {
  ValueOptions values;
  std::string source{}, target{}, device{}, start{};
  std::int64_t seed = -1, threads = -1;

  void add_to(CLI::App& command) {
    values.add_to(command);
    command.add_option("--source", source, "source data set folder");
    command.add_option("--target", target, "target data set folder");
    command.add_option("--device", device, "cpu, cuda or cuda:N");
    command.add_option("--seed", seed, "of weights, sampling and augmentation")
        ->check(whole_number(0, std::int64_t{1} << 62));
    command.add_option("--threads", threads, "of LibTorch; fix it to resume bit-identically")
        ->check(whole_number(0, 1024));
  }

  Config read() const {
    auto config = values.read();
    if (!source.empty()) config.data.source = source;
    if (!target.empty()) config.data.target = target;
    if (!device.empty()) config.run.device = device;
    if (!start.empty()) config.run.start = start;
    if (seed >= 0) config.run.seed = seed;
    if (threads >= 0) config.run.threads = threads;
    for (const auto& [option, path] :
         {std::pair("source", config.data.source), std::pair("target", config.data.target)})
      if (path.empty())
        throw cag::UsageError("data.{}: expected a folder, found none: give --{}", option, option);
    // A run can be resumed from anywhere.
    for (auto* path :
         {&config.data.source, &config.data.target, &config.run.start, &config.network.weights})
      if (!path->empty()) *path = std::filesystem::absolute(*path);
    check(config);
    return config;
  }

  bool given() const {
    return values.given() || !source.empty() || !target.empty() || !device.empty() ||
           !start.empty() || seed >= 0 || threads >= 0;
  }
};

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  retain_memory();
  CLI::App app("Adapts a segmentation network to images that nobody labelled.", program.name);
  app.require_subcommand(0, 1);  // none is refused below: a misspelt one is then named
  int code = 0;

  auto* adapt_command = app.add_subcommand("adapt", "warm-up, then adaptation in stages");
  ConfigOptions adapt_config{.values = {program.defaults}};
  adapt_config.add_to(*adapt_command);
  std::string out, resume;
  adapt_command->add_option("--out", out, "run directory to make");
  adapt_command->add_option("--resume", resume, "run directory to go on with");
  adapt_command->add_option("--from", adapt_config.start,
                            "RUN/networks/stage-N, or a file of weights, in place of the warm-up");
  adapt_command->callback([&] {
    if (resume.empty() == out.empty())
      throw cag::UsageError("adapt: expected either --out RUN or --resume RUN");
    if (!resume.empty() && adapt_config.given())
      throw cag::UsageError("adapt --resume: the run has its own configuration, give no other");
    const AdaptOptions options{.out = resume.empty() ? out : resume, .resume = !resume.empty()};
    code = adapt(program, resume.empty() ? adapt_config.read() : Config{}, options);
  });

  auto* evaluate_command = app.add_subcommand("evaluate", "IoU on labelled target images");
  EvaluateOptions evaluation;
  evaluate_command->add_option("--network", evaluation.network, "RUN/networks/stage-N")->required();
  auto* evaluation_target = evaluate_command->add_option("--target", evaluation.target,
                                                         "target data set folder, with labels");
  if (program.layout->described())
    evaluate_command->add_option("--config", evaluation.config, kDescription);
  else
    evaluation_target->required();
  evaluate_command->add_option("--split", evaluation.split, "split with labels")
      ->capture_default_str();
  evaluate_command->add_option("--statistics", evaluation.statistics_split,
                               "re-estimate batch norm on this split's images");
  evaluate_command->add_option("--batch", evaluation.batch, "images at a time; as in its run")
      ->check(whole_number(1, 4096));
  evaluate_command
      ->add_option("--width", evaluation.width, "input width, with --height; 0: as it is")
      ->check(whole_number(0, 16384));
  evaluate_command
      ->add_option("--height", evaluation.height, "input height, with --width; 0: as it is")
      ->check(whole_number(0, 16384));
  evaluate_command->add_option("--device", evaluation.device, "cpu, cuda or cuda:N");
  evaluate_command->callback([&] { evaluate(program, evaluation); });

  auto* predict_command = app.add_subcommand("predict", "label, colour and overlay pictures");
  PredictOptions prediction;
  predict_command->add_option("--network", prediction.network, "RUN/networks/stage-N")->required();
  predict_command
      ->add_option("--images", prediction.images, "folder of PNG and JPEG images, there or below")
      ->required();
  predict_command
      ->add_option("--out", prediction.out,
                   "folder for the pictures, in place of others of their names")
      ->required();
  predict_command->add_option("--statistics", prediction.statistics,
                              "re-estimate batch norm on the images of this folder");
  predict_command
      ->add_option("--width", prediction.width, "input width, with --height; 0: as it is")
      ->check(whole_number(0, 16384));
  predict_command
      ->add_option("--height", prediction.height, "input height, with --width; 0: as it is")
      ->check(whole_number(0, 16384));
  predict_command->add_option("--device", prediction.device, "cpu, cuda or cuda:N");
  if (program.layout->described())
    predict_command->add_option("--config", prediction.config, kDescription);
  predict_command->callback([&] { predict(program, prediction); });

  auto* figure_command = app.add_subcommand("figure", "one picture of what a run changed");
  FigureOptions figure_options;
  figure_command->add_option("--run", figure_options.run, "run directory of adapt")->required();
  figure_command->add_option("--out", figure_options.out, "PNG file to write")->required();
  figure_command->add_option("--rows", figure_options.rows, "images")
      ->capture_default_str()
      ->check(whole_number(1, 1000));
  figure_command->callback([&] { figure(program, figure_options); });

  auto* check_command = app.add_subcommand("check-data", "pairs, sizes, label values, categories");
  ConfigOptions check_config{.values = {program.defaults}};
  check_config.add_to(*check_command);
  check_command->callback([&] { code = check_data(program, check_config.read()); });

  auto* camvid_command =
      app.add_subcommand("convert-camvid", "the day and dusk folders from the CamVid set");
  std::string camvid, camvid_out;
  camvid_command->add_option("--camvid", camvid, "CamVid in SegNet's layout")->required();
  camvid_command->add_option("--out", camvid_out, "folder to make")->required();
  camvid_command->callback([&] { convert_camvid(camvid, camvid_out); });

  auto* inspect_command = app.add_subcommand("inspect", "names and shapes of a file of weights");
  InspectOptions inspection;
  inspect_command
      ->add_option("file", inspection.file,
                   "safetensors, what torch.save wrote, or RUN/networks/stage-N")
      ->required();
  inspect_command->add_option("--key", inspection.key,
                              "of the group in a file of torch.save, as in model.state_dict");
  inspect_command->add_option("--against", inspection.against, "another one, to show what differs");
  inspect_command->callback([&] { code = inspect(inspection); });

  auto* anchors_command = app.add_subcommand("anchors", "look at anchor files, or merge them");
  anchors_command->require_subcommand(1);
  std::string anchors_file, anchors_other, anchors_out;
  std::vector<std::string> anchors_parts;
  auto* inspect_anchors_command =
      anchors_command->add_subcommand("inspect", "counts, spread, nearest other anchor");
  inspect_anchors_command
      ->add_option("file", anchors_file, "such as RUN/networks/anchors-1.safetensors")
      ->required();
  inspect_anchors_command->callback([&] { inspect_anchors(anchors_file); });
  auto* diff_anchors_command =
      anchors_command->add_subcommand("diff", "how far the anchors of two files are apart");
  diff_anchors_command->add_option("first", anchors_file)->required();
  diff_anchors_command->add_option("second", anchors_other)->required();
  diff_anchors_command->callback([&] { diff_anchors(anchors_file, anchors_other); });
  auto* merge_anchors_command = anchors_command->add_subcommand(
      "merge", "one file of those of several parts of a source, of one network");
  merge_anchors_command->add_option("files", anchors_parts)->required();
  merge_anchors_command->add_option("--out", anchors_out, "file to make")->required();
  merge_anchors_command->callback([&] { merge_anchors(anchors_parts, anchors_out); });

  auto* convert_command = app.add_subcommand("convert", "a file of weights into another format");
  std::string convert_file, convert_key, convert_out;
  ValueOptions convert_values{.defaults = program.defaults};
  convert_values.add_to(*convert_command);
  convert_command->add_option("file", convert_file, "as for inspect")->required();
  convert_command
      ->add_option("out", convert_out,
                   ".safetensors, .pth, .pt or .pkl; without an end: the folder of a network")
      ->required();
  convert_command->add_option("--key", convert_key, "as for inspect");
  convert_command->callback([&] {
    const auto config = convert_values.read();
    check(config);
    if (!std::filesystem::path(convert_out).has_extension()) program.layout->check(config);
    if (convert_values.given() && std::filesystem::path(convert_out).has_extension())
      throw cag::UsageError(
          "convert: --config and --set are of the folder of a network, a name without an end; got "
          "{}",
          convert_out);
    convert(convert_file, convert_key, config, convert_out);
  });

  const auto any = [](const auto*) { return true; };
  auto commands = app.get_subcommands(any);
  for (auto* command : anchors_command->get_subcommands(any)) commands.push_back(command);
  for (auto* command : commands)
    for (auto* option : command->get_options(any)) option->check(not_empty);

  return common::guarded(app, [&] {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("A subcommand");
    return code;
  });
}

}  // namespace pipeline

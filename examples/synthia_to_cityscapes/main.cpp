#include <filesystem>
#include <memory>

#include <cag/data/label_tables.hpp>
#include <cag/data/synthia.hpp>

#include "pipeline/cityscapes_target.hpp"
#include "pipeline/command_line.hpp"

int main(int argc, char** argv) {
  pipeline::Config defaults;
  defaults.data.categories = cag::label_table::synthia_16();
  defaults.augmentation.source_width = 1280;
  defaults.augmentation.source_height = 760;
  const pipeline::Program program{
      .name = "synthia_to_cityscapes",
      .layout = std::make_shared<pipeline::CityscapesTarget>(
          cag::label_table::synthia(),
          [](const std::filesystem::path& root, const cag::LabelTable& table) {
            return pipeline::Labelled(cag::data::Synthia(root, table));
          }),
      .defaults = defaults,
      .subsets = {{"16", cag::label_table::synthia_16()}, {"13", cag::label_table::synthia_13()}},
  };
  return pipeline::run_program(program, argc, argv);
}

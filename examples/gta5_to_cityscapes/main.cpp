#include <filesystem>
#include <memory>

#include <cag/data/gta5.hpp>
#include <cag/data/label_tables.hpp>

#include "pipeline/cityscapes_target.hpp"
#include "pipeline/command_line.hpp"

int main(int argc, char** argv) {
  const pipeline::Program program{
      .name = "gta5_to_cityscapes",
      .layout = std::make_shared<pipeline::CityscapesTarget>(
          cag::label_table::gta5(),
          [](const std::filesystem::path& root, const cag::LabelTable& table) {
            return pipeline::Labelled(cag::data::Gta5(root, table));
          }),
  };
  return pipeline::run_program(program, argc, argv);
}

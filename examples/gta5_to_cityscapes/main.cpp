#include <cag/data/gta5.hpp>
#include <cag/data/label_tables.hpp>

#include "pipeline/command_line.hpp"

int main(int argc, char** argv) {
  const pipeline::Program program{
      .name = "gta5_to_cityscapes",
      .source_table = cag::label_table::gta5(),
      .open_source =
          [](const std::filesystem::path& root, const cag::LabelTable& table) {
            return pipeline::Labelled(cag::data::Gta5(root, table));
          },
  };
  return pipeline::run_program(program, argc, argv);
}

#include <memory>

#include "pipeline/command_line.hpp"
#include "pipeline/described_folders.hpp"

int main(int argc, char** argv) {
  const pipeline::Program program{
      .name = "adapt_folders",
      .layout = std::make_shared<pipeline::DescribedFolders>(),
  };
  return pipeline::run_program(program, argc, argv);
}

#include "program.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

namespace bench {

int program(int argc, char** argv, const std::function<void(const Options&, const Case&)>& run) {
  Options options;
  CLI::App app(
      "Times an operator of cag::kernels beside what does the same: a line of JSON a case.");
  app.add_option("--sizes", options.sizes)->check(CLI::IsMember({"A", "B", "C"}));
  app.add_option("--layouts", options.layouts)
      ->check(CLI::IsMember({"contiguous", "channels_last"}));
  app.add_option("--elements", options.elements)->check(CLI::IsMember({"float32", "bfloat16"}));
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber);
  app.add_option("--patience", options.patience, "seconds; who is slower sits rounds out")
      ->check(CLI::PositiveNumber);
  app.add_option("--anchors", options.anchors, "[19, 256] float32")->check(CLI::ExistingFile);
  app.add_option("--python", options.python, "runs the child processes");
  app.add_option("--script", options.script, "child.py")->check(CLI::ExistingFile);
  app.add_option("--children", options.children)->check(CLI::IsMember({"faiss", "inductor"}));
  app.add_option("--folder", options.folder, "for temporary files")->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);

  // A child process that has ended is found by its answer that does not come.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<Case> sizes{{"A", 256, 128, 256, 19, {}, {}},
                                {"B", 256, 256, 512, 19, {}, {}},
                                {"C", 64, 45, 60, 11, {}, {}}};
  const auto wanted = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  try {
    for (const auto threads : options.threads)
      for (const std::string element : {"float32", "bfloat16"})
        for (const std::string layout : {"contiguous", "channels_last"})
          for (auto size : sizes) {
            if (!wanted(options.sizes, size.size) || !wanted(options.layouts, layout) ||
                !wanted(options.elements, element))
              continue;
            size.layout = layout;
            size.element = element;
            size.threads = threads;
            run(options, size);
          }
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace bench

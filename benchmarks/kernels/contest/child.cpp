#include "child.hpp"

#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace bench {

Child::Child(const Options& options, std::string package)
    : package_(std::move(package)), folder_(options.folder) {
  int to[2], from[2];
  // Not for the next child: it would keep this one's pipe open.
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe to a child process");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  auto python = options.python, script = options.script;
  char* arguments[] = {python.data(), script.data(), package_.data(), nullptr};
  const int failed = posix_spawnp(&process_, python.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  to_ = fdopen(to[1], "w");
  from_ = fdopen(from[0], "r");
  if (failed != 0) {
    process_ = -1;
    throw std::runtime_error("could not run " + python);
  }
}

Child::~Child() {
  if (to_ != nullptr) std::fclose(to_);
  if (from_ != nullptr) std::fclose(from_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
}

std::string Child::ask(const std::string& line) {
  std::fprintf(to_, "%s\n", line.c_str());
  std::fflush(to_);
  std::string answer;
  int next = 0;
  while ((next = std::fgetc(from_)) != EOF && next != '\n')
    answer.push_back(static_cast<char>(next));
  if (next == EOF) throw std::runtime_error("the child process of " + package_ + " broke off");
  return answer;
}

void Child::prepare(const std::string& program, const Case& now) {
  const nlohmann::json line{{"do", "prepare"},          {"operator", program},
                            {"channels", now.channels}, {"height", now.height},
                            {"width", now.width},       {"categories", now.categories},
                            {"layout", now.layout},     {"element", now.element},
                            {"threads", now.threads},   {"folder", folder_}};
  const auto answer = nlohmann::json::parse(ask(line.dump()));
  answer.at("versions").get_to(versions_);
  answer.at("forms").get_to(forms_);
}

Seconds Child::repeat(const std::string& form) {
  const nlohmann::json line{{"do", "repeat"}, {"form", form}};
  const auto answer = nlohmann::json::parse(ask(line.dump()));
  return {answer.at("cpu").get<double>(), answer.at("wall").get<double>()};
}

void Child::save(const std::string& form, const std::string& path) {
  ask(nlohmann::json{{"do", "save"}, {"form", form}, {"path", path}}.dump());
}

}  // namespace bench

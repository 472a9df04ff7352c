#include "program.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace cag::test {
namespace {

/// In the child of a fork: nothing here may allocate.
[[noreturn]] void become(const char* path, char* const* arguments, const char* output,
                         const char* errors, std::uint64_t largest_file) {
  const int out = ::open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = ::open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out < 0 || err < 0 || ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0)
    ::_exit(126);
  if (largest_file > 0) {
    const rlimit limit{largest_file, largest_file};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
  }
  ::execv(path, arguments);
  ::_exit(127);
}

}  // namespace

/// CAG_PROGRAMS has the paths of all of them, each of a file named as its target.
std::string Program::path_of(std::string_view name) {
  std::istringstream paths(CAG_PROGRAMS);
  for (std::string path; std::getline(paths, path, '|');)
    if (std::filesystem::path(path).filename() == name) return path;
  throw std::runtime_error("no such program: " + std::string(name));
}

Program::Program(std::string_view name, const Arguments& arguments, std::uint64_t largest_file) {
  const auto path = path_of(name);
  std::vector<char*> pointers{const_cast<char*>(path.c_str())};
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const auto output = (folder_ / "output").string(), errors = (folder_ / "errors").string();
  ::setenv("OMP_NUM_THREADS", "1", /*overwrite=*/1);
  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("cannot fork");
  if (id_ == 0) become(path.c_str(), pointers.data(), output.c_str(), errors.c_str(), largest_file);
}

Program::~Program() {
  if (ended_) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, &status_, 0);
}

void Program::send(int signal) const {
  if (::kill(id_, signal) != 0) throw std::runtime_error("cannot send a signal");
}

bool Program::ended() {
  if (!ended_) ended_ = ::waitpid(id_, &status_, WNOHANG) == id_;
  return ended_;
}

bool Program::runs_until(const std::function<bool()>& condition) {
  using Clock = std::chrono::steady_clock;
  for (const auto began = Clock::now(); Clock::now() - began < std::chrono::minutes(2);) {
    if (condition()) return !ended();
    if (ended()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

Ended Program::wait() {
  if (!ended_ && ::waitpid(id_, &status_, 0) != id_) throw std::runtime_error("cannot wait");
  ended_ = true;
  const int code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  return {code, read_file(folder_ / "output"), read_file(folder_ / "errors")};
}

}  // namespace cag::test

#include "pipeline/interruption.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

namespace pipeline {
namespace {

volatile std::sig_atomic_t received = 0;
struct sigaction earlier_interrupt, earlier_terminate;

constexpr std::string_view kAnswer =
    "\nstopping after the next step; a second signal ends at once, and resuming then goes on from "
    "the last checkpoint\n";

extern "C" void ask_to_stop(int signal) {
  const int before = errno;
  received = signal;
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  // Of what prints, a signal handler may call nothing else; where it fails nothing is lost.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kAnswer.data(), kAnswer.size());
  errno = before;
}

}  // namespace

Interruption::Interruption() {
  received = 0;
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &earlier_interrupt);
  sigaction(SIGTERM, &action, &earlier_terminate);
}

Interruption::~Interruption() {
  sigaction(SIGINT, &earlier_interrupt, nullptr);
  sigaction(SIGTERM, &earlier_terminate, nullptr);
}

int Interruption::signal() const { return received; }

}  // namespace pipeline

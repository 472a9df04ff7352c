#pragma once

namespace pipeline {

/// From its making on, the first SIGINT or SIGTERM only asks to stop; a second one ends the process
/// at once. The earlier handlers come back at its end.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// The signal that asked to stop, 0 if none did.
  int signal() const;
};

}  // namespace pipeline

#pragma once

#include <cstdint>
#include <cstdlib>

#include <cag/error.hpp>
#include <cag/model/scripted.hpp>

/// The TorchScript file that the variable NETWORK of the environment names: scripted.py made it.
inline cag::Scripted make_network(std::int64_t) {
  const auto* path = std::getenv("NETWORK");
  if (path == nullptr) throw cag::UsageError("NETWORK: expected a TorchScript file, got none");
  return cag::load_script(cag::TrustedProgram{path});
}

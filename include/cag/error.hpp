#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace cag {

/// What kind of thing went wrong. The values are the exit codes of the programs.
enum class Fault : int {
  kUsage = 2,       ///< a configuration value or command line
  kData = 3,        ///< an image, a label, a data set folder
  kCheckpoint = 4,  ///< a checkpoint, an anchor file, weights
  kNumerical = 5,   ///< a value that is not finite
  kIo = 6,          ///< the operating system refused a read, a write or memory
};

/// Base of everything cag throws about data, files and configuration. Wrong tensors (shape, dtype)
/// throw LibTorch's own c10::Error, as LibTorch does.
///
/// A message names the thing, what was expected, and what was found.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}

  /// What kind it is: the exit code of the programs.
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

/// An Error of one kind, so that each kind can be caught by type:
/// `throw DataError("{}: expected {} channels, got {}", path, 3, n)`.
template <Fault kFault>
class ErrorOf : public Error {
 public:
  template <typename... Args>
  explicit ErrorOf(fmt::format_string<Args...> format, Args&&... args)
      : Error(kFault, fmt::format(format, std::forward<Args>(args)...)) {}
};

/// A configuration value or an argument out of range.
using UsageError = ErrorOf<Fault::kUsage>;
/// An image, a label or a data set folder that cannot be used.
using DataError = ErrorOf<Fault::kData>;
/// A checkpoint, anchors or weights that are damaged or do not fit.
using CheckpointError = ErrorOf<Fault::kCheckpoint>;
/// A value that is not finite.
using NumericalError = ErrorOf<Fault::kNumerical>;
/// What the operating system refused.
using IoError = ErrorOf<Fault::kIo>;

}  // namespace cag

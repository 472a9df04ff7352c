#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <c10/core/Device.h>

#include <cag/data/normalisation.hpp>
#include <cag/error.hpp>

namespace cag {

/// How a Predictor looks at an image.
struct PredictorOptions {
  Normalisation normalisation{};    ///< that of the training
  std::int64_t window_height = 0;   ///< of the pieces that the network sees; 0: whole images
  std::int64_t window_width = 0;    ///< likewise
  double overlap = 0.25;            ///< of neighbouring windows, as a share of their side
  std::vector<double> scales{1.0};  ///< of the image; several are averaged
  bool flip = false;                ///< averages with the mirrored image
  c10::Device device{c10::kCPU};    ///< where the network is

  /// @throws UsageError naming the first option out of range
  void check() const {
    normalisation.check();
    if (window_height < 0 || window_width < 0 || (window_height == 0) != (window_width == 0))
      throw UsageError("window: expected both sides above 0, or none, got {} x {}", window_height,
                       window_width);
    if (!(overlap >= 0 && overlap < 1))
      throw UsageError("overlap: expected 0 <= overlap < 1, got {}", overlap);
    if (scales.empty()) throw UsageError("scales: expected at least one, got none");
    for (const auto scale : scales)
      if (!(scale > 0) || !std::isfinite(scale))
        throw UsageError("scales: expected finite numbers above 0, got {}", scale);
  }
};

}  // namespace cag

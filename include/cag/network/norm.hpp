#pragma once

#include <cstdint>

namespace cag {

/// How a network normalises between its layers.
enum class Norm : std::uint8_t {
  kBatch,        ///< batch norm, by the batch in training
  kFrozenBatch,  ///< batch norm that keeps the statistics, scale and shift it has: for weights
                 ///< trained elsewhere, and batches of one
  kGroup,        ///< group norm over 16 groups of channels: independent of the batch
};

}  // namespace cag

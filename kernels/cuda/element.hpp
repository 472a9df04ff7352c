#pragma once

#include <cag/kernels/feature_map.hpp>

#include "block.hpp"

namespace cag::kernels::cuda {

/// Calls with something that reads elements of the map: float operator()(int64_t offset).
template <typename Block, typename Call>
CAG_KERNELS_DEVICE void with_reader(const Block& block, const FeatureMap& map, Call&& call) {
  switch (map.element) {
    case Element::kFloat32:
      return call(
          [data = static_cast<const float*>(map.data)](std::int64_t at) { return data[at]; });
    case Element::kBFloat16:
      return call([data = static_cast<const std::uint16_t*>(map.data)](std::int64_t at) {
        return float_of(std::uint32_t{data[at]} << 16);
      });
    case Element::kFloat16:
      return call([data = static_cast<const std::uint16_t*>(map.data), block](std::int64_t at) {
        return block.from_float16(data[at]);
      });
  }
}

}  // namespace cag::kernels::cuda

// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_RUNS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_RUNS_INL
#undef CAG_KERNELS_CPU_RUNS_INL
#else
#define CAG_KERNELS_CPU_RUNS_INL
#endif

#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

/// Whether kLanes pixels have one class.
inline HWY_ATTR bool uniform(const std::uint8_t* classes) {
  if constexpr (kLanes >= 8) {
    for (std::int64_t i = 0; i < kLanes; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, classes + i, 8);
      if (eight != classes[0] * std::uint64_t{0x0101010101010101}) return false;
    }
    return true;
  }
  for (std::int64_t i = 1; i < kLanes; ++i)
    if (classes[i] != classes[0]) return false;
  return true;
}

/// Vectors of pixels that follow each other and have one class, or one of several.
struct Run {
  static constexpr std::int16_t kMixed = -1;

  std::int16_t category;
  std::uint16_t begin;  ///< in vectors
  std::uint16_t end;
};

/// @param runs  room for as many as there are vectors
/// @return how many there are
inline HWY_ATTR std::int64_t find_runs(const std::uint8_t* classes, std::int64_t vectors,
                                       Run* runs) {
  std::int64_t size = 0;
  for (std::int64_t v = 0; v < vectors; ++v, classes += kLanes) {
    const auto category = uniform(classes) ? std::int16_t{classes[0]} : Run::kMixed;
    if (size > 0 && runs[size - 1].category == category) {
      ++runs[size - 1].end;
    } else {
      runs[size++] = {category, static_cast<std::uint16_t>(v), static_cast<std::uint16_t>(v + 1)};
    }
  }
  return size;
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

// Included once for each instruction set, after hwy/highway.h: no include guard of the usual kind.
#if defined(CAG_KERNELS_CPU_EXP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef CAG_KERNELS_CPU_EXP_INL
#undef CAG_KERNELS_CPU_EXP_INL
#else
#define CAG_KERNELS_CPU_EXP_INL
#endif

#include <hwy/highway.h>

#include "cpu/lanes-inl.hpp"
#include "cpu/pack-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace cag::kernels::HWY_NAMESPACE {

/// exp(x) of x <= 0, to a rounding or two, in half the instructions of Highway's, which takes any
/// x. Below -87 it is exp(-87), 2e-38.
inline HWY_ATTR FloatVector exp_of_negative(FloatVector x) {
  x = hn::Max(x, hn::Set(kFloats, -87.0F));
  // x = n log 2 + r with |r| <= log 2 / 2: n is rounded by the addition, and stands in the last
  // bits.
  const auto shift = hn::Set(kFloats, 0x1.8p23F);
  const auto shifted = hn::MulAdd(x, hn::Set(kFloats, 0x1.715476p0F), shift);
  const auto n = hn::Sub(shifted, shift);
  const auto r = hn::NegMulAdd(n, hn::Set(kFloats, -0x1.bd0106p-13F),
                               hn::NegMulAdd(n, hn::Set(kFloats, 0x1.63p-1F), x));
  // The polynomial of Cephes' expf.
  auto p = hn::Set(kFloats, 1.9875691500e-4F);
  p = hn::MulAdd(p, r, hn::Set(kFloats, 1.3981999507e-3F));
  p = hn::MulAdd(p, r, hn::Set(kFloats, 8.3334519073e-3F));
  p = hn::MulAdd(p, r, hn::Set(kFloats, 4.1665795894e-2F));
  p = hn::MulAdd(p, r, hn::Set(kFloats, 1.6666665459e-1F));
  p = hn::MulAdd(p, r, hn::Set(kFloats, 5.0000001201e-1F));
  p = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(kFloats, 1.0F)));
  const auto power = hn::ShiftLeft<23>(hn::BitCast(kIntegers, shifted));
  return hn::BitCast(kFloats, hn::Add(hn::BitCast(kIntegers, p), power));
}

}  // namespace cag::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

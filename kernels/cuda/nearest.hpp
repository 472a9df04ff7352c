#pragma once

#include "block.hpp"

namespace cag::kernels::cuda {

/// The nearest of the anchors that a pixel was compared with, and the nearest of another category,
/// by squared distances. Of equally near categories the one that came first is the nearest.
struct Nearest {
  float best;
  float second;
  int category;
};

CAG_KERNELS_DEVICE Nearest nothing_near() { return {HUGE_VALF, HUGE_VALF, -1}; }

/// Nothing is nearer than what is not a number.
CAG_KERNELS_DEVICE Nearest not_a_number() { return {NAN, NAN, -1}; }

CAG_KERNELS_DEVICE void add_anchor(Nearest& found, float squared, int category) {
  if (category == found.category) {
    found.best = squared < found.best ? squared : found.best;
  } else if (squared < found.best) {
    found.second = found.best;
    found.best = squared;
    found.category = category;
  } else {
    found.second = squared < found.second ? squared : found.second;
  }
}

/// As if the anchors of `later` had been among those of `found`, where the lower category comes
/// first.
CAG_KERNELS_DEVICE void add_nearest(Nearest& found, const Nearest& later) {
  const bool same = later.category == found.category;
  const bool nearer = later.best < found.best || (later.best == found.best && later.category >= 0 &&
                                                  later.category < found.category);
  // Of either side the nearest that is not of the winner's category.
  const float ours = nearer && !same ? found.best : found.second;
  const float theirs = nearer || same ? later.second : later.best;
  found.second = theirs < ours ? theirs : ours;
  if (nearer) {
    found.best = later.best;
    found.category = later.category;
  }
}

}  // namespace cag::kernels::cuda

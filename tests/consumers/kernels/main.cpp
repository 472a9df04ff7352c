#include <cstdint>

#include <cag/score.h>
#include <cag/kernels/assign.hpp>

// Distances to 0 and 10: 1 9 | 9 1.
int main() {
  const float anchors[] = {0, 10}, features[] = {1, 9};
  const std::int64_t category[] = {0, 1};
  const cag::kernels::AnchorTable table(anchors, category, 2, 1);
  std::int64_t label[2] = {};
  cag::kernels::assign(
      {.data = features, .images = 1, .channels = 1, .pixels = 2, .channel_stride = 2}, table, {},
      {.label = label});
  return label[0] == 0 && label[1] == 1 && cag_scorer_abi() == CAG_SCORER_ABI ? 0 : 1;
}

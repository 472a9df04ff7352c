// The least that shows that the library is there, compiles and runs: three pixels get labels.

#include <cag/label/pseudo_labeler.hpp>

#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <cstdio>

int main() {
  const cag::Anchors anchors{.vectors = at::eye(2, at::kDouble).mul(10),
                             .counts = at::ones({2}, at::kLong)};
  // At the first anchor, at the second, and in the middle, where the margin leaves it unlabelled.
  const at::Tensor features = at::tensor({10.F, 0.F, 5.F, 0.F, 10.F, 5.F}).view({1, 2, 1, 3});
  const at::Tensor labels = cag::PseudoLabeler<>()(features, anchors).flatten();
  const auto expected = at::tensor({std::int64_t{0}, std::int64_t{1}, cag::kIgnoreIndex});
  if (!labels.equal(expected)) {
    std::puts("expected labels 0, 1 and none");
    return 1;
  }
  std::puts("OK");
}

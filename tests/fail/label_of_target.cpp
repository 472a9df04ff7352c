// expect: UnlabelledSample.* has no member named .label
#include <cag/data/sample.hpp>

at::Tensor truth(const cag::UnlabelledSample& sample) { return sample.label; }

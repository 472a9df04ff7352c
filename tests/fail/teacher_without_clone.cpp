// expect: derives from torch::nn::Cloneable
#include <cag/model/frozen_copy.hpp>

struct Network : torch::nn::Module {};

std::shared_ptr<Network> teacher(const std::shared_ptr<Network>& student) {
  return cag::frozen_copy(student);
}

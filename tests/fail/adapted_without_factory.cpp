// expect: give any other a factory: adapt\(module, forward
#include <cag/model/adapted.hpp>

struct Network : torch::nn::Module {};

auto backbone(const std::shared_ptr<Network>& network) {
  return cag::adapt(network,
                    [](auto&, const at::Tensor& images) { return std::pair(images, images); });
}

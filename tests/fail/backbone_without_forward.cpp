// expect: forward\(net, images\)
#include <cag/anchor/anchor_bank.hpp>

struct Network {
  cag::Prediction run(const at::Tensor& images);
};

cag::AnchorBank<Network> bank(19);

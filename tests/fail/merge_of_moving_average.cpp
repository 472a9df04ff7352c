// expect: mean_of
#include <cag/anchor/anchor_bank.hpp>
#include <cag/anchor/moving_average.hpp>

struct Network {
  cag::Prediction forward(const at::Tensor& images);
};

void merge(cag::AnchorBank<Network, cag::anchor::MovingAverage>& bank) { bank.merge(bank); }

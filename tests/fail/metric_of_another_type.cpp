// expect: metric\(features, anchors\)
#include <cag/label/pseudo_labeler.hpp>

struct Mean {
  static constexpr std::string_view kName = "mean";
  double operator()(const at::Tensor& features, const at::Tensor& anchors) const;
};

cag::PseudoLabeler<Mean> labeler;

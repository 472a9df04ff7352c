// expect: kReadsDistances
#include <cag/label/pseudo_labeler.hpp>

struct Nearest {
  static constexpr std::string_view kName = "nearest";
  static constexpr bool kReadsLogits = false;
  at::Tensor operator()(const cag::Evidence& evidence) const;
};

cag::PseudoLabeler<cag::metric::Euclidean, Nearest> labeler;

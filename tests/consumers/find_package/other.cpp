#include <cag/error.hpp>
#include <cag/model/prediction.hpp>

cag::Prediction predict() { return {}; }

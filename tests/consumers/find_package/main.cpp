#include <cag/error.hpp>
#include <cag/model/prediction.hpp>

#include <cstdio>

cag::Prediction predict();

int main() {
  const cag::Prediction prediction = predict();
  if (prediction.features.defined()) throw cag::DataError("expected no features");
  std::puts("OK");
}

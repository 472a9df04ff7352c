// expect: AdaptationData
#include <cag/network/compact.hpp>
#include <cag/stage/self_training.hpp>

struct Labelled {
  cag::LabelledBatch batch(std::int64_t number);
  std::int64_t size() const;
};

// The oracle's data: adaptation must not get the truth of the target.
struct Data {
  Labelled source, target, clean_source, clean_target;
};

void prepare(cag::RunState<cag::Compact>& state, Data& data) {
  cag::stage::SelfTraining<>{}.begin(state, data);
}

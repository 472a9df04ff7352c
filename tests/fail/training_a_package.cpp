// expect: a package has no parameters: train the network
#include <cag/model/packaged.hpp>
#include <cag/stage/run_state.hpp>

cag::RunState<cag::Packaged> state_of(const cag::Packaged& package) { return {package}; }

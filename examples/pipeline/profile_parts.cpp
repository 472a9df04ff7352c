#include "pipeline/profile_parts.hpp"

#include <cag/label/fused_probability.hpp>
#include <cag/profile/fused.hpp>

#include "pipeline/device.hpp"
#include "pipeline/profile_parts_of.hpp"

namespace pipeline {
namespace {

struct CpuOperators {
  template <cag::Profile P>
  using Profile = cag::profile::Fused<P>;
  using Probability = cag::label::FusedProbability;
};

}  // namespace

ProfileParts cpu_parts() { return profile_parts_of<CpuOperators>(); }

ProfileParts parts_for(const Config& config) {
  return device_of(config.run.device).is_cuda() ? cuda_parts() : cpu_parts();
}

}  // namespace pipeline

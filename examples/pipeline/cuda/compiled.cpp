#include <cag/label/fused_cuda_probability.hpp>
#include <cag/profile/fused_cuda.hpp>

#include "pipeline/profile_parts.hpp"
#include "pipeline/profile_parts_of.hpp"

namespace pipeline {
namespace {

struct CudaOperators {
  template <cag::Profile P>
  using Profile = cag::profile::FusedCuda<P>;
  using Probability = cag::label::FusedCudaProbability;
};

}  // namespace

ProfileParts cuda_parts() { return profile_parts_of<CudaOperators>(); }

}  // namespace pipeline

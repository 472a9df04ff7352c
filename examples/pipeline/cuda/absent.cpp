#include "pipeline/profile_parts.hpp"

namespace pipeline {

ProfileParts cuda_parts() { return cpu_parts(); }

}  // namespace pipeline

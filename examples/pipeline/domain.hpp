#pragma once

namespace pipeline {

enum class Domain { kSource, kTarget };

}  // namespace pipeline

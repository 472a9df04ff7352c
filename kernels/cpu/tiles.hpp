#pragma once

namespace cag::kernels::cpu {

/// Whether the processor has tile registers that multiply bfloat16 (AMX).
bool has_tiles() noexcept;

/// Whether it has, and this process the permission to use them.
bool may_use_tiles() noexcept;

}  // namespace cag::kernels::cpu

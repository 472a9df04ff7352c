#pragma once

namespace cag::kernels {

/// Asks the system to let this process use the processor's tile registers (AMX), with which
/// `assign` labels pixels faster where no distance is asked for. The operators take them wherever
/// the process has the permission, which lasts until it ends; LibTorch asks for it with its first
/// matrix product. A stack for signals has to hold 11 KB more from then on, which is why the
/// operators do not ask by themselves.
/// @return whether it may: false without such a processor, or on other systems than Linux
bool ask_for_tiles() noexcept;

}  // namespace cag::kernels

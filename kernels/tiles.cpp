#include <cag/kernels/tiles.hpp>

#include <atomic>
#include <cstdint>

#include "cpu/tiles.hpp"

#if defined(__linux__) && defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace cag::kernels {

#if defined(__linux__) && defined(__x86_64__)

namespace {

// arch_prctl(2).
constexpr int kGetPermissions = 0x1022, kAskForPermission = 0x1023, kTileData = 18;

bool find_tiles() noexcept {
  constexpr unsigned kBFloat16 = 1U << 22, kTiles = 1U << 24;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kBFloat16) != 0 && (d & kTiles) != 0;
}

}  // namespace

bool cpu::has_tiles() noexcept {
  static const bool kFound = find_tiles();
  return kFound;
}

bool cpu::may_use_tiles() noexcept {
  static std::atomic<bool> permitted{false};
  if (!has_tiles()) return false;
  if (permitted.load(std::memory_order_relaxed)) return true;
  std::uint64_t permissions = 0;
  if (syscall(SYS_arch_prctl, kGetPermissions, &permissions) != 0) return false;
  const bool may = (permissions >> kTileData & 1) != 0;
  permitted.store(may, std::memory_order_relaxed);
  return may;
}

bool ask_for_tiles() noexcept {
  return cpu::has_tiles() && syscall(SYS_arch_prctl, kAskForPermission, kTileData) == 0;
}

#else

bool cpu::has_tiles() noexcept { return false; }
bool cpu::may_use_tiles() noexcept { return false; }
bool ask_for_tiles() noexcept { return false; }

#endif

}  // namespace cag::kernels

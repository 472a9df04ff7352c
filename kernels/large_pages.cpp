#include <cag/kernels/large_pages.hpp>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace cag::kernels {

void ask_for_large_pages([[maybe_unused]] void* memory,
                         [[maybe_unused]] std::int64_t bytes) noexcept {
#ifdef __linux__
  constexpr std::uintptr_t kLarge = std::uintptr_t{1} << 21;
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  const auto begin = (address + kLarge - 1) & ~(kLarge - 1);
  const auto end = (address + static_cast<std::uintptr_t>(bytes)) & ~(kLarge - 1);
  if (bytes > 0 && begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

}  // namespace cag::kernels

#include "allocations.hpp"

#include <atomic>
#include <cstddef>

namespace {

std::atomic<std::int64_t> count = 0;

}  // namespace

namespace cag::kernels::test {

std::int64_t allocations() { return count; }

}  // namespace cag::kernels::test

#ifdef __SANITIZE_ADDRESS__

// AddressSanitizer has the allocator, and a hook in it.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*,
                                                                  std::size_t),
                                                         void (*)(const volatile void*));

namespace {

[[maybe_unused]] const int kInstalled = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++count; }, [](const volatile void*) {});

}  // namespace

#else

// glibc's functions by their other names; those that a program defines take the place of the
// library's, for every library of the process.
extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
  ++count;
  return __libc_calloc(number, size);
}

void* realloc(void* at, std::size_t size) {
  ++count;
  return __libc_realloc(at, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++count;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** at, std::size_t alignment, std::size_t size) {
  ++count;
  *at = __libc_memalign(alignment, size);
  return *at == nullptr ? 12 : 0;  // ENOMEM
}
}

#endif

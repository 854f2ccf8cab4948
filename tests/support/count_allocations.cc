// Replaces the program's operator new and delete; in a file of its own so that no call is inlined.
#include "tests/support/count_allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

static std::atomic<int64_t> g_allocations{0};

void* operator new(size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace stellar_arrow::support {

int64_t Allocations() { return g_allocations.load(std::memory_order_relaxed); }

}  // namespace stellar_arrow::support

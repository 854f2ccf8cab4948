#include "stellar_arrow/memory/blocks.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::memory {
namespace {

bool IsBig(int64_t size) { return size >= kBigBlock; }

arrow::Status Failed(int64_t size) {
  return Error(ErrorCode::kResourceExhausted, "the system has no ", size,
               " bytes of memory: ", std::strerror(errno));
}

arrow::Status Map(int64_t size, uint8_t** out) {
  const auto length = static_cast<size_t>(size);
  void* const block = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                             /*fd=*/-1, /*offset=*/0);
  if (block == MAP_FAILED) return Failed(size);
#ifdef MADV_HUGEPAGE
  ::madvise(block, length, MADV_HUGEPAGE);  // page by page it would cost more than filling it
#endif
  *out = static_cast<uint8_t*>(block);
  return arrow::Status::OK();
}

}  // namespace

arrow::Status Blocks::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  return IsBig(size) ? Map(size, out) : small_->Allocate(size, alignment, out);
}

arrow::Status Blocks::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                 uint8_t** block) {
  if (!IsBig(old_size) && !IsBig(new_size)) {
    return small_->Reallocate(old_size, new_size, alignment, block);
  }
#ifdef MREMAP_MAYMOVE
  if (IsBig(old_size) && IsBig(new_size)) {
    void* const moved = ::mremap(*block, static_cast<size_t>(old_size),
                                 static_cast<size_t>(new_size), MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return Failed(new_size);
    *block = static_cast<uint8_t*>(moved);
    return arrow::Status::OK();
  }
#endif
  uint8_t* copy = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &copy));
  std::memcpy(copy, *block, static_cast<size_t>(std::min(old_size, new_size)));
  Free(*block, old_size, alignment);
  *block = copy;
  return arrow::Status::OK();
}

void Blocks::Free(uint8_t* block, int64_t size, int64_t alignment) {
  if (!IsBig(size)) return small_->Free(block, size, alignment);
  ::munmap(block, static_cast<size_t>(size));
}

arrow::MemoryPool* SmallBlocks() {
  arrow::MemoryPool* jemalloc = nullptr;
  if (std::getenv("ARROW_DEFAULT_MEMORY_POOL") == nullptr &&
      arrow::jemalloc_memory_pool(&jemalloc).ok()) {
    return jemalloc;
  }
  return arrow::default_memory_pool();
}

}  // namespace stellar_arrow::memory

// Where a budget's memory comes from. An allocator keeps what is freed for a while, which is on top
// of what is used: little of small blocks, but with big ones, of objects that come and go, as much
// again. So big ones are the system's, and go back to it at once.
#pragma once

#include <arrow/memory_pool.h>

#include <cstdint>

namespace stellar_arrow::memory {

// From this size on a block is mapped: above all columns of a batch, so that these never are.
inline constexpr int64_t kBigBlock = int64_t{8} << 20;

// As arrow::MemoryPool. Thread-safe.
class Blocks {
 public:
  // `small` gives the small blocks; it must outlive these.
  explicit Blocks(arrow::MemoryPool* small) : small_(small) {}

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out);
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block);
  void Free(uint8_t* block, int64_t size, int64_t alignment);

  arrow::MemoryPool* small() const { return small_; }

 private:
  arrow::MemoryPool* const small_;
};

// The pool of Arrow's that measured best for small blocks (docs/limits.md), unless Arrow's own
// variable ARROW_DEFAULT_MEMORY_POOL names one.
arrow::MemoryPool* SmallBlocks();

}  // namespace stellar_arrow::memory

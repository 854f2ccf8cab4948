#include "stellar_arrow/memory/blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace stellar_arrow::memory {
namespace {

constexpr int64_t kAlignment = 64;

uint8_t LetterAt(int64_t place) { return static_cast<uint8_t>(place * 31 >> 3); }

// Whether the first `size` bytes are as Fill() left them.
bool IsFilled(const uint8_t* block, int64_t size) {
  for (int64_t i = 0; i < size; i += 509) {
    if (block[i] != LetterAt(i)) return false;
  }
  return true;
}

void Fill(uint8_t* block, int64_t size) {
  for (int64_t i = 0; i < size; ++i) block[i] = LetterAt(i);
}

TEST(Blocks, KeepTheirContentFromAnySizeToAnyOther) {
  Blocks blocks(arrow::default_memory_pool());
  const std::vector<int64_t> sizes = {1,         1000,          kBigBlock - 1,
                                      kBigBlock, kBigBlock + 1, 3 * kBigBlock};
  for (const int64_t from : sizes) {
    for (const int64_t to : sizes) {
      uint8_t* block = nullptr;
      ASSERT_TRUE(blocks.Allocate(from, kAlignment, &block).ok());
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % kAlignment, 0u);
      Fill(block, from);
      ASSERT_TRUE(blocks.Reallocate(from, to, kAlignment, &block).ok());
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % kAlignment, 0u);
      EXPECT_TRUE(IsFilled(block, std::min(from, to))) << from << " to " << to;
      Fill(block, to);
      blocks.Free(block, to, kAlignment);
    }
  }
}

TEST(Blocks, ThatAreBigAreNoneOfThePools) {
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  Blocks blocks(&pool);
  uint8_t* big = nullptr;
  ASSERT_TRUE(blocks.Allocate(kBigBlock, kAlignment, &big).ok());
  EXPECT_EQ(pool.bytes_allocated(), 0);
  ASSERT_TRUE(blocks.Reallocate(kBigBlock, 100, kAlignment, &big).ok());
  EXPECT_EQ(pool.bytes_allocated(), 100);
  ASSERT_TRUE(blocks.Reallocate(100, kBigBlock, kAlignment, &big).ok());
  EXPECT_EQ(pool.bytes_allocated(), 0);
  blocks.Free(big, kBigBlock, kAlignment);
}

TEST(Blocks, ThatTheSystemDoesNotHaveAreRefusedAndTheOldOnesStay) {
  Blocks blocks(arrow::default_memory_pool());
  const int64_t too_much = int64_t{1} << 60;
  uint8_t* block = nullptr;
  EXPECT_FALSE(blocks.Allocate(too_much, kAlignment, &block).ok());
  for (const int64_t size : {int64_t{1000}, kBigBlock}) {
    ASSERT_TRUE(blocks.Allocate(size, kAlignment, &block).ok());
    Fill(block, size);
    EXPECT_FALSE(blocks.Reallocate(size, too_much, kAlignment, &block).ok());
    EXPECT_TRUE(IsFilled(block, size));
    blocks.Free(block, size, kAlignment);
  }
}

}  // namespace
}  // namespace stellar_arrow::memory

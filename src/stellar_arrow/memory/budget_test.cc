#include "stellar_arrow/memory/budget.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::memory {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr int64_t kMiB = int64_t{1} << 20;

std::unique_ptr<StreamMemory> MustOpen(Budget& budget, std::string owner = "stream") {
  return budget.Open(std::move(owner)).ValueOrDie();
}

std::shared_ptr<arrow::Buffer> MustAllocate(const StreamMemory& memory, int64_t bytes,
                                            Stage stage = Stage::kColumns) {
  return arrow::AllocateBuffer(bytes, memory.pool(stage)).ValueOrDie();
}

arrow::Status Allocate(const StreamMemory& memory, int64_t bytes) {
  return arrow::AllocateBuffer(bytes, memory.pool(Stage::kColumns)).status();
}

TEST(Budget, CountsWhatAllStagesOfAllStreamsHold) {
  Budget budget(100 * kMiB);
  const auto one = MustOpen(budget);
  const auto other = MustOpen(budget);
  EXPECT_EQ(budget.streams(), 2);
  auto a = MustAllocate(*one, kMiB, Stage::kFetch);
  auto b = MustAllocate(*one, 2 * kMiB, Stage::kUnzip);
  auto c = MustAllocate(*other, 3 * kMiB);
  EXPECT_GE(budget.bytes(), 6 * kMiB);
  EXPECT_LT(budget.bytes(), 6 * kMiB + 1024);
  EXPECT_EQ(one->pool(Stage::kUnzip)->bytes_allocated(), 2 * kMiB);
  b.reset();
  EXPECT_LT(budget.bytes(), 4 * kMiB + 1024);
  a.reset();
  c.reset();
  EXPECT_EQ(budget.bytes(), 0);
  EXPECT_GE(budget.most_bytes(), 6 * kMiB);
}

TEST(Budget, FailsAllocationsBeyondItsLimitAndServesThemOnceThereIsRoom) {
  Budget budget(10 * kMiB);
  const auto memory = MustOpen(budget);
  auto held = MustAllocate(*memory, 6 * kMiB);
  const arrow::Status refused = Allocate(*memory, 5 * kMiB);
  EXPECT_EQ(CodeOf(refused), ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("ARROW_MAX_MEMORY"));
  EXPECT_EQ(CodeOf(Allocate(*memory, int64_t{1} << 50)), ErrorCode::kResourceExhausted);
  EXPECT_LT(budget.bytes(), 6 * kMiB + 1024) << "what was refused does not count";
  held.reset();
  EXPECT_TRUE(Allocate(*memory, 5 * kMiB).ok());
}

TEST(Budget, KeepsABufferThatCannotGrow) {
  Budget budget(10 * kMiB);
  const auto memory = MustOpen(budget);
  auto buffer =
      arrow::AllocateResizableBuffer(6 * kMiB, memory->pool(Stage::kColumns)).ValueOrDie();
  buffer->mutable_data()[6 * kMiB - 1] = 7;
  EXPECT_EQ(CodeOf(buffer->Resize(11 * kMiB)), ErrorCode::kResourceExhausted);
  EXPECT_EQ(buffer->data()[6 * kMiB - 1], 7);
  EXPECT_TRUE(buffer->Resize(9 * kMiB).ok());
  EXPECT_EQ(buffer->data()[6 * kMiB - 1], 7);
  EXPECT_TRUE(buffer->Resize(kMiB, /*shrink_to_fit=*/true).ok());
  EXPECT_LT(budget.bytes(), kMiB + 1024);
}

TEST(Budget, PassesOnThatTheAllocatorHasNoMore) {
  arrow::CappedMemoryPool capped(arrow::default_memory_pool(), 0);
  Budget budget(10 * kMiB, &capped);
  const auto memory = MustOpen(budget);
  EXPECT_EQ(CodeOf(Allocate(*memory, kMiB)), ErrorCode::kResourceExhausted);
  EXPECT_EQ(budget.bytes(), 0);
}

TEST(Budget, StopsReadingAheadAtEightyFivePercentAndNewStreamsAtNinetyFive) {
  Budget budget(100 * kMiB);
  const auto memory = MustOpen(budget);
  std::vector<std::shared_ptr<arrow::Buffer>> held;
  for (int percent = 1; percent <= 97; ++percent) {
    held.push_back(MustAllocate(*memory, kMiB - 64));
    EXPECT_EQ(memory->may_read_ahead(), percent < 85) << percent;
    const auto opened = budget.Open("new");
    EXPECT_EQ(opened.ok(), percent < 95) << percent;
    if (opened.ok()) continue;
    EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kResourceExhausted);
    EXPECT_THAT(opened.status().message(), HasSubstr("ARROW_MAX_MEMORY"));
  }
  held.resize(10);
  EXPECT_TRUE(memory->may_read_ahead());
  EXPECT_TRUE(budget.Open("new").ok());
}

TEST(Budget, EndsTheNewestStreamAtNinetyEightPercentAndNoOtherMeanwhile) {
  Budget budget(100 * kMiB);
  const auto oldest = MustOpen(budget);
  const auto middle = MustOpen(budget);
  auto newest = MustOpen(budget);
  auto held = MustAllocate(*oldest, 97 * kMiB);
  EXPECT_TRUE(newest->Check().ok());
  auto more = MustAllocate(*oldest, kMiB);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Allocate(*middle, kMiB / 2).ok());
  EXPECT_EQ(CodeOf(newest->Check()), ErrorCode::kResourceExhausted);
  EXPECT_THAT(newest->Check().message(), HasSubstr("ARROW_MAX_MEMORY"));
  EXPECT_TRUE(middle->Check().ok());
  newest.reset();  // it has ended, but that was not enough
  EXPECT_TRUE(Allocate(*oldest, kMiB / 2).ok());
  EXPECT_FALSE(middle->Check().ok());
  EXPECT_TRUE(Allocate(*oldest, kMiB / 2).ok());
  EXPECT_TRUE(oldest->Check().ok()) << "the last one has nobody to end for";
}

TEST(Budget, EndsTheNextNewestStreamIfTheNewestDoesNotEnd) {
  Budget budget(100 * kMiB);
  const auto oldest = MustOpen(budget);
  const auto middle = MustOpen(budget);
  const auto newest = MustOpen(budget);
  const auto held = MustAllocate(*oldest, 98 * kMiB);
  EXPECT_FALSE(newest->Check().ok());
  while (middle->Check().ok()) {
    ASSERT_TRUE(Allocate(*oldest, kMiB / 2).ok());
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(oldest->Check().ok());
}

TEST(Budget, TellsWhatHasBeenHeldForLongAndByWhom) {
  Budget budget(100 * kMiB);
  const auto one = MustOpen(budget, "one");
  auto other = MustOpen(budget, "other");
  const auto a = MustAllocate(*one, 1000, Stage::kFetch);
  const auto b = MustAllocate(*one, 2000, Stage::kFetch);
  auto c = MustAllocate(*other, 3000, Stage::kColumns);
  EXPECT_THAT(budget.HeldFor(1h), testing::IsEmpty());
  std::this_thread::sleep_for(20ms);
  const auto young = MustAllocate(*one, 5000, Stage::kUnzip);
  other.reset();  // its batch is still on its way
  const std::vector<Holding> old = budget.HeldFor(15ms);
  ASSERT_EQ(old.size(), 2u);
  EXPECT_EQ(old[0].owner, "one");
  EXPECT_EQ(old[0].stage, "fetch");
  EXPECT_EQ(old[0].allocations, 2);
  EXPECT_EQ(old[0].bytes, a->capacity() + b->capacity());
  EXPECT_EQ(old[1].owner, "other");
  EXPECT_EQ(old[1].stage, "columns");
  EXPECT_EQ(old[1].bytes, c->capacity());
  c.reset();
  EXPECT_EQ(budget.HeldFor(15ms).size(), 1u);
}

TEST(Budget, MayEndBeforeItsStreamsAndTheseBeforeTheirMemory) {
  auto budget = std::make_unique<Budget>(100 * kMiB);
  auto memory = MustOpen(*budget);
  auto buffer = arrow::AllocateResizableBuffer(kMiB, memory->pool(Stage::kUnzip)).ValueOrDie();
  auto slice = arrow::SliceBuffer(MustAllocate(*memory, kMiB), 100, 100);
  budget.reset();
  memory.reset();
  EXPECT_TRUE(buffer->Resize(3 * kMiB).ok());
  std::memset(buffer->mutable_data(), 1, static_cast<size_t>(3 * kMiB));
  EXPECT_EQ(slice->size(), 100);
}

TEST(Budget, ReturnsToNothingAfterAThousandStreamsOfManyThreads) {
  Budget budget(64 * kMiB);
  std::vector<std::thread> threads;
  std::atomic<int> opened = 0;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 dice(seed);
      std::vector<std::shared_ptr<arrow::Buffer>> late;  // outlive their streams
      for (int stream = 0; stream < 250; ++stream) {
        auto memory = budget.Open("stream");
        if (!memory.ok()) continue;
        ++opened;
        std::vector<std::unique_ptr<arrow::ResizableBuffer>> held;
        for (int i = 0; i < 20; ++i) {
          const auto stage = static_cast<Stage>(dice() % kStages);
          auto buffer = arrow::AllocateResizableBuffer(dice() % 100'000, (*memory)->pool(stage));
          if (!buffer.ok()) continue;
          if (!(*buffer)->Resize(dice() % 200'000).ok()) continue;
          held.push_back(std::move(*buffer));
          if (dice() % 3 == 0)
            held.erase(held.begin() + static_cast<int64_t>(dice() % held.size()));
        }
        (void)budget.HeldFor(0ms);
        late.clear();
        for (auto& buffer : held) late.push_back(std::move(buffer));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(opened, 0);
  EXPECT_EQ(budget.bytes(), 0);
  EXPECT_EQ(budget.streams(), 0);
  EXPECT_THAT(budget.HeldFor(0ms), testing::IsEmpty());
}

}  // namespace
}  // namespace stellar_arrow::memory

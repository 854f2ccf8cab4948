// What a stream holds and waits for: slow readers, slow sources, the tip, and whoever gives up.
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <random>
#include <semaphore>
#include <thread>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::stream {
namespace {

using namespace std::chrono_literals;
using support::MemorySource;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kFirst = 1000;
constexpr size_t kLedgers = 40;
constexpr auto kNever = 1h;
// Far above what is promised, so that a busy machine breaks no promise.
constexpr auto kSoon = 5s;

// Small ledgers, one an object.
std::vector<source::Object> Objects(size_t count = kLedgers) {
  static const auto all = support::MakeObjects(
      support::MakeChain({"synthetic:?count=4&transactions=2"}, kFirst, 400), kFirst, 1);
  return {all.begin(), all.begin() + static_cast<ptrdiff_t>(count)};
}

Subscription::Options OptionsOf(std::optional<uint32_t> last, BatchOptions batch, int threads = 2) {
  Subscription::Options options;
  options.tables = {tables::FindTable("stellar_ledger").ValueOrDie()};
  options.columns = {{}};
  options.pipeline.range = {kFirst, last};
  options.pipeline.threads = threads;
  options.batch = batch;
  return options;
}

constexpr uint32_t kLast = kFirst + kLedgers - 1;

int64_t RowsIn(const arrow::Result<std::optional<Batch>>& batch) {
  EXPECT_TRUE(batch.ok()) << batch.status();
  return batch.ok() && *batch ? (**batch).rows->num_rows() : 0;
}

int64_t Threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(WaitingStream, GivesEveryRowToASlowReader) {
  MemorySource source(Objects());
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    auto subscription =
        Subscription::Make(source, OptionsOf(kLast, {.rows = 1 + round % 7}, 1 + round % 4))
            .ValueOrDie();
    int64_t rows = 0;
    while (const int64_t more = RowsIn(subscription->Next())) {
      rows += more;
      if (random() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
    }
    ASSERT_EQ(rows, kLedgers) << "round " << round;
    ASSERT_EQ(subscription->next_ledger(), kLast + 1);
  }
}

TEST(WaitingStream, DoesNotRunAheadOfAReaderThatStops) {
  constexpr size_t kMany = 400;
  MemorySource source(Objects(kMany));
  auto subscription =
      Subscription::Make(source, OptionsOf(kFirst + kMany - 1, {.rows = 1})).ValueOrDie();
  int64_t taken = 0;
  for (int i = 0; i < 5; ++i) {
    taken += RowsIn(subscription->Next());
    // Long enough for workers that nothing held back to finish all.
    std::this_thread::sleep_for(50ms);
    EXPECT_LE(subscription->counters().batches, taken + 2);
    EXPECT_LT(source.script.fetched, kMany);
  }
  while (const int64_t more = RowsIn(subscription->Next())) taken += more;
  EXPECT_EQ(taken, kMany);
}

TEST(WaitingStream, LeavesNothingBehindWhereverItsReaderGivesUp) {
  MemorySource source(Objects());
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  const int64_t threads = Threads();
  for (size_t batches = 0; batches <= kLedgers; ++batches) {
    Subscription::Options options = OptionsOf(kLast, {.rows = 1}, 3);
    options.ipc = arrow::ipc::IpcWriteOptions::Defaults();
    options.pool = &pool;
    auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
    for (size_t i = 0; i < batches; ++i) ASSERT_EQ(RowsIn(subscription->Next()), 1);
    subscription.reset();
    ASSERT_EQ(pool.bytes_allocated(), 0) << "after " << batches << " batches";
    ASSERT_EQ(Threads(), threads);
  }
}

// Runs Next() until it fails because `stopped` says so from another thread.
void ExpectCancelled(MemorySource& source, Subscription::Options options) {
  std::atomic<bool> stopped = false;
  options.pipeline.stopped = [&] { return stopped.load(); };
  const auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
  std::thread other([&] {
    std::this_thread::sleep_for(50ms);
    stopped = true;
  });
  uint32_t rows = 0;
  auto batch = subscription->Next();
  for (; batch.ok() && *batch; batch = subscription->Next()) {
    rows += static_cast<uint32_t>((**batch).rows->num_rows());
  }
  other.join();
  EXPECT_EQ(CodeOf(batch.status()), ErrorCode::kCancelled) << batch.status();
  EXPECT_EQ(subscription->next_ledger(), kFirst + rows);
  EXPECT_EQ(CodeOf(subscription->Next().status()), ErrorCode::kCancelled);
}

TEST(WaitingStream, CanBeCancelledAtTheTip) {
  MemorySource source(Objects());
  source.script.grows = true;
  source.script.there = 5;
  const auto start = Clock::now();
  ExpectCancelled(source, OptionsOf({}, {}));
  EXPECT_LT(Clock::now() - start, kSoon);
}

TEST(WaitingStream, CanBeCancelledWhileItsSourceIsSlow) {
  for (const int threads : {1, 3}) {
    MemorySource source(Objects());
    std::binary_semaphore cancelled(0);
    source.script.before = [&](size_t object) {
      return object < 7 || cancelled.try_acquire_for(kNever)
                 ? arrow::Status::OK()
                 : arrow::Status::IOError("nobody said that it is not wanted any more");
    };
    source.script.cancelled = [&] { cancelled.release(); };
    const auto start = Clock::now();
    ExpectCancelled(source, OptionsOf(kLast, {.rows = 2}, threads));
    EXPECT_LT(Clock::now() - start, kSoon);
  }
}

TEST(WaitingStream, SendsWhatThereIsAtTheTipAtOnce) {
  MemorySource source(Objects());
  source.script.grows = true;
  source.script.there = 3;
  auto subscription = Subscription::Make(source, OptionsOf({}, {.flush = kNever})).ValueOrDie();
  int64_t rows = 0;
  while (rows < 3) rows += RowsIn(subscription->Next());
  EXPECT_EQ(rows, 3);
  source.script.there = 5;
  while (rows < 5) rows += RowsIn(subscription->Next());
  EXPECT_EQ(rows, 5);
  EXPECT_EQ(subscription->next_ledger(), kFirst + 5);
}

TEST(WaitingStream, SendsAPartOfABatchWhenLedgersComeTooSlowly) {
  MemorySource source(Objects());
  source.script.grows = true;
  source.script.there = 1;  // an open range can come to the tip
  std::counting_semaphore<> more(0);
  source.script.before = [&](size_t object) {
    if (object >= 3) more.acquire();
    return arrow::Status::OK();
  };
  source.script.cancelled = [&] { more.release(100); };
  auto subscription = Subscription::Make(source, OptionsOf({}, {.flush = 20ms})).ValueOrDie();
  source.script.there = kLedgers;
  int64_t rows = 0;
  while (rows < 3) rows += RowsIn(subscription->Next());
  EXPECT_EQ(rows, 3) << "the fourth ledger is still being fetched";
  more.release();
  EXPECT_EQ(RowsIn(subscription->Next()), 1);
}

TEST(WaitingStream, NeverCutsARangeBehindTheTipByTime) {
  MemorySource source(Objects());
  source.script.grows = true;
  source.script.before = [](size_t object) {
    if (object % 10 == 0) std::this_thread::sleep_for(20ms);
    return arrow::Status::OK();
  };
  auto subscription =
      Subscription::Make(source, OptionsOf(kLast, {.rows = 30, .flush = 0ms})).ValueOrDie();
  EXPECT_EQ(RowsIn(subscription->Next()), 1);
  EXPECT_EQ(RowsIn(subscription->Next()), 30);
  EXPECT_EQ(RowsIn(subscription->Next()), 9);
  EXPECT_EQ(RowsIn(subscription->Next()), 0);
}

TEST(WaitingStream, TellsAnErrorOfItsSourceAfterTheRowsBeforeIt) {
  MemorySource source(Objects());
  source.script.before = [](size_t object) {
    return object == 17 ? Error(ErrorCode::kUnavailable, "gone") : arrow::Status::OK();
  };
  for (const int threads : {1, 2, 8}) {
    auto subscription =
        Subscription::Make(source, OptionsOf(kLast, {.rows = 10}, threads)).ValueOrDie();
    EXPECT_EQ(RowsIn(subscription->Next()), 1);
    EXPECT_EQ(RowsIn(subscription->Next()), 10);
    EXPECT_EQ(RowsIn(subscription->Next()), 6);
    const auto end = subscription->Next();
    EXPECT_EQ(CodeOf(end.status()), ErrorCode::kUnavailable) << end.status();
    EXPECT_EQ(subscription->next_ledger(), kFirst + 17);
  }
}

TEST(WaitingStream, RefusesARowThatNoClientCouldTake) {
  MemorySource source(Objects());
  auto subscription =
      Subscription::Make(source, OptionsOf(kLast, {.bytes = 100, .hard_bytes = 1000})).ValueOrDie();
  const auto end = subscription->Next();
  EXPECT_EQ(CodeOf(end.status()), ErrorCode::kResourceExhausted) << end.status();
  EXPECT_EQ(DetailOf(end.status())->ledger(), kFirst);
  EXPECT_EQ(subscription->next_ledger(), kFirst);
  EXPECT_THAT(end.status().message(), testing::HasSubstr("the most that is sent is 1000"));
}

}  // namespace
}  // namespace stellar_arrow::stream

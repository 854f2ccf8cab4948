#include "stellar_arrow/pipeline/pipeline.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <stop_token>
#include <string>
#include <thread>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/memory/budget.h"
#include "stellar_arrow/pipeline/run_reader.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::pipeline {
namespace {

using support::MemorySource;
using testing::HasSubstr;

constexpr uint32_t kFirst = 1000;
constexpr size_t kLedgers = 60;

const std::vector<std::vector<uint8_t>>& Chain() {
  static const auto chain = support::MakeChain({SAS_TEST_DATA "/pubnet-lake"}, kFirst, kLedgers);
  return chain;
}

Options OptionsOf(int threads) {
  Options options;
  options.range = {kFirst, kFirst + kLedgers - 1};
  options.threads = threads;
  return options;
}

// Rows of nothing; counts.
class Counting final : public Converter {
 public:
  explicit Counting(std::function<arrow::Status(uint32_t ledger)> on_ledger)
      : on_ledger_(std::move(on_ledger)) {}
  arrow::Status Add(const ledger::Ledger& ledger) override {
    ARROW_RETURN_NOT_OK(on_ledger_(ledger.sequence()));
    ++ledgers_;
    return arrow::Status::OK();
  }
  int64_t bytes() const override { return ledgers_; }
  arrow::Result<std::shared_ptr<const Chunk>> Finish() override {
    auto chunk = std::make_shared<Chunk>();
    chunk->bytes = std::exchange(ledgers_, 0);
    return chunk;
  }

 private:
  const std::function<arrow::Status(uint32_t ledger)> on_ledger_;
  int64_t ledgers_ = 0;
};

TEST(Pipeline, GivesLedgersInOrderAtAnyNumberOfWorkers) {
  for (const size_t per_object : {1, 8, 64}) {
    MemorySource source(support::MakeObjects(Chain(), kFirst, per_object));
    for (const int threads : {1, 2, 5}) {
      const auto pipeline = Pipeline::Make(source, OptionsOf(threads)).ValueOrDie();
      for (size_t i = 0; i < kLedgers; ++i) {
        ASSERT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kLedger);
        ASSERT_EQ(pipeline->ledger().sequence(), kFirst + i);
        ASSERT_TRUE(std::ranges::equal(pipeline->ledger().wire(), Chain()[i]));
      }
      EXPECT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kEnd);
      EXPECT_EQ(pipeline->counters().ledgers, static_cast<int64_t>(kLedgers));
    }
  }
}

TEST(Pipeline, GivesTheChunksOfConvertedLedgersInOrder) {
  MemorySource source(support::MakeObjects(Chain(), kFirst, 2));
  for (const int threads : {1, 2, 5}) {
    std::atomic<int> converted = 0;
    Options options = OptionsOf(threads);
    options.make_converter = [&] {
      return std::make_unique<Counting>([&](uint32_t) {
        ++converted;
        return arrow::Status::OK();
      });
    };
    const auto pipeline = Pipeline::Make(source, options).ValueOrDie();
    std::shared_ptr<const Chunk> chunk;
    size_t place = 0;
    for (size_t i = 0; i < kLedgers; ++i) {
      ASSERT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kLedger);
      const ConvertedLedger ledger = pipeline->converted();
      ASSERT_EQ(ledger.sequence, kFirst + i);
      place = ledger.chunk == chunk ? place + 1 : 0;
      chunk = ledger.chunk;
      ASSERT_EQ(ledger.place, place);
      ASSERT_LT(static_cast<int64_t>(place), chunk->bytes);
    }
    EXPECT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kEnd);
    EXPECT_EQ(converted, static_cast<int>(kLedgers));
  }
}

TEST(Pipeline, GivesTheLedgersBeforeOneThatCannotBeConverted) {
  constexpr uint32_t kBad = kFirst + 25;
  for (const size_t per_object : {1, 8, 64}) {
    MemorySource source(support::MakeObjects(Chain(), kFirst, per_object));
    for (const int threads : {1, 2, 5}) {
      Options options = OptionsOf(threads);
      options.make_converter = [] {
        return std::make_unique<Counting>([](uint32_t ledger) {
          return ledger == kBad ? LedgerError(ErrorCode::kDataLoss, ledger, "ledger ", ledger,
                                              ": it means nothing")
                                : arrow::Status::OK();
        });
      };
      const auto pipeline = Pipeline::Make(source, options).ValueOrDie();
      for (uint32_t ledger = kFirst; ledger < kBad; ++ledger) {
        ASSERT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kLedger);
        ASSERT_EQ(pipeline->converted().sequence, ledger);
      }
      const arrow::Status end = pipeline->Next(true).status();
      EXPECT_EQ(DetailOf(end)->ledger(), kBad) << end;
      EXPECT_THAT(end.message(), testing::StartsWith("memory/"));
    }
  }
}

TEST(Pipeline, TellsOfFaultsAtTheirLedgersWhenItIsToGoOn) {
  auto ledgers = Chain();
  ledgers[20].back() ^= 1;  // of a meta: no hash covers it, but what it breaks
  ledgers[30][100] ^= 1;    // of the header
  auto objects = support::MakeObjects(ledgers, kFirst, 4);
  objects[10].bytes = objects[11].bytes;
  for (const int threads : {1, 2, 5}) {
    MemorySource source(objects);
    Options options = OptionsOf(threads);
    options.gaps = source::GapPolicy::kSkip;
    std::vector<std::string> faults;
    std::vector<uint32_t> places;
    options.on_fault = [&](const ledger::Fault& fault) {
      faults.push_back(std::to_string(fault.ledger) + " " + fault.check);
      places.push_back(fault.ledger);
    };
    const auto pipeline = Pipeline::Make(source, options).ValueOrDie();
    while (pipeline->Next(true).ValueOrDie() == Progress::kLedger) continue;
    EXPECT_THAT(faults, testing::Contains("1030 header_hash")) << threads;
    EXPECT_THAT(faults, testing::Contains("1040 structure")) << threads;
    EXPECT_TRUE(std::ranges::is_sorted(places)) << threads;
  }
}

TEST(Pipeline, DoesTasksThoughAllItHoldsWaitsForItsReader) {
  MemorySource source(support::MakeObjects(Chain(), kFirst, 1));
  const auto pipeline = Pipeline::Make(source, OptionsOf(2)).ValueOrDie();
  std::counting_semaphore<> done(0);
  for (int i = 0; i < 10; ++i) pipeline->DoNext([&] { done.release(); });
  for (int i = 0; i < 10; ++i) done.acquire();
  EXPECT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kLedger);
}

TEST(Pipeline, SaysThatThereIsNothingYetWhenItsTimeIsUp) {
  MemorySource source(support::MakeObjects(Chain(), kFirst, 1));
  std::binary_semaphore go_on(0);
  source.script.before = [&](size_t object) {
    if (object == 0) go_on.acquire();
    return arrow::Status::OK();
  };
  const auto pipeline = Pipeline::Make(source, OptionsOf(2)).ValueOrDie();
  using Clock = std::chrono::steady_clock;
  EXPECT_EQ(pipeline->Next(true, Clock::time_point::min()).ValueOrDie(), Progress::kLater);
  EXPECT_EQ(pipeline->Next(true, Clock::now() + std::chrono::milliseconds(5)).ValueOrDie(),
            Progress::kLater);
  go_on.release();
  EXPECT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kLedger);
}

TEST(Pipeline, GivesAWholePrefixHoweverLittleMemoryThereIs) {
  MemorySource source(support::MakeObjects(Chain(), kFirst, 8));
  int unzipping = 0;  // streams that ended for want of memory, by what they were doing
  int decoding = 0;
  for (const int threads : {1, 3}) {
    size_t ledgers = 0;
    for (int64_t limit = 1000; ledgers < kLedgers; limit += 12'345) {
      memory::Budget budget(limit);
      const auto memory = budget.Open("stream").ValueOrDie();
      Options options = OptionsOf(threads);
      options.pair = true;
      options.memory = memory.get();
      auto pipeline = Pipeline::Make(source, options).ValueOrDie();
      auto progress = pipeline->Next(true);
      for (ledgers = 0; progress.ok() && *progress == Progress::kLedger; ++ledgers) {
        ASSERT_EQ(pipeline->ledger().sequence(), kFirst + ledgers);
        progress = pipeline->Next(true);
      }
      if (!progress.ok()) {
        ASSERT_EQ(CodeOf(progress.status()), ErrorCode::kResourceExhausted);
        const std::string& message = progress.status().message();
        ASSERT_THAT(message, HasSubstr("ARROW_MAX_MEMORY"));
        ++(message.find("no memory: ") != std::string::npos ? decoding : unzipping);
      }
      pipeline.reset();
      ASSERT_EQ(budget.bytes(), 0);
      ASSERT_LE(budget.most_bytes(), limit);
    }
  }
  EXPECT_GT(unzipping, 0);
  EXPECT_GT(decoding, 0);
}

TEST(Pipeline, LetsGoOfItsMemoryWhenItIsToEndThoughNobodyTakesFromIt) {
  const auto ledgers = Chain();
  auto objects = support::MakeObjects({ledgers.begin(), ledgers.begin() + 2}, kFirst, 1);
  for (auto& object : support::MakeObjects({ledgers.begin() + 2, ledgers.end()}, kFirst + 2, 8)) {
    objects.push_back(std::move(object));
  }
  MemorySource source(std::move(objects));
  memory::Budget budget(int64_t{100} << 20);
  const auto older = budget.Open("older").ValueOrDie();
  const auto newest = budget.Open("newest").ValueOrDie();
  Options options = OptionsOf(2);
  options.memory = newest.get();
  options.stopped = [&] { return !newest->Check().ok(); };
  const auto pipeline = Pipeline::Make(source, options).ValueOrDie();
  // It reads ahead once the second object is asked for, which stays with who asked.
  for (int i = 0; i < 2; ++i) ASSERT_EQ(pipeline->Next(true).ValueOrDie(), Progress::kLedger);
  constexpr int64_t kMostOfOne = int64_t{1} << 20;
  while (budget.bytes() < int64_t{4} << 20) std::this_thread::yield();
  const auto wanted =
      arrow::AllocateBuffer(int64_t{98} << 20, older->pool(memory::Stage::kColumns));
  ASSERT_FALSE(newest->Check().ok());
  while (budget.bytes() > kMostOfOne + (wanted.ok() ? (*wanted)->capacity() : 0)) {
    std::this_thread::yield();
  }
  EXPECT_EQ(CodeOf(pipeline->Next(true).status()), ErrorCode::kCancelled);
}

TEST(RunReader, StopsAtTheNextLedgersBorder) {
  std::stop_source stop;
  std::vector<uint32_t> converted;
  Options options = OptionsOf(1);
  NetworkKnowledge network(std::nullopt, "", nullptr);
  RunReader reader(options, network, std::make_unique<Counting>([&](uint32_t ledger) {
                     converted.push_back(ledger);
                     if (ledger == kFirst + 2) stop.request_stop();
                     return arrow::Status::OK();
                   }));
  pipeline::Run run;
  run.objects = support::MakeObjects(Chain(), kFirst, 20);
  auto opened = std::make_unique<OpenedObject>(int64_t{1} << 30);
  int segments = 0;
  reader.Read(std::move(run), opened, stop.get_token(), [&](std::unique_ptr<Segment>) {
    ++segments;
    return true;
  });
  EXPECT_THAT(converted, testing::ElementsAre(kFirst, kFirst + 1, kFirst + 2));
  EXPECT_EQ(segments, 0);
}

}  // namespace
}  // namespace stellar_arrow::pipeline

// Reading ahead: in order whatever reads take, as much as pays and no more than may be held, and
// with nothing of it believed that is old.
#include "stellar_arrow/source/fetch_ahead.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

using namespace std::chrono_literals;

// Names "1", "2" and so on, up to a last one.
std::function<std::string(size_t)> Behind(int number, int last) {
  return [=](size_t n) {
    const int next = number + 1 + static_cast<int>(n);
    return next > last ? std::string() : std::to_string(next);
  };
}

std::shared_ptr<arrow::Buffer> Bytes(const std::string& text) {
  return arrow::Buffer::FromString(text);
}

// Counts who reads at a time, and what was read.
class Reader {
 public:
  std::chrono::microseconds takes{0};
  std::string content;
  std::atomic<int> most_at_a_time = 0;
  std::atomic<int> begun = 0;

  arrow::Result<FetchAhead::Bytes> operator()(const std::string& name) {
    ++begun;
    const int now = ++reading_;
    for (int most = most_at_a_time;
         most < now && !most_at_a_time.compare_exchange_weak(most, now);) {
    }
    std::this_thread::sleep_for(takes);
    --reading_;
    return Bytes(content.empty() ? name : content);
  }

 private:
  std::atomic<int> reading_ = 0;
};

TEST(FetchAhead, GivesObjectsInOrderAndReadsManyAtATime) {
  Reader reader;
  reader.takes = 5ms;
  FetchAhead ahead(std::ref(reader), 8);
  for (int i = 1; i <= 200; ++i) {
    EXPECT_EQ(ahead.Take(std::to_string(i), Behind(i, 200)).ValueOrDie()->ToString(),
              std::to_string(i));
  }
  EXPECT_EQ(reader.begun, 200);
  EXPECT_GE(reader.most_at_a_time, 6);
  EXPECT_LE(reader.most_at_a_time, 9);  // the fetchers, and who takes
}

TEST(FetchAhead, HoldsNoMoreBytesThanItMay) {
  Reader reader;
  reader.takes = 2ms;
  reader.content.assign(FetchAhead::kMostBytes / 4, 'x');
  FetchAhead ahead(std::ref(reader), 8);
  for (int i = 1; i <= 30; ++i) {
    ASSERT_TRUE(ahead.Take(std::to_string(i), Behind(i, 1000)).ok());
    EXPECT_LE(reader.begun - i, 4);
  }
}

TEST(FetchAhead, ReadsOneAheadHoweverBigItIs) {
  Reader reader;
  reader.takes = 2ms;
  reader.content.assign(FetchAhead::kMostBytes + 1, 'x');
  FetchAhead ahead(std::ref(reader), 8);
  for (int i = 1; i <= 4; ++i) ASSERT_TRUE(ahead.Take(std::to_string(i), Behind(i, 1000)).ok());
  EXPECT_LE(reader.begun, 5);
}

TEST(FetchAhead, ReadsOnlyWhatIsTakenWhereItMayNotReadAhead) {
  Reader reader;
  reader.takes = 1ms;
  FetchAhead ahead(std::ref(reader), 8);
  ahead.LimitTo([] { return false; });
  for (int i = 1; i <= 20; ++i) {
    ASSERT_TRUE(ahead.Take(std::to_string(i), Behind(i, 1000)).ok());
    EXPECT_EQ(reader.begun, i);
  }
}

TEST(FetchAhead, ReadsNothingBehindTheLast) {
  Reader reader;
  reader.takes = 1ms;
  FetchAhead ahead(std::ref(reader), 8);
  for (int i = 1; i <= 20; ++i) ASSERT_TRUE(ahead.Take(std::to_string(i), Behind(i, 25)).ok());
  std::this_thread::sleep_for(20ms);
  EXPECT_LE(reader.begun, 25);
}

TEST(FetchAhead, AsksAgainForWhatFailedOrWasNotThereWhenItWasReadAhead) {
  std::mutex mutex;
  std::map<std::string, int> asked;
  FetchAhead ahead(
      [&](const std::string& name) -> arrow::Result<FetchAhead::Bytes> {
        std::this_thread::sleep_for(1ms);
        const std::lock_guard lock(mutex);
        const bool first = ++asked[name] == 1;
        if (first && name.ends_with("3")) return nullptr;
        if (first && name.ends_with("7")) return Error(ErrorCode::kResourceExhausted, "no memory");
        return Bytes(name);
      },
      4);
  for (int i = 1; i <= 50; ++i) {
    const std::string name = std::to_string(i);
    auto bytes = ahead.Take(name, Behind(i, 50));
    // Who asked at that very moment is told, and asks again.
    if (!bytes.ok() || *bytes == nullptr) bytes = ahead.Take(name, Behind(i, 50));
    EXPECT_EQ(bytes.ValueOrDie()->ToString(), name);
    std::this_thread::sleep_for(2ms);
  }
  for (const auto& [name, times] : asked) EXPECT_LE(times, 2) << name;
}

TEST(FetchAhead, FollowsWhereverItsReaderGoes) {
  Reader reader;
  reader.takes = 1ms;
  FetchAhead ahead(std::ref(reader), 4);
  for (int i = 1; i <= 20; ++i) {
    const std::string name = "a" + std::to_string(i);
    EXPECT_EQ(ahead.Take(name, Behind(i, 1000)).ValueOrDie()->ToString(), name);
  }
}

TEST(FetchAhead, EndsWhatWaitsWhenItIsCancelled) {
  std::atomic<bool> cancelled = false;
  std::atomic<int> reading = 0;
  FetchAhead ahead(
      [&](const std::string& name) -> arrow::Result<FetchAhead::Bytes> {
        if (name == "1") return Bytes(name);
        ++reading;
        while (!cancelled) std::this_thread::sleep_for(1ms);
        return Error(ErrorCode::kCancelled, "it was cancelled");
      },
      4);
  ASSERT_TRUE(ahead.Take("1", Behind(1, 1000)).ok());
  std::thread canceller([&] {
    while (reading == 0) std::this_thread::sleep_for(1ms);
    cancelled = true;
    ahead.Cancel();
  });
  EXPECT_EQ(CodeOf(ahead.Take("2", Behind(2, 1000)).status()), ErrorCode::kCancelled);
  canceller.join();
}

}  // namespace
}  // namespace stellar_arrow::source

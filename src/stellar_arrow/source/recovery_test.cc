// What happens when a store fails: on a lake of real ledgers, in a store that fails as it is told.
#include "stellar_arrow/source/recovery.h"

#include <arrow/util/io_util.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/source/pause.h"
#include "tests/support/folder_store.h"

namespace stellar_arrow::source {
namespace {

using namespace std::chrono_literals;
using support::FolderStore;
using testing::HasSubstr;

constexpr uint32_t kFirst = 30822015;
constexpr uint32_t kLast = 30822020;

arrow::Status Gone() { return Error(ErrorCode::kUnavailable, "nobody answers"); }

arrow::Status System(int number) {
  return arrow::internal::IOErrorFromErrno(number, "cannot read");
}

std::string NameOf(uint32_t ledger) {
  return Concat(std::hex, std::uppercase, UINT32_MAX - ledger, "--", std::dec, ledger, ".xdr.zst");
}

struct Lake {
  explicit Lake(RecoveryOptions recovery = {}) : Lake(recovery, [](FolderStore&) {}) {}
  Lake(RecoveryOptions recovery, const std::function<void(FolderStore&)>& prepare) {
    prepare(*store);
    source = OpenLake(store, "lake", {.recovery = recovery}).ValueOrDie();
  }

  std::unique_ptr<ObjectStream> Stream(LedgerRange range = {kFirst, kLast}) {
    return source->OpenStream(range, GapPolicy::kFail).ValueOrDie();
  }
  int64_t retries() const {
    int64_t sum = 0;
    for (const int64_t count : source->recovery()->retries()) sum += count;
    return sum;
  }

  const std::shared_ptr<FolderStore> store =
      std::make_shared<FolderStore>(SAS_TEST_DATA "/pubnet-lake");
  std::unique_ptr<LedgerSource> source;
};

// First ledgers of all objects up to the end, or the error.
arrow::Result<std::vector<uint32_t>> ReadAll(ObjectStream& stream) {
  std::vector<uint32_t> ledgers;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Fetched fetched, stream.Next());
    if (fetched.state != Fetched::State::kObject) return ledgers;
    ledgers.push_back(fetched.object.first);
  }
}

std::vector<uint32_t> Numbers(uint32_t first, uint32_t last) {
  std::vector<uint32_t> numbers;
  for (uint32_t n = first; n <= last; ++n) numbers.push_back(n);
  return numbers;
}

TEST(Failure, IsToldByTypeNeverByText) {
  EXPECT_EQ(FailureOf(arrow::Status::OK()), Failure::kNone);
  for (const int number : {EIO, ETIMEDOUT, ECONNRESET, ECONNREFUSED, ESTALE, EAGAIN}) {
    EXPECT_EQ(FailureOf(System(number)), Failure::kTransient) << number;
  }
  for (const int number : {ENOENT, EACCES, EPERM, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG}) {
    EXPECT_EQ(FailureOf(System(number)), Failure::kPermanent) << number;
  }
  EXPECT_EQ(FailureOf(System(EMFILE)), Failure::kOurs);
  EXPECT_EQ(FailureOf(arrow::Status::OutOfMemory("no memory")), Failure::kOurs);
  EXPECT_EQ(FailureOf(Gone()), Failure::kTransient);
  EXPECT_EQ(FailureOf(Error(ErrorCode::kDataLoss, "connection reset")), Failure::kData);
  EXPECT_EQ(FailureOf(Error(ErrorCode::kResourceExhausted, "timeout")), Failure::kPermanent);
  EXPECT_EQ(FailureOf(Error(ErrorCode::kCancelled, "unavailable")), Failure::kCancelled);
}

TEST(Recovery, AsksAgainUntilAllIsRead) {
  Lake lake({.max_attempts = 3});
  std::atomic<int> asked = 0;
  // Every other request fails.
  lake.store->fault = [&](const auto&...) { return ++asked % 2 == 1 ? Gone() : arrow::Status(); };
  EXPECT_EQ(ReadAll(*lake.Stream()).ValueOrDie(), Numbers(kFirst, kLast));
  EXPECT_GE(lake.retries(), 6);
  EXPECT_EQ(lake.source->recovery()->breaker_state(), CircuitBreaker::State::kClosed);
}

TEST(Recovery, EndsWithTheLastFailureAfterAllAttempts) {
  Lake lake({.max_attempts = 2});
  lake.store->fault = [](const std::string& object, const Patience&) {
    return object.ends_with(NameOf(kFirst + 2)) ? System(EIO) : arrow::Status();
  };
  const auto stream = lake.Stream();
  for (uint32_t ledger = kFirst; ledger < kFirst + 2; ++ledger) {
    EXPECT_EQ(stream->Next().ValueOrDie().object.first, ledger);
  }
  lake.store->requests = 0;
  const arrow::Status status = stream->Next().status();
  EXPECT_EQ(lake.store->requests, 2);
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("lake failed 2 times in"));
  EXPECT_THAT(status.message(), HasSubstr("Input/output error"));
  EXPECT_EQ(lake.source->recovery()->retries()[3], 1) << "for the reason io";
  // Nothing was passed over: asked again, the stream goes on where it was.
  lake.store->fault = [](const auto&...) { return arrow::Status::OK(); };
  EXPECT_EQ(ReadAll(*stream).ValueOrDie(), Numbers(kFirst + 2, kLast));
}

TEST(Recovery, AsksForWhatIsRefusedOnceOnly) {
  for (const auto& refusal : {System(EACCES), Error(ErrorCode::kResourceExhausted, "too big"),
                              Error(ErrorCode::kDataLoss, "no ledger")}) {
    Lake lake;
    const auto stream = lake.Stream();
    lake.store->fault = [&](const auto&...) { return refusal; };
    lake.store->requests = 0;
    EXPECT_EQ(stream->Next().status().code(), refusal.code());
    EXPECT_EQ(lake.store->requests, 1) << refusal;
  }
}

TEST(Recovery, WaitsEverLongerButNeverInStep) {
  Lake lake({.max_attempts = 4, .breaker_threshold = 100});
  const auto stream = lake.Stream();
  std::mutex mutex;
  std::vector<Recovery::Clock::time_point> times;
  lake.store->fault = [&](const auto&...) {
    const std::lock_guard lock(mutex);
    times.push_back(Recovery::Clock::now());
    return Gone();
  };
  EXPECT_EQ(CodeOf(stream->Next().status()), ErrorCode::kUnavailable);
  ASSERT_EQ(times.size(), 4u);
  for (int i = 1; i < 4; ++i) {
    EXPECT_GE(times[i] - times[i - 1], Recovery::kFirstWait * (1 << (i - 1)) / 2);
  }
}

TEST(Recovery, IsCancelledWhileItWaits) {
  Lake lake({.max_attempts = 100, .breaker_threshold = 1});
  const auto stream = lake.Stream();
  lake.store->fault = [](const auto&...) { return Gone(); };
  arrow::Status status;
  std::jthread reader([&] { status = stream->Next().status(); });
  std::this_thread::sleep_for(200ms);
  const auto begin = Recovery::Clock::now();
  stream->Cancel();
  reader.join();
  EXPECT_LT(Recovery::Clock::now() - begin, 2s);
  EXPECT_EQ(CodeOf(status), ErrorCode::kCancelled) << status;
}

TEST(Recovery, SparesASourceThatIsDownAndFindsItUpAgain) {
  Lake lake({.max_attempts = 5, .breaker_threshold = 5});
  const auto stream = lake.Stream();
  std::atomic<bool> down = true;
  lake.store->fault = [&](const auto&...) { return down ? Gone() : arrow::Status(); };
  EXPECT_EQ(CodeOf(stream->Next().status()), ErrorCode::kUnavailable);
  EXPECT_EQ(lake.source->recovery()->breaker_state(), CircuitBreaker::State::kOpen);
  lake.store->requests = 0;
  // Whoever asks what there is learns that it is down, without asking it more than once a second.
  const auto begin = Recovery::Clock::now();
  const arrow::Status status = lake.source->GetExtent().status();
  const std::chrono::duration<double> passed = Recovery::Clock::now() - begin;
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable) << status;
  EXPECT_THAT(status.message(), HasSubstr("lake "));
  EXPECT_LE(lake.store->requests, passed.count() + 1);
  down = false;
  EXPECT_EQ(ReadAll(*stream).ValueOrDie(), Numbers(kFirst, kLast));
  EXPECT_EQ(lake.source->recovery()->breaker_state(), CircuitBreaker::State::kClosed);
}

TEST(Recovery, LetsThoseWhoAskTogetherWaitTogether) {
  Lake lake;
  lake.store->fault = [](const auto&...) { return Gone(); };
  const auto begin = Recovery::Clock::now();
  std::vector<std::jthread> askers;
  for (int i = 0; i < 20; ++i) {
    askers.emplace_back(
        [&] { EXPECT_EQ(CodeOf(lake.source->GetExtent().status()), ErrorCode::kUnavailable); });
  }
  askers.clear();
  EXPECT_LT(Recovery::Clock::now() - begin, 50s) << "20 times 5 s, were it one after the other";
}

// Many streams on a source that comes and goes all end whole, and are no burden to it.
TEST(Recovery, BringsManyStreamsOverAFlappingSource) {
  constexpr int kStreams = 50;
  Lake lake({.max_attempts = 20});
  std::vector<std::unique_ptr<ObjectStream>> streams;
  for (int i = 0; i < kStreams; ++i) streams.push_back(lake.Stream());
  const auto begin = Recovery::Clock::now();
  const auto is_down = [&] { return (Recovery::Clock::now() - begin) / 1s % 2 == 0; };
  std::atomic<int> failed = 0;
  lake.store->fault = [&](const auto&...) {
    std::this_thread::sleep_for(200ms);
    if (!is_down()) return arrow::Status::OK();
    ++failed;
    return Gone();
  };
  lake.store->requests = 0;
  std::atomic<int> whole = 0;
  std::vector<std::jthread> readers;
  for (const auto& stream : streams) {
    readers.emplace_back([&] {
      const auto read = ReadAll(*stream);
      if (read.ok() && *read == Numbers(kFirst, kLast)) ++whole;
    });
  }
  readers.clear();
  EXPECT_EQ(whole, kStreams);
  const std::chrono::duration<double> passed = Recovery::Clock::now() - begin;
  // When it goes down each stream may have a request under way; then there are probes alone.
  EXPECT_LE(failed, (passed.count() / 2 + 1) * (kStreams + 1.2));
  EXPECT_LE(lake.retries(),
            0.2 * lake.store->requests + Recovery::kMostRepetitions + passed.count() + kStreams);
}

TEST(Recovery, EndsWhenItsPatienceDoes) {
  Recovery recovery("s", {.max_attempts = 100, .breaker_threshold = 100});
  const auto begin = Recovery::Clock::now();
  const auto result =
      recovery.Run({.budget = 600ms}, []() -> arrow::Result<int> { return Gone(); });
  EXPECT_EQ(CodeOf(result.status()), ErrorCode::kUnavailable);
  EXPECT_LT(Recovery::Clock::now() - begin, 5s);
}

TEST(Recovery, PausesAsLongAsItIsAskedTo) {
  for (const auto& [asked, least] : {std::pair(2s, 2'000ms), std::pair(3600s, 5'000ms)}) {
    Recovery recovery("s", {.max_attempts = 2});
    std::vector<Recovery::Clock::time_point> times;
    const auto result = recovery.Run({}, [&, asked = asked]() -> arrow::Result<int> {
      times.push_back(Recovery::Clock::now());
      return MayPass(asked, "too many requests");
    });
    EXPECT_EQ(CodeOf(result.status()), ErrorCode::kUnavailable);
    ASSERT_EQ(times.size(), 2u);  // a pause beyond its patience it would not have made
    EXPECT_GE(times[1] - times[0], least);
  }
}

TEST(Recovery, BoundsAnAttemptByWhatIsLeftOfItsPatience) {
  const auto within = [](Recovery::Clock::time_point until) {
    return Patience{.until = until}.Within(1000ms);
  };
  const auto now = Recovery::Clock::now();
  EXPECT_EQ(Patience{}.Within(1000ms), 1000ms);
  EXPECT_EQ(within(now + 1h), 1000ms);
  EXPECT_LE(within(now + 500ms), 500ms);
  EXPECT_EQ(within(now - 1h), 1ms) << "0 would mean no limit to many";
  // And begins none behind it.
  Recovery recovery("s", {});
  int attempts = 0;
  const auto late =
      recovery.Run({.until = now}, [&]() -> arrow::Result<int> { return ++attempts; });
  EXPECT_EQ(CodeOf(late.status()), ErrorCode::kUnavailable);
  EXPECT_EQ(attempts, 0);
}

TEST(Recovery, KeepsNoDebtOfRepetitionsThatWereNotMade) {
  Recovery recovery("s", {.max_attempts = 2, .breaker_threshold = 1'000'000});
  const auto fail = [&](std::chrono::milliseconds budget) {
    return recovery.Run({.budget = budget}, []() -> arrow::Result<int> { return Gone(); });
  };
  // No time for a second attempt, ten times as often as repetitions may be owed.
  for (int i = 0; i < 10 * Recovery::kMostRepetitions; ++i) EXPECT_FALSE(fail(0ms).ok());
  EXPECT_THAT(fail(5s).status().message(), HasSubstr("failed 2 times"));
}

TEST(LakeTip, IsNoFailureHoweverLongItLasts) {
  Lake lake({}, [](FolderStore& store) { store.Hide(NameOf(kLast)); });
  const auto stream = lake.Stream({kFirst, std::nullopt});
  for (uint32_t ledger = kFirst; ledger < kLast; ++ledger) {
    EXPECT_EQ(stream->Next().ValueOrDie().object.first, ledger);
  }
  for (int i = 0; i < 60; ++i) {  // over ten times as often as what fails is tried
    EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  }
  EXPECT_EQ(lake.retries(), 0);
  EXPECT_EQ(lake.source->recovery()->breaker_state(), CircuitBreaker::State::kClosed);
  lake.store->Show(NameOf(kLast));
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, kLast);
}

TEST(LakeGap, IsAnErrorBehindTheTipAndIsNotTriedAgain) {
  Lake lake({}, [](FolderStore& store) { store.Hide(NameOf(kFirst + 2)); });
  const arrow::Status status = ReadAll(*lake.Stream({kFirst, std::nullopt})).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(Concat("ledger ", kFirst + 2, " is missing")));
  EXPECT_EQ(lake.retries(), 0);
}

// A lake that was there, of which nothing is left, as of a disk that is not mounted any more.
TEST(LakeThatVanished, IsNotTakenForOneAtItsTip) {
  Lake lake;
  const auto stream = lake.Stream({kFirst, std::nullopt});
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, kFirst);
  for (uint32_t ledger = kFirst; ledger <= kLast; ++ledger) lake.store->Hide(NameOf(ledger));
  const arrow::Status status = stream->Next().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable) << status;
  EXPECT_EQ(DetailOf(status)->ledger(), kFirst + 1);
}

}  // namespace
}  // namespace stellar_arrow::source

// When one source stands in for another, when it does not, and what is told where none is left.
#include "stellar_arrow/source/composite_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr milliseconds kNever = std::chrono::hours(1);

// Nothing comes of time alone.
constexpr CompositeTimes kPatient{milliseconds(5), kNever, kNever, kNever};

// A source of which the test says every answer.
struct Script {
  std::string name = "a";
  Extent extent{100, 100, /*grows=*/true};
  // In place of `extent`, from the second question on.
  std::function<arrow::Result<Extent>(const std::stop_token&)> ask;
  // What a stream says to "the ledger, please".
  std::function<arrow::Result<Fetched>(uint32_t, const std::stop_token&)> next;
  // Called before a stream is opened.
  std::function<arrow::Status(const std::stop_token&)> open;
  std::function<std::optional<std::string>()> passphrase;
  Recovery recovery{"a", {1, 1}};
  std::atomic<int> asked = 0;
  std::atomic<int> opened = 0;
  std::atomic<int> open_now = 0;
};

class Scripted final : public LedgerSource {
 public:
  explicit Scripted(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  std::string_view name() const override { return script_->name; }
  arrow::Result<Extent> GetExtent(const std::stop_token& stop) override {
    if (script_->asked++ > 0 && script_->ask) return script_->ask(stop);
    return script_->extent;
  }
  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy,
                                                          arrow::MemoryPool*,
                                                          const std::stop_token& stop) override {
    if (script_->open) ARROW_RETURN_NOT_OK(script_->open(stop));
    ++script_->opened;
    return std::make_unique<Stream>(script_, range);
  }
  std::optional<std::string> passphrase() const override {
    return script_->passphrase ? script_->passphrase() : std::nullopt;
  }
  const Recovery* recovery() const override { return &script_->recovery; }

 private:
  class Stream final : public ObjectStream {
   public:
    Stream(std::shared_ptr<Script> script, LedgerRange range)
        : script_(std::move(script)), next_(range.first), last_(range.last) {
      ++script_->open_now;
    }
    ~Stream() override { --script_->open_now; }
    arrow::Result<Fetched> Next() override {
      if (last_ && next_ > *last_) return Fetched{};
      auto fetched = script_->next(next_, stop_.get_token());
      if (fetched.ok() && fetched->state == Fetched::State::kObject) ++next_;
      return fetched;
    }
    void Wait(int64_t) override {}
    void Cancel() override { stop_.request_stop(); }

   private:
    const std::shared_ptr<Script> script_;
    uint32_t next_;
    const std::optional<uint32_t> last_;
    std::stop_source stop_;
  };

  const std::shared_ptr<Script> script_;
};

// The object tells whose it is.
Fetched Ledger(const std::string& of, uint32_t sequence) {
  return {Fetched::State::kObject, {of, Form::kLedger, false, nullptr, sequence, sequence}, {}};
}

// Has ledgers up to `newest`, and says of the next one what `beyond` says.
std::shared_ptr<Script> Having(
    const std::string& name, uint32_t first, uint32_t newest, bool grows = true,
    std::function<arrow::Result<Fetched>(uint32_t, const std::stop_token&)> beyond = {}) {
  auto script = std::make_shared<Script>();
  script->name = name;
  script->extent = {first, newest, grows};
  script->next = [=](uint32_t next, const std::stop_token& stop) -> arrow::Result<Fetched> {
    if (next >= first && next <= newest) return Ledger(name, next);
    if (beyond) return beyond(next, stop);
    if (!grows) return Fetched{};
    return Fetched{Fetched::State::kNotYet, {}, Concat(name, " has no ledger ", next, " yet")};
  };
  return script;
}

auto Failing(ErrorCode code) {
  return [code](uint32_t next, const std::stop_token&) -> arrow::Result<Fetched> {
    return LedgerError(code, next, "it fails at ledger ", next);
  };
}

// What is silent until `stop` comes.
arrow::Status BeSilent(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
  return Error(ErrorCode::kCancelled, "it was cancelled");
}

std::unique_ptr<LedgerSource> Composite(const std::vector<std::shared_ptr<Script>>& scripts,
                                        const CompositeTimes& times = kPatient) {
  std::vector<std::unique_ptr<LedgerSource>> sources;
  for (const auto& script : scripts) sources.push_back(std::make_unique<Scripted>(script));
  return OpenComposite(std::move(sources), times).ValueOrDie();
}

std::unique_ptr<ObjectStream> Open(LedgerSource& source, LedgerRange range) {
  return source.OpenStream(range, GapPolicy::kFail).ValueOrDie();
}

// The first thing that is not "not yet".
arrow::Result<Fetched> Await(ObjectStream& stream) {
  while (true) {
    auto fetched = stream.Next();
    if (!fetched.ok() || fetched->state != Fetched::State::kNotYet) return fetched;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

// The names of the sources of what comes, until something else does.
std::vector<std::string> Given(ObjectStream& stream, arrow::Result<Fetched>* then) {
  std::vector<std::string> given;
  while (true) {
    *then = stream.Next();
    if (!then->ok() || (*then)->state != Fetched::State::kObject) return given;
    given.push_back(Concat((*then)->object.name, (*then)->object.first));
  }
}

TEST(CompositeSource, WrongDataAreToldThoughTheOtherSourceOnlyWaits) {
  CompositeTimes times = kPatient;
  times.spared = milliseconds(30);
  const auto damaged = Having("b", 100, 200);
  damaged->next = Failing(ErrorCode::kDataLoss);
  const auto source = Composite({Having("a", 100, 100), damaged}, times);
  const auto status = Await(*Open(*source, {101, {}})).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr("it fails at ledger 101"));
  ASSERT_NE(DetailOf(status), nullptr);
  EXPECT_EQ(DetailOf(status)->ledger(), 101U);
}

TEST(CompositeSource, WrongDataAreToldWhateverElseFails) {
  for (const bool wrong_first : {false, true}) {
    auto a = Having("a", 100, 200);
    auto b = Having("b", 100, 200);
    a->next = Failing(wrong_first ? ErrorCode::kDataLoss : ErrorCode::kUnavailable);
    b->next = Failing(wrong_first ? ErrorCode::kUnavailable : ErrorCode::kDataLoss);
    const auto source = Composite({a, b});
    EXPECT_EQ(CodeOf(Open(*source, {101, {}})->Next().status()), ErrorCode::kDataLoss);
  }
}

TEST(CompositeSource, OneThatMayHaveTheLedgerWhenItAnswersIsToldBeforeThoseThatHaveItNot) {
  const auto holed = Having("a", 1, 200);
  holed->next = [](uint32_t next, const std::stop_token&) -> arrow::Result<Fetched> {
    return GapError(next, "ledger ", next, " is missing");
  };
  const auto late = Having("a", 100, 200);
  late->open = [](const std::stop_token&) {
    return Error(ErrorCode::kOutOfRange, "a has ledgers 100 to 200");
  };
  const auto down = Having("b", 1, 200);
  down->open = [](const std::stop_token&) { return Error(ErrorCode::kUnavailable, "b is down"); };
  for (const auto& sources :
       {std::vector{holed, down}, {down, holed}, {late, down}, {down, late}}) {
    const auto source = Composite(sources);
    const auto stream = source->OpenStream({50, 60}, GapPolicy::kFail);
    const arrow::Status status = stream.ok() ? (*stream)->Next().status() : stream.status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable) << status;
    EXPECT_THAT(status.message(), HasSubstr("b is down"));
  }
}

TEST(CompositeSource, AStreamThatWaitsOutlivesTheFailureOfOneThatIsAhead) {
  std::atomic<bool> grown = false;
  auto a = Having("a", 100, 100, true, [&](uint32_t next, const auto&) -> arrow::Result<Fetched> {
    if (grown) return Ledger("a", next);
    return Fetched{Fetched::State::kNotYet, {}, "a has it not yet"};
  });
  auto b = Having("b", 100, 200);
  b->next = Failing(ErrorCode::kUnavailable);
  const auto source = Composite({a, b});
  const auto stream = Open(*source, {101, {}});
  const auto waiting = stream->Next().ValueOrDie();
  EXPECT_EQ(waiting.state, Fetched::State::kNotYet);
  EXPECT_THAT(waiting.reason, HasSubstr("it fails at ledger 101"));
  EXPECT_EQ(b->opened, 1);
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  EXPECT_EQ(b->opened, 1);  // not again at once
  grown = true;
  EXPECT_EQ(stream->Next()->object.name, "a");
  EXPECT_EQ(a->opened, 1);  // it was kept
}

TEST(CompositeSource, OneThatFailedIsGoneOnWithWhenItIsBack) {
  CompositeTimes times = kPatient;
  times.spared = milliseconds(20);
  std::atomic<bool> back = false;
  auto b = Having("b", 100, 200);
  b->next = [&](uint32_t next, const auto&) -> arrow::Result<Fetched> {
    if (back) return Ledger("b", next);
    return Error(ErrorCode::kUnavailable, "it is down");
  };
  const auto source = Composite({Having("a", 100, 100), b}, times);
  const auto stream = Open(*source, {101, {}});
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  back = true;
  EXPECT_EQ(Await(*stream)->object.name, "b");
}

TEST(CompositeSource, HistoryAndTipOfTwoSourcesMakeOne) {
  auto tip = Having("tip", 103, 200);
  std::atomic<uint32_t> wanted = 101;
  tip->open = [&](const std::stop_token&) {
    if (wanted >= 103) return arrow::Status::OK();
    return Error(ErrorCode::kOutOfRange, "tip begins with ledger 103");
  };
  const auto source = Composite({tip, Having("history", 100, 102)});
  const auto stream = Open(*source, {101, 104});
  std::vector<std::string> given;
  for (; wanted <= 104; ++wanted) given.push_back(Await(*stream)->object.name);
  EXPECT_THAT(given, ElementsAre("history", "history", "tip", "tip"));
}

TEST(CompositeSource, TheNewestLedgerIsTheNewestOneKnownOf) {
  auto unknown = std::make_shared<Script>();
  unknown->extent = {{}, {}, /*grows=*/true};
  const auto other = Having("b", 100, 200, /*grows=*/false);
  for (const auto& source : {Composite({unknown, other}), Composite({other, unknown})}) {
    const Extent extent = source->GetExtent().ValueOrDie();
    EXPECT_EQ(extent.newest, 200U);
    EXPECT_EQ(extent.first, std::nullopt);  // nor is it known
    EXPECT_TRUE(extent.grows);
  }
}

TEST(CompositeSource, TheNewestLedgerIsStillKnownWhenTheOneThatSaidItDoesNotAnswer) {
  auto unknown = std::make_shared<Script>();
  unknown->extent = {{}, {}, /*grows=*/true};
  auto other = Having("b", 100, 200);
  std::atomic<bool> down = false;
  other->ask = [&](const std::stop_token&) -> arrow::Result<Extent> {
    if (!down) return Extent{100, 200, /*grows=*/true};
    return Error(ErrorCode::kUnavailable, "b is down");
  };
  const auto source = Composite({unknown, other});
  EXPECT_EQ(source->GetExtent()->newest, 200U);
  EXPECT_FALSE(source->GetExtent()->partial);
  EXPECT_EQ(source->newest_part().name(), "b");
  down = true;
  // Twice, so that the answer to the second has been heard when a third is asked.
  for (const int asked = other->asked; other->asked < asked + 3;) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(source->GetExtent()->newest, 200U);
}

TEST(CompositeSource, AnOpenRangeGoesOnBehindTheEndOfOneThatDoesNotGrow) {
  const auto source = Composite({Having("a", 100, 102, /*grows=*/false), Having("b", 100, 104)});
  arrow::Result<Fetched> then = Fetched{};
  EXPECT_THAT(Given(*Open(*source, {101, {}}), &then), ElementsAre("a101", "a102", "b103", "b104"));
  EXPECT_EQ(then->state, Fetched::State::kNotYet);
}

TEST(CompositeSource, AnOpenRangeEndsWhereAllEnd) {
  const auto source =
      Composite({Having("a", 100, 102, /*grows=*/false), Having("b", 100, 101, /*grows=*/false)});
  arrow::Result<Fetched> then = Fetched{};
  EXPECT_THAT(Given(*Open(*source, {101, {}}), &then), ElementsAre("a101", "a102"));
  ASSERT_TRUE(then.ok()) << then.status();
  EXPECT_EQ(then->state, Fetched::State::kEnd);
}

TEST(CompositeSource, AnOpenRangeDoesNotEndWellBeforeLedgersThereAre) {
  auto b = Having("b", 105, 110, /*grows=*/false);
  b->open = [](const std::stop_token&) {
    return Error(ErrorCode::kOutOfRange, "b begins with ledger 105");
  };
  for (const bool down : {false, true}) {
    if (down) {
      b->open = [](const std::stop_token&) { return Error(ErrorCode::kUnavailable, "b is down"); };
    }
    const auto source = Composite({Having("a", 100, 102, /*grows=*/false), b});
    arrow::Result<Fetched> then = Fetched{};
    EXPECT_THAT(Given(*Open(*source, {102, {}}), &then), ElementsAre("a102"));
    EXPECT_FALSE(then.ok());
  }
}

TEST(CompositeSource, OneThatIsSilentForLongIsGivenUpWhereAnotherHasTheLedger) {
  CompositeTimes times = kPatient;
  times.silent = milliseconds(30);
  auto a = Having("a", 100, 100);
  a->extent = {{}, {}, /*grows=*/true};
  a->next = [](uint32_t, const std::stop_token& stop) -> arrow::Result<Fetched> {
    return BeSilent(stop);
  };
  const auto source = Composite({a, Having("b", 100, 102)}, times);
  const auto stream = Open(*source, {101, {}});
  EXPECT_EQ(stream->Next()->object.name, "b");
  EXPECT_EQ(stream->Next()->object.name, "b");
}

TEST(CompositeSource, OneThatWasGivenUpIsOpenedAnewWhereNoOtherCanBe) {
  CompositeTimes times = kPatient;
  times.silent = milliseconds(30);
  auto a = Having("a", 100, 100);
  a->extent = {{}, {}, /*grows=*/true};
  a->next = [&a = *a](uint32_t next, const std::stop_token& stop) -> arrow::Result<Fetched> {
    if (a.opened == 1) return BeSilent(stop);
    return Ledger("a", next);
  };
  // As a core, which runs one stream at a time.
  a->open = [&a = *a](const std::stop_token&) {
    return a.open_now == 0 ? arrow::Status::OK() : Error(ErrorCode::kUnavailable, "a is in use");
  };
  auto b = Having("b", 100, 102);
  b->open = [](const std::stop_token&) { return Error(ErrorCode::kUnavailable, "b is down"); };
  const auto source = Composite({a, b}, times);
  const auto given = Open(*source, {101, {}})->Next();
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->object.name, "a");
  EXPECT_EQ(a->opened, 2);
}

TEST(CompositeSource, NobodyWaitsForASourceThatDoesNotAnswer) {
  std::atomic<bool> silent = false;
  auto b = Having("b", 100, 200);
  b->ask = [&](const std::stop_token& stop) -> arrow::Result<Extent> {
    silent = true;
    return BeSilent(stop);
  };
  const auto source = Composite({Having("a", 100, 100), b});
  while (!silent) std::this_thread::sleep_for(milliseconds(1));
  // What it has said before still counts.
  EXPECT_EQ(source->GetExtent()->newest, 200U);
  EXPECT_EQ(Open(*source, {101, {}})->Next()->object.name, "b");
}

TEST(CompositeSource, WhereAllAreSilentForLongThatIsTold) {
  CompositeTimes times = kPatient;
  times.silent = milliseconds(30);
  auto a = Having("a", 100, 200);
  a->ask = [](const std::stop_token& stop) -> arrow::Result<Extent> { return BeSilent(stop); };
  const auto source = Composite({a}, times);
  while (source->GetExtent().ok()) std::this_thread::sleep_for(milliseconds(1));
  const auto status = source->GetExtent().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("a has not answered for"));
}

TEST(CompositeSource, WhatOneThrowsWhenItIsAskedIsItsError) {
  auto a = Having("a", 100, 200);
  a->ask = [](const std::stop_token&) -> arrow::Result<Extent> {
    throw std::runtime_error("it is broken");
  };
  const auto source = Composite({a});
  while (source->GetExtent().ok()) std::this_thread::sleep_for(milliseconds(1));
  const auto status = source->GetExtent().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("asking a: it is broken"));
}

TEST(CompositeSource, AnOpenThatHangsIsCancelled) {
  std::atomic<bool> opening = false;
  auto b = Having("b", 100, 200);
  b->open = [&](const std::stop_token& stop) {
    opening = true;
    return BeSilent(stop);
  };
  const auto source = Composite({Having("a", 100, 101, true, Failing(ErrorCode::kUnavailable)), b});
  const auto stream = Open(*source, {101, {}});
  EXPECT_EQ(stream->Next()->object.name, "a");
  const std::jthread canceller([&] {
    while (!opening) std::this_thread::sleep_for(milliseconds(1));
    stream->Cancel();
  });
  EXPECT_EQ(CodeOf(stream->Next().status()), ErrorCode::kCancelled);
}

TEST(CompositeSource, OneThatCannotBeOpenedIsDownAndSaysWhy) {
  int attempts = 0;
  const auto late = OpenNowOrLater("a", [&]() -> arrow::Result<std::unique_ptr<LedgerSource>> {
    return Error(ErrorCode::kUnavailable, "no answer to question ", ++attempts);
  });
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ((*late)->recovery()->breaker_state(), CircuitBreaker::State::kOpen);
  EXPECT_EQ(attempts, 1);
  // It is asked once a second. Until then what is known is told, and so it is after that.
  while (attempts == 1) {
    const auto status = (*late)->GetExtent().status();
    EXPECT_EQ(status.message(), Concat("no answer to question ", attempts));
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST(CompositeSource, OneThatIsDownIsNotAskedForThePassphrase) {
  auto down = Having("a", 100, 100);
  std::atomic<int> asked = 0;
  down->passphrase = [&]() -> std::optional<std::string> {
    ++asked;
    return std::nullopt;
  };
  EXPECT_FALSE(
      down->recovery
          .Run({},
               []() -> arrow::Result<int> { return Error(ErrorCode::kUnavailable, "it is down"); })
          .ok());
  auto up = Having("b", 100, 100);
  up->passphrase = [] { return "the network's"; };
  const auto source = Composite({down, up});
  EXPECT_EQ(source->passphrase(), "the network's");
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace stellar_arrow::source

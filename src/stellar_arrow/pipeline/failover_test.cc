// Sources that stand in for each other: what a pipeline gives of them, and what it does not.
#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/source/composite_source.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::pipeline {
namespace {

using ledger::VerifyLevel;
using source::LedgerSource;
using support::MemorySource;
using testing::HasSubstr;

constexpr uint32_t kFirst = 1000;
constexpr size_t kCount = 60;

using Chain = std::vector<std::vector<uint8_t>>;

// Two chains of the same numbers, each good by itself.
const Chain& GoodChain() {
  static const Chain chain = support::MakeChain({SAS_TEST_DATA "/pubnet-lake"}, kFirst, kCount);
  return chain;
}

const Chain& AnotherChain() {
  static const Chain chain = [] {
    // Begun one ledger earlier, so that every hash differs.
    Chain longer = support::MakeChain({SAS_TEST_DATA "/pubnet-lake"}, kFirst - 1, kCount + 1);
    longer.erase(longer.begin());
    return longer;
  }();
  return chain;
}

std::unique_ptr<MemorySource> Source(const Chain& chain, size_t per_object) {
  return std::make_unique<MemorySource>(support::MakeObjects(chain, kFirst, per_object));
}

// One that fails at an object and ever after.
std::unique_ptr<MemorySource> Failing(const Chain& chain, size_t per_object, size_t object) {
  auto source = Source(chain, per_object);
  source->script.before = [object](size_t next) {
    return next < object ? arrow::Status::OK() : Error(ErrorCode::kUnavailable, "it is down");
  };
  return source;
}

std::unique_ptr<LedgerSource> Composite(std::unique_ptr<LedgerSource> a,
                                        std::unique_ptr<LedgerSource> b) {
  std::vector<std::unique_ptr<LedgerSource>> sources;
  sources.push_back(std::move(a));
  sources.push_back(std::move(b));
  return source::OpenComposite(std::move(sources)).ValueOrDie();
}

struct Pass {
  std::vector<uint32_t> ledgers;
  arrow::Status status;
};

Pass Read(LedgerSource& source, VerifyLevel level = VerifyLevel::kChain) {
  Options options;
  options.range = {kFirst, kFirst + kCount - 1};
  options.verify = level;
  options.threads = 2;
  const auto pipeline = Pipeline::Make(source, std::move(options)).ValueOrDie();
  Pass pass;
  while (true) {
    const auto progress = pipeline->Next(/*wait=*/true);
    pass.status = progress.status();
    if (!progress.ok() || *progress != Progress::kLedger) return pass;
    pass.ledgers.push_back(pipeline->ledger().sequence());
  }
}

std::vector<uint32_t> Sequences(size_t count) {
  std::vector<uint32_t> sequences;
  for (size_t i = 0; i < count; ++i) sequences.push_back(kFirst + static_cast<uint32_t>(i));
  return sequences;
}

TEST(Failover, GoesOnWithTheNextLedgerWhereverOneFails) {
  for (const size_t per_object : {1, 7}) {
    for (size_t object = 0; object < kCount / 4; ++object) {
      const auto source =
          Composite(Failing(GoodChain(), 4, object), Source(GoodChain(), per_object));
      const Pass pass = Read(*source);
      EXPECT_TRUE(pass.status.ok()) << pass.status;
      EXPECT_EQ(pass.ledgers, Sequences(kCount)) << object << " " << per_object;
    }
  }
}

TEST(Failover, AnotherChainIsRefusedAtEveryLevel) {
  for (const VerifyLevel level :
       {VerifyLevel::kStructure, VerifyLevel::kChain, VerifyLevel::kFull}) {
    for (const size_t per_object : {1, 7}) {
      const auto source = Composite(Failing(GoodChain(), 4, 5), Source(AnotherChain(), per_object));
      const Pass pass = Read(*source, level);
      EXPECT_EQ(CodeOf(pass.status), ErrorCode::kDataLoss) << pass.status;
      EXPECT_EQ(pass.ledgers, Sequences(20));
    }
  }
}

TEST(Failover, WhereAllFailTheLastOnesErrorIsTold) {
  const auto source = Composite(Failing(GoodChain(), 4, 5), Failing(GoodChain(), 4, 5));
  const Pass pass = Read(*source);
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kUnavailable);
  EXPECT_THAT(pass.status.message(), HasSubstr("it is down"));
  EXPECT_EQ(pass.ledgers, Sequences(20));
}

TEST(Failover, OneThatDoesNotAnswerAtTheStartStandsInOnceItDoes) {
  std::atomic<bool> there = false;
  const auto late = [&]() -> arrow::Result<std::unique_ptr<LedgerSource>> {
    if (!there) return Error(ErrorCode::kUnavailable, "it is not there yet");
    return Source(GoodChain(), 4);
  };
  const auto source =
      Composite(source::OpenNowOrLater("late", late).ValueOrDie(), Failing(GoodChain(), 4, 5));
  EXPECT_EQ(Read(*source).ledgers, Sequences(20));
  there = true;
  // It is asked now and then whether it is back.
  while (source->parts()[0]->recovery() != nullptr) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(Read(*source).ledgers, Sequences(kCount));
}

TEST(Failover, WhatIsWrongForGoodIsNotWaitedFor) {
  const auto opened = source::OpenNowOrLater(
      "wrong", [] { return Error(ErrorCode::kInvalidArgument, "that is no source"); });
  EXPECT_EQ(CodeOf(opened.status()), ErrorCode::kInvalidArgument);
}

TEST(Failover, SourcesOfTwoNetworksAreRefused) {
  auto a = Source(GoodChain(), 4);
  auto b = Source(GoodChain(), 4);
  a->script.passphrase = "one";
  b->script.passphrase = "another";
  std::vector<std::unique_ptr<LedgerSource>> sources;
  sources.push_back(std::move(a));
  sources.push_back(std::move(b));
  EXPECT_EQ(CodeOf(source::OpenComposite(std::move(sources)).status()),
            ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace stellar_arrow::pipeline

// Ledgers that are made up: which there are, and that streams agree wherever they begin.
#include "stellar_arrow/source/synthetic_source.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {
namespace {

using testing::HasSubstr;

std::unique_ptr<LedgerSource> Open(const std::string& url) {
  auto source = OpenSource(url);
  EXPECT_TRUE(source.ok()) << source.status();
  return std::move(*source);
}

std::map<uint32_t, std::string> Read(LedgerSource& source, LedgerRange range) {
  std::map<uint32_t, std::string> ledgers;
  const auto stream = source.OpenStream(range, GapPolicy::kFail).ValueOrDie();
  while (true) {
    const Fetched fetched = stream->Next().ValueOrDie();
    if (fetched.state != Fetched::State::kObject) return ledgers;
    EXPECT_EQ(fetched.object.first, fetched.object.last);
    ledgers[fetched.object.first] = fetched.object.bytes->ToString();
  }
}

TEST(SyntheticSourceTest, AStreamGivesTheSameLedgersWhereverItBegins) {
  // Enough for copies of the generator to be kept, and thinned out.
  const auto source = Open("synthetic:?transactions=1&count=2500&soroban=0");
  const auto all = Read(*source, {0, std::nullopt});
  ASSERT_EQ(all.size(), 2500U);
  EXPECT_EQ(all.begin()->first, 2U);
  for (const uint32_t first : {2U, 129U, 130U, 131U, 1200U, 2501U}) {
    for (const auto& [sequence, bytes] : Read(*source, {first, std::min(first + 1, 2501U)})) {
      EXPECT_EQ(bytes, all.at(sequence)) << sequence;
    }
  }
  const auto another = Open("synthetic:?transactions=1&count=2500&soroban=0");
  EXPECT_EQ(Read(*another, {300, 300}).at(300), all.at(300));
}

TEST(SyntheticSourceTest, WithoutAnEndItGrowsByWhatIsAskedFor) {
  const auto source = Open("synthetic:?transactions=1&start=100");
  Extent extent = source->GetExtent().ValueOrDie();
  EXPECT_EQ(extent.first, 100U);
  EXPECT_EQ(extent.newest, 100U);
  EXPECT_TRUE(extent.grows);
  EXPECT_EQ(Read(*source, {0, 150}).size(), 51U);
  extent = source->GetExtent().ValueOrDie();
  EXPECT_EQ(extent.newest, 150U);
}

TEST(SyntheticSourceTest, WithoutAnEndAStreamBeginsNearWhatThereIs) {
  const auto source = Open("synthetic:?transactions=0");
  const auto refused = source->OpenStream({4'000'000'000, std::nullopt}, GapPolicy::kFail);
  EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kOutOfRange);
  EXPECT_THAT(refused.status().message(), HasSubstr("it has come to 2"));
  EXPECT_TRUE(source->OpenStream({10'002, std::nullopt}, GapPolicy::kFail).ok());
  EXPECT_FALSE(source->OpenStream({10'003, std::nullopt}, GapPolicy::kFail).ok());
}

TEST(SyntheticSourceTest, WithACountItEndsThere) {
  const auto source = Open("synthetic:?transactions=1&start=100&count=3");
  const Extent extent = source->GetExtent().ValueOrDie();
  EXPECT_EQ(extent.newest, 102U);
  EXPECT_FALSE(extent.grows);
  EXPECT_EQ(Read(*source, {101, std::nullopt}).size(), 2U);
  for (const LedgerRange range : {LedgerRange{99, 101}, LedgerRange{101, 103}}) {
    const auto refused = source->OpenStream(range, GapPolicy::kFail);
    EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kOutOfRange);
    EXPECT_THAT(refused.status().message(), HasSubstr("it has ledgers 100 to 102"));
  }
}

TEST(SyntheticSourceTest, WithAPaceLedgersAreDueOneAfterTheOther) {
  const auto source = Open("synthetic:?transactions=1&pace=3600s");
  const Extent extent = source->GetExtent().ValueOrDie();
  EXPECT_EQ(extent.newest, 2U);
  EXPECT_TRUE(extent.grows);
  const auto stream = source->OpenStream({0, std::nullopt}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kObject);
  const Fetched fetched = stream->Next().ValueOrDie();
  EXPECT_EQ(fetched.state, Fetched::State::kNotYet);
  EXPECT_THAT(fetched.reason, HasSubstr("ledger 3 is not due yet"));
}

TEST(SyntheticSourceTest, WhatIsDueInMillionsOfYearsIsWaitedFor) {
  const auto source = Open("synthetic:?transactions=0&pace=86400s");
  const auto stream = source->OpenStream({UINT32_MAX, std::nullopt}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  const auto begun = std::chrono::steady_clock::now();
  stream->Wait(5);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(5));
}

TEST(SyntheticSourceTest, TheGreatestLedgerNumberIsTheLast) {
  const auto source = Open("synthetic:?transactions=0&start=4294967294&count=2");
  EXPECT_EQ(source->GetExtent().ValueOrDie().newest, UINT32_MAX);
}

TEST(SyntheticSourceTest, ItStatesANetworkOfItsOwn) {
  EXPECT_EQ(Open("synthetic:")->passphrase(), "Synthetic Network ; stellar-arrow-source");
}

}  // namespace
}  // namespace stellar_arrow::source

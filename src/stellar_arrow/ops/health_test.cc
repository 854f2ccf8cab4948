#include "stellar_arrow/ops/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stellar_arrow::ops {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> NamesOf(const std::vector<Reason>& reasons) {
  std::vector<std::string> names;
  for (const Reason& reason : reasons) {
    EXPECT_FALSE(reason.message.empty());
    names.emplace_back(reason.what);
  }
  return names;
}

State Good() {
  State state;
  state.listening = true;
  state.source = "lake";
  state.head_ledger = 100;
  state.lag = seconds(4);
  state.most_lag = seconds(30);
  return state;
}

TEST(Health, IsDecidedByAllThatIsKnown) {
  EXPECT_THAT(ReasonsNotReady(Good()), IsEmpty());
  for (int bits = 0; bits < 128; ++bits) {
    State state = Good();
    state.listening = (bits & 1) == 0;
    state.draining = (bits & 2) != 0;
    if ((bits & 4) != 0) state.source_error = "no such folder";
    if ((bits & 8) != 0) state.source_silent = kMostSilence + milliseconds(1);
    if ((bits & 16) != 0) state.lag = seconds(31);
    if ((bits & 32) != 0) state.checkpoint_error = "no space left";
    state.memory_is_short = (bits & 64) != 0;
    std::vector<std::string> expected;
    if (state.draining) {
      expected.emplace_back("draining");
    } else if (!state.listening) {
      expected.emplace_back("starting");
    }
    if (!state.source_error.empty()) {
      expected.emplace_back("source_failed");
    } else if ((bits & 8) != 0) {
      expected.emplace_back("source_silent");
    }
    if ((bits & 16) != 0) expected.emplace_back("behind");
    if ((bits & 32) != 0) expected.emplace_back("checkpoints_failed");
    if ((bits & 64) != 0) expected.emplace_back("memory_short");
    EXPECT_EQ(NamesOf(ReasonsNotReady(state)), expected) << bits;
    const auto json = nlohmann::json::parse(ToJson(state));
    EXPECT_EQ(json["status"], expected.empty() ? "healthy" : "unhealthy") << bits;
    EXPECT_EQ(json["reasons"].size(), expected.size()) << bits;
  }
}

TEST(Health, AllowsWhatIsAtTheLimits) {
  State state = Good();
  state.lag = state.most_lag;
  state.source_silent = kMostSilence;
  EXPECT_THAT(ReasonsNotReady(state), IsEmpty());
}

TEST(Health, AllowsAnyLagWhereNoneIsTooMuchOrNoneIsKnown) {
  State state = Good();
  state.lag = hours(24);
  state.most_lag = {};
  EXPECT_THAT(ReasonsNotReady(state), IsEmpty());
  state = Good();
  state.lag.reset();
  EXPECT_THAT(ReasonsNotReady(state), IsEmpty());
}

TEST(Health, BeginsUnhealthy) {
  EXPECT_THAT(NamesOf(ReasonsNotReady(Health(milliseconds{}).Now())), ElementsAre("starting"));
}

// The original counted ten errors in its life, and was never healthy again.
TEST(Health, IsGoodAgainWhenTheSourceAnswersHoweverOftenItFailed) {
  Health health{milliseconds{}};
  health.SourceIs("lake");
  health.Listening();
  for (int i = 0; i < 1000; ++i) health.SourceFailed("gone");
  EXPECT_THAT(NamesOf(ReasonsNotReady(health.Now())), ElementsAre("source_failed"));
  health.SourceAnswered(7, {});
  EXPECT_THAT(ReasonsNotReady(health.Now()), IsEmpty());
}

TEST(Health, IsBehindUntilANewLedgerComes) {
  Health health(seconds(30));
  health.Listening();
  health.SourceAnswered(7, system_clock::now() - hours(1));
  EXPECT_THAT(NamesOf(ReasonsNotReady(health.Now())), ElementsAre("behind"));
  EXPECT_THAT(ReasonsNotReady(health.Now()).front().message,
              AllOf(HasSubstr("ledger 7"), HasSubstr("30 s")));
  health.SourceAnswered(8, system_clock::now());
  EXPECT_THAT(ReasonsNotReady(health.Now()), IsEmpty());
}

TEST(Health, IsAskedForWhatOthersKnow) {
  Health health{milliseconds{}};
  health.Listening();
  bool is_short = true;
  health.Ask([&](State* state) { state->memory_is_short = is_short; });
  EXPECT_THAT(NamesOf(ReasonsNotReady(health.Now())), ElementsAre("memory_short"));
  is_short = false;
  EXPECT_THAT(ReasonsNotReady(health.Now()), IsEmpty());
}

TEST(Health, IsJsonWhateverSourcesAreCalled) {
  State state = Good();
  state.source = "lake \xff\"\n\x1b[31m";
  state.source_error = "\r\nX: y";
  const std::string text = ToJson(state);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_TRUE(nlohmann::json::accept(text));
}

}  // namespace
}  // namespace stellar_arrow::ops

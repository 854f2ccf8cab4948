#include "stellar_arrow/source/circuit_breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace stellar_arrow::source {
namespace {

using namespace std::chrono_literals;
using State = CircuitBreaker::State;
using Clock = CircuitBreaker::Clock;

// A breaker whose clock is turned by hand.
struct ByHand {
  explicit ByHand(int threshold) : breaker(threshold, [this] { return now; }) {}

  std::optional<CircuitBreaker::Permit> Enter() { return breaker.Enter(now, {}); }
  void Fail(int times = 1) {
    for (int i = 0; i < times; ++i) Enter()->Failed();
  }

  Clock::time_point now{};
  CircuitBreaker breaker;
};

TEST(CircuitBreaker, OpensAfterFailuresInARowOnly) {
  ByHand hand(3);
  hand.Fail(2);
  hand.Enter()->Succeeded();
  hand.Fail(2);
  EXPECT_EQ(hand.breaker.state(), State::kClosed);
  hand.Fail();
  EXPECT_EQ(hand.breaker.state(), State::kOpen);
  EXPECT_FALSE(hand.Enter());
}

TEST(CircuitBreaker, ProbesOncePerPauseAndClosesWhenOneSucceeds) {
  ByHand hand(1);
  hand.Fail();
  hand.now += CircuitBreaker::kPause - 1ms;
  EXPECT_FALSE(hand.Enter());
  hand.now += CircuitBreaker::kPause / 10 + 1ms;
  {
    auto probe = hand.Enter();
    ASSERT_TRUE(probe);
    EXPECT_EQ(hand.breaker.state(), State::kHalfOpen);
    EXPECT_FALSE(hand.Enter());
    probe->Failed();
  }
  EXPECT_FALSE(hand.Enter());
  hand.now += CircuitBreaker::kPause * 11 / 10;
  hand.Enter()->Succeeded();
  EXPECT_EQ(hand.breaker.state(), State::kClosed);
  EXPECT_TRUE(hand.Enter());
}

TEST(CircuitBreaker, GivesAProbeAgainThatWasDroppedWithoutAWord) {
  ByHand hand(1);
  hand.Fail();
  hand.now += 2 * CircuitBreaker::kPause;
  EXPECT_TRUE(hand.Enter());
  EXPECT_EQ(hand.breaker.state(), State::kOpen);
  EXPECT_TRUE(hand.Enter());
}

// The original's breaker locked itself out here for ever.
TEST(CircuitBreaker, GoesFromOpenToHalfOpenWithoutHanging) {
  ByHand hand(5);
  hand.Fail(5);
  for (int round = 0; round < 3; ++round) {
    hand.now += 2 * CircuitBreaker::kPause;
    ASSERT_TRUE(hand.Enter());
  }
  hand.Enter()->Succeeded();
  EXPECT_EQ(hand.breaker.state(), State::kClosed);
}

TEST(CircuitBreaker, LetsOneProbeInHoweverManyAsk) {
  constexpr int kRounds = 10'000;
  std::atomic<int64_t> seconds = 0;
  CircuitBreaker breaker(
      1, [&] { return Clock::time_point(std::chrono::seconds(seconds.fetch_add(2))); });
  breaker.Enter(Clock::time_point::max(), {})->Failed();
  std::atomic<int> under_way = 0;
  std::atomic<int> most = 0;
  std::atomic<int> rounds = 0;
  std::vector<std::jthread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      while (rounds < kRounds) {
        auto permit = breaker.Enter(Clock::time_point{}, {});
        if (!permit) continue;
        const int now = ++under_way;
        int before = most;
        while (now > before && !most.compare_exchange_weak(before, now)) {
        }
        --under_way;
        if (++rounds % 2 == 0) {
          permit->Failed();
        }  // else dropped without a word
      }
    });
  }
  askers.clear();
  EXPECT_EQ(most, 1);
  EXPECT_GE(rounds, kRounds);
}

TEST(CircuitBreaker, WakesAllWhoWaitWhenItCloses) {
  CircuitBreaker breaker(1);
  breaker.Enter(Clock::now(), {})->Failed();
  std::atomic<int> entered = 0;
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back([&] {
      if (auto permit = breaker.Enter(Clock::now() + 1min, {})) {
        permit->Succeeded();
        ++entered;
      }
    });
  }
  const auto begin = Clock::now();
  waiting.clear();
  EXPECT_EQ(entered, 8);
  EXPECT_LT(Clock::now() - begin, 30s);
}

TEST(CircuitBreaker, HasAnotherProbeForThoseWhoWaitedForOneThatFailed) {
  CircuitBreaker breaker(1);
  breaker.Enter(Clock::now(), {})->Failed();
  std::atomic<int> probes = 0;
  std::atomic<int> entered = 0;
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back([&] {
      auto permit = breaker.Enter(Clock::now() + 1min, {});
      ASSERT_TRUE(permit);
      if (++probes == 1) {
        std::this_thread::sleep_for(50ms);  // the others wait for this one
        permit->Failed();
      } else {
        permit->Succeeded();
        ++entered;
      }
    });
  }
  const auto begin = Clock::now();
  waiting.clear();
  EXPECT_EQ(entered, 3);
  EXPECT_LT(Clock::now() - begin, 30s) << "not to the end of their patience";
}

TEST(CircuitBreaker, StopsWaitingWhenToldTo) {
  CircuitBreaker breaker(1);
  breaker.Enter(Clock::now(), {})->Failed();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(breaker.Enter(Clock::now() + 1h, stop.get_token()));
  EXPECT_FALSE(breaker.Enter(Clock::now(), {})) << "and when there is no time left";
}

}  // namespace
}  // namespace stellar_arrow::source

#include "stellar_arrow/base/sleep.h"

#include <gtest/gtest.h>

#include <thread>

namespace stellar_arrow {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

TEST(Sleep, LastsAsLongAsItShould) {
  const auto begin = Clock::now();
  EXPECT_TRUE(SleepFor(20ms, {}));
  EXPECT_GE(Clock::now() - begin, 20ms);
  EXPECT_TRUE(SleepUntil(begin, {}));
}

TEST(Sleep, EndsWhenItIsStopped) {
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  EXPECT_FALSE(SleepFor(1h, stop.get_token()));
  EXPECT_FALSE(SleepUntil(Clock::now() + 1h, stop.get_token()));
}

}  // namespace
}  // namespace stellar_arrow

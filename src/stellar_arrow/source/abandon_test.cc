// Calls that nobody waits for: they end by themselves, and are no more than there may be.
#include "stellar_arrow/source/abandon.h"

#include <arrow/util/io_util.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <cerrno>
#include <future>
#include <thread>

#include "stellar_arrow/source/recovery.h"

namespace stellar_arrow::source {
namespace {

using namespace std::chrono_literals;

TEST(AbandonableCalls, AreNoMoreThanThereMayBe) {
  constexpr int kMost = 3;
  const AbandonableCalls calls(kMost);
  std::promise<void> answer;
  const std::shared_future<void> answered(answer.get_future());
  const auto silent = [answered]() -> arrow::Result<int> {
    answered.wait();
    return 1;
  };
  const auto quick = []() -> arrow::Result<int> { return 2; };
  for (int i = 0; i < kMost; ++i) {
    EXPECT_EQ(calls.Run(quick, {}, 60s).ValueOrDie(), 2);
    const arrow::Status late = calls.Run(silent, {}, 1ms).status();
    EXPECT_EQ(arrow::internal::ErrnoFromStatus(late), ETIMEDOUT) << late;
  }
  const arrow::Status refused = calls.Run(quick, {}, 60s).status();
  EXPECT_EQ(FailureOf(refused), Failure::kTransient) << refused;
  EXPECT_EQ(AbandonableCalls(kMost).Run(quick, {}, 60s).ValueOrDie(), 2) << "to another place";
  answer.set_value();
  while (!calls.Run(quick, {}, 60s).ok()) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(NothingRunsAside(60s));
}

TEST(AbandonableCalls, AreLeftWhereNobodyWaits) {
  const AbandonableCalls calls(1);
  std::promise<void> answer;
  const std::shared_future<void> answered(answer.get_future());
  std::stop_source stop;
  stop.request_stop();
  const arrow::Status status = calls
                                   .Run(
                                       [answered]() -> arrow::Result<int> {
                                         answered.wait();
                                         return 1;
                                       },
                                       stop.get_token(), 60s)
                                   .status();
  EXPECT_EQ(FailureOf(status), Failure::kCancelled) << status;
  EXPECT_FALSE(NothingRunsAside(1ms));
  answer.set_value();
  EXPECT_TRUE(NothingRunsAside(60s));
}

TEST(AbandonableCalls, ThatGetNoThreadAreNoFaultOfWhoIsCalled) {
  pthread_attr_t as_it_is, too_big;
  ASSERT_EQ(::pthread_getattr_default_np(&as_it_is), 0);
  ASSERT_EQ(::pthread_getattr_default_np(&too_big), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&too_big, size_t{1} << 47), 0);  // there is no such room
  ASSERT_EQ(::pthread_setattr_default_np(&too_big), 0);
  const auto result = AbandonableCalls(1).Run([]() -> arrow::Result<int> { return 1; }, {}, 60s);
  ASSERT_EQ(::pthread_setattr_default_np(&as_it_is), 0);
  EXPECT_EQ(FailureOf(result.status()), Failure::kOurs) << result.status();
}

}  // namespace
}  // namespace stellar_arrow::source

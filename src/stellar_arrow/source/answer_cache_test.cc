// Who is told what a source that is slow, or does not answer, has said.
#include "stellar_arrow/source/answer_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace stellar_arrow::source {
namespace {

using namespace std::chrono_literals;

// Streams that are opened on a source that is down ask twice each; so does whoever asked for all.
TEST(AnswerCache, TellsAllWhoWaitedTogetherAtTheSameTime) {
  constexpr int kStreams = 32;
  AnswerCache<int> cache(0ms, 0ms);
  std::atomic<int> asked = 0;
  std::vector<std::jthread> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.emplace_back([&] {
      for (int time = 0; time < 2; ++time) {
        EXPECT_FALSE(cache
                         .Get({},
                              [&]() -> arrow::Result<int> {
                                ++asked;
                                std::this_thread::sleep_for(200ms);
                                return Error(ErrorCode::kUnavailable, "it does not answer");
                              })
                         .ok());
      }
    });
  }
  streams.clear();
  // Two, were all threads to run at once; one after the other it were some 32.
  EXPECT_LT(asked, kStreams / 2);
}

TEST(AnswerCache, AsksOnceForWhatIsYoungEnough) {
  AnswerCache<int> cache(1h, 1h);
  int asked = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cache.Get({}, [&]() -> arrow::Result<int> { return ++asked; }).ValueOrDie(), 1);
  }
}

}  // namespace
}  // namespace stellar_arrow::source

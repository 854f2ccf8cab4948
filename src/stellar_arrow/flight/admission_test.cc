#include "stellar_arrow/flight/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::flight {
namespace {

using testing::HasSubstr;

std::unique_ptr<Admission::Place> MustEnter(Admission& admission, const char* peer) {
  auto place = admission.Enter(peer);
  EXPECT_TRUE(place.ok()) << place.status();
  return place.ok() ? std::move(*place) : nullptr;
}

std::string Refusal(Admission& admission, const char* peer) {
  const auto place = admission.Enter(peer);
  EXPECT_FALSE(place.ok());
  EXPECT_EQ(CodeOf(place.status()), ErrorCode::kResourceExhausted);
  return place.status().message();
}

TEST(Admission, RefusesOneStreamMoreThanTheLimitUntilOneHasEnded) {
  Admission admission({.streams = 2, .streams_per_peer = 2});
  const auto first = MustEnter(admission, "ipv4:10.0.0.1:1");
  auto second = MustEnter(admission, "ipv4:10.0.0.2:1");
  EXPECT_THAT(Refusal(admission, "ipv4:10.0.0.3:1"), HasSubstr("MAX_CONNECTIONS"));
  second.reset();
  EXPECT_NE(MustEnter(admission, "ipv4:10.0.0.3:1"), nullptr);
}

TEST(Admission, CountsThePeersOfOneAddressTogetherWhateverTheirPorts) {
  Admission admission({.streams = 10, .streams_per_peer = 2});
  for (const auto& [ours, theirs] : {std::pair("ipv4:10.0.0.1:", "ipv4:10.0.0.2:"),
                                     std::pair("ipv6:%5B::1%5D:", "ipv6:%5B::2%5D:")}) {
    const std::string address(ours);
    auto first = MustEnter(admission, (address + "40001").c_str());
    auto second = MustEnter(admission, (address + "40002").c_str());
    EXPECT_THAT(Refusal(admission, (address + "40003").c_str()),
                HasSubstr("MAX_CONNECTIONS_PER_PEER"));
    EXPECT_NE(MustEnter(admission, (std::string(theirs) + "40001").c_str()), nullptr);
    first.reset();
    EXPECT_NE(MustEnter(admission, (address + "40003").c_str()), nullptr);
  }
}

TEST(Admission, GivesEveryPlaceBackWhateverTheOrder) {
  Admission admission({.streams = 8, .streams_per_peer = 4});
  std::atomic<int> entered = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, peer = Concat("ipv4:10.0.0.", i % 2, ":", i)] {
      for (int round = 0; round < 2000; ++round) {
        if (admission.Enter(peer).ok()) ++entered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(entered, 8 * 2000);
  std::vector<std::unique_ptr<Admission::Place>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(MustEnter(admission, "ipv4:10.0.0.0:1"));
    all.push_back(MustEnter(admission, "ipv4:10.0.0.1:1"));
  }
}

TEST(Admission, WaitsForTheLastStreamAndNoLonger) {
  Admission admission({});
  admission.WaitForNone(std::chrono::hours(1));  // there is none
  auto place = MustEnter(admission, "ipv4:10.0.0.1:1");
  admission.WaitForNone(std::chrono::milliseconds(1));  // gives up
  std::thread ending([&] { place.reset(); });
  admission.WaitForNone(std::chrono::hours(1));
  ending.join();
}

}  // namespace
}  // namespace stellar_arrow::flight

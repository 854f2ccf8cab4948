#include "stellar_arrow/source/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {
namespace {

using namespace std::chrono_literals;

// Takes every descriptor that the process may have, of which there are few meanwhile.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &few);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY)) >= 0;) taken_.push_back(fd);
  }
  ~NoDescriptors() {
    for (const int fd : taken_) ::close(fd);
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(Descriptors, RunOutAndComeBack) {
  EXPECT_TRUE(DescriptorIsLeft());
  {
    const NoDescriptors none;
    EXPECT_FALSE(DescriptorIsLeft());
  }
  EXPECT_TRUE(DescriptorIsLeft());
}

TEST(Descriptors, AreWaitedForByTheReadersOfALake) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan, built together with ASan, looks at objects through a pipe: without a "
                  "descriptor it takes every one for invalid";
#endif
  const auto source = OpenSource(SAS_TEST_DATA "/pubnet-lake").ValueOrDie();
  auto none = std::make_unique<NoDescriptors>();
  std::thread rush([&] {
    std::this_thread::sleep_for(100ms);
    none.reset();
  });
  const auto extent = source->GetExtent();
  rush.join();
  EXPECT_EQ(extent.ValueOrDie().newest, 30822020u);
}

TEST(Descriptors, AreNotWaitedForWhereSomethingElseFails) {
  int calls = 0;
  const auto read = [&]() -> arrow::Result<int> {
    ++calls;
    return arrow::Status::IOError("no such file");
  };
  EXPECT_FALSE(WithDescriptor(read).ok());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace stellar_arrow::source

// Programs that run beside this one: that none is left behind, and none of others is ended.
#include "stellar_arrow/source/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "stellar_arrow/source/recovery.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;

class ChildProcessTest : public testing::Test {
 protected:
  ChildProcessTest() {
    // Anew, so that what earlier tests have left changes nothing.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (const char* const ours = std::getenv(kFolder)) {
      folder_ = ours;
      return;
    }
    std::string made = (fs::temp_directory_path() / "child-process-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
    ::setenv(kFolder, made.c_str(), 1);
  }
  ~ChildProcessTest() override {
    ::unsetenv(kFolder);
    fs::remove_all(folder_);
  }

  // A shell that first writes its number into the file "pid".
  ChildProcess::Options Shell(const std::string& script) const {
    return {{"/bin/sh", "-c", "echo $$ > pid.new; mv pid.new pid; " + script},
            folder_.string(),
            std::nullopt,
            [](const std::string&) {}};
  }
  bool HasStarted() const { return fs::exists(folder_ / "pid"); }
  // Waits for it.
  pid_t Pid() const {
    while (!HasStarted()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    pid_t pid = 0;
    std::ifstream(folder_ / "pid") >> pid;
    return pid;
  }

  // By this a process that a death test starts anew finds the same folder.
  static constexpr const char* kFolder = "CHILD_PROCESS_TEST_FOLDER";
  fs::path folder_;
};

TEST_F(ChildProcessTest, OneThatHasEndedKeepsItsNumberUntilItIsDropped) {
  auto process = ChildProcess::Start(Shell("exit 3")).ValueOrDie();
  const pid_t pid = Pid();
  ASSERT_TRUE(process->WaitForEnd({}));
  EXPECT_TRUE(process->HowItEnded().ends_with("ended with exit code 3"));
  // So what its group is ended by can meet no other.
  EXPECT_EQ(::kill(pid, 0), 0);
  process.reset();
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(ChildProcessTest, ItsLastWordsAreWaitedFor) {
  auto options = Shell("echo one; echo two");
  options.on_line = [](const std::string&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it has long ended
  };
  const auto process = ChildProcess::Start(std::move(options)).ValueOrDie();
  ASSERT_TRUE(process->WaitForEnd({}));
  EXPECT_EQ(process->LastWords(), "two");
}

TEST_F(ChildProcessTest, OfALongLineNoWordIsToldInPart) {
  for (const auto& [line, told] : {
           std::pair<std::string, std::string>("one  " + std::string(3000, 'x'), "one  ..."),
           {std::string(3000, 'x'), "..."},
           {std::string(2047, 'x') + " y", std::string(2047, 'x') + " ..."},
           {std::string(2048, 'x'), std::string(2048, 'x')},
       }) {
    const auto process = ChildProcess::Start(Shell("echo '" + line + "'")).ValueOrDie();
    ASSERT_TRUE(process->WaitForEnd({}));
    EXPECT_EQ(process->LastWords(), told);
  }
}

TEST_F(ChildProcessTest, WhatItStartedEndsWithIt) {
  auto process = ChildProcess::Start(Shell("sleep 1000 > /dev/null 2>&1 & exit 0")).ValueOrDie();
  const pid_t group = Pid();
  ASSERT_TRUE(process->WaitForEnd({}));
  process.reset();
  // It is init's to bury.
  while (::kill(-group, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ChildProcessTest, AQuickExitLeavesNoneBehind) {
  EXPECT_EXIT(
      {
        const auto process = ChildProcess::Start(Shell("sleep 1000")).ValueOrDie();
        Pid();
        std::quick_exit(7);
      },
      testing::ExitedWithCode(7), "");
  const pid_t group = Pid();
  while (::kill(-group, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(errno, ESRCH);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they map memory of their own
TEST_F(ChildProcessTest, NoneIsStartedWhereThereCanBeNoThread) {
  EXPECT_EXIT(
      {
        const rlimit none{};  // no stack for it
        ::setrlimit(RLIMIT_AS, &none);
        const auto process = ChildProcess::Start(Shell("sleep 1000"));
        std::_Exit(FailureOf(process.status()) == Failure::kOurs ? 7 : 1);
      },
      testing::ExitedWithCode(7), "");
  EXPECT_FALSE(HasStarted());
}
#endif

}  // namespace
}  // namespace stellar_arrow::source

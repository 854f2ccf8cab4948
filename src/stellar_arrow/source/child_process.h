// A program that runs beside this one, in a process group of its own. Knows not what it does.
#pragma once

#include <arrow/result.h>
#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/source/quick_exit.h"

namespace stellar_arrow::source {

// Not thread-safe. Dropping it, or std::quick_exit(), ends the program and all that it started.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;  // the program, by its path or a name in PATH; its arguments
    std::string folder;                // that it runs in
    std::optional<int> third;          // what it finds as descriptor 3
    // Called with each line that it writes to stdout or stderr, by a thread of its own. The words
    // of a line that end beyond 2 KiB are left out.
    std::function<void(const std::string&)> on_line;
  };

  // Errors: FAILED_PRECONDITION where there is no such program, Arrow's OutOfMemory where there can
  // be no thread, else UNAVAILABLE.
  static arrow::Result<std::unique_ptr<ChildProcess>> Start(Options options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Whether it has ended.
  bool HasEnded();
  // Waits until it has; false if `stop` came before, or it was `until`.
  bool WaitForEnd(const std::stop_token& stop, std::chrono::steady_clock::time_point until =
                                                   std::chrono::steady_clock::time_point::max());
  // Once it has ended: whether well, and how in words.
  bool succeeded() const;
  std::string HowItEnded() const;
  // The last line that it wrote, as it is. Others that hold its output open are not waited for.
  std::string LastWords();

 private:
  explicit ChildProcess(Options options);
  arrow::Status Spawn(int output);
  void Read(int output);
  void Kill(int signal) const;

  const Options options_;
  std::mutex mutex_;  // of what the reader tells, and of pid_ until it is known
  std::condition_variable told_all_;
  bool has_told_all_ = false;
  std::string last_line_;
  pid_t pid_ = 0;                   // its process group's, too; 0: there is none
  std::optional<siginfo_t> ended_;  // as waitid() tells it
  std::thread reader_;
  std::optional<AtQuickExit> at_quick_exit_;
};

}  // namespace stellar_arrow::source

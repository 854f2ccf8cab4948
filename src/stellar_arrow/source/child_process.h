// A program that runs beside this one, in a process group of its own. Knows not what it does.
#pragma once

#include <arrow/result.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace stellar_arrow::source {

// Not thread-safe. Dropping it ends the program and all that it started.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;  // the program, by its path or a name in PATH; its arguments
    std::string folder;                // that it runs in
    std::optional<int> third;          // what it finds as descriptor 3
    // Called with each line that it writes to stdout or stderr, by a thread of its own.
    std::function<void(const std::string&)> on_line;
  };

  // Errors: FAILED_PRECONDITION where there is no such program, else UNAVAILABLE.
  static arrow::Result<std::unique_ptr<ChildProcess>> Start(Options options);
  ~ChildProcess();

  // Whether it has ended.
  bool HasEnded();
  // Waits until it has; false if `stop` came before.
  bool WaitForEnd(const std::stop_token& stop);
  // Once it has ended: whether well, and how and with which last words in words.
  bool succeeded() const;
  std::string HowItEnded();

 private:
  ChildProcess(pid_t pid, int output, Options options);
  void Read(int output);

  const pid_t pid_;
  const Options options_;
  std::optional<int> status_;  // as waitpid() tells it
  std::mutex mutex_;
  std::string last_line_;
  std::thread reader_;
};

}  // namespace stellar_arrow::source

// How far a long command has come: a bar on a terminal, a log line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace stellar_arrow::cli {

// Not thread-safe.
class ProgressBar {
 public:
  // `total` ledgers, if that is known. `quiet` shows nothing.
  ProgressBar(std::string what, std::optional<int64_t> total, bool quiet);
  // Takes the bar off the terminal.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `ledgers` and `bytes` are sums since the start.
  void Update(int64_t ledgers, int64_t bytes);
  // Takes the bar off the terminal until the next update, so that something else can be printed.
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const std::optional<int64_t> total_;
  const bool quiet_;
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_;
  bool shown_ = false;
};

}  // namespace stellar_arrow::cli

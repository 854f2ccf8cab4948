// Looks after a budget's memory while it is used: gives back what is unused, and tells the log of
// what is held for long.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <thread>

#include "stellar_arrow/memory/budget.h"

namespace stellar_arrow::cli {

class MemoryMonitor {
 public:
  // Does so every `interval`, until it is destroyed. The budget must outlive it.
  MemoryMonitor(memory::Budget& budget, std::chrono::milliseconds interval);

 private:
  void Run(const std::stop_token& stop);
  void Report();

  memory::Budget& budget_;
  const std::chrono::milliseconds interval_;
  // By owner and stage, the bytes that were told of.
  std::map<std::pair<std::string, std::string>, int64_t> told_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace stellar_arrow::cli

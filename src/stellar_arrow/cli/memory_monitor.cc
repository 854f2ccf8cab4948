#include "stellar_arrow/cli/memory_monitor.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "stellar_arrow/base/sleep.h"

namespace stellar_arrow::cli {

// What is held for so many intervals is told of.
constexpr int kLong = 10;

MemoryMonitor::MemoryMonitor(memory::Budget& budget, std::chrono::milliseconds interval)
    : budget_(budget),
      interval_(interval),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void MemoryMonitor::Run(const std::stop_token& stop) {
  while (SleepFor(interval_, stop)) {
    Report();
    budget_.GiveBack();
  }
}

void MemoryMonitor::Report() {
  spdlog::debug("memory: {} of {} bytes are used by {} streams; {} was the most", budget_.bytes(),
                budget_.limit(), budget_.streams(), budget_.most_bytes());
  std::map<std::pair<std::string, std::string>, int64_t> held;
  for (const memory::Holding& holding : budget_.HeldFor(kLong * interval_)) {
    held[{holding.owner, std::string(holding.stage)}] += holding.bytes;
  }
  // Said once, and again where it has become more: what a stream keeps for its next object is no
  // fault.
  for (auto& [who, bytes] : held) {
    if (const auto told = told_.find(who); told != told_.end() && told->second >= bytes) {
      bytes = told->second;
      continue;
    }
    spdlog::info("memory: stream {} has held {} bytes ({}) for more than {} s", who.first, bytes,
                 who.second, std::chrono::duration<double>(kLong * interval_).count());
  }
  told_ = std::move(held);
}

}  // namespace stellar_arrow::cli

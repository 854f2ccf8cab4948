#include "stellar_arrow/base/sleep.h"

#include <condition_variable>
#include <mutex>

namespace stellar_arrow {

bool SleepUntil(std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

bool SleepFor(std::chrono::milliseconds time, const std::stop_token& stop) {
  return SleepUntil(std::chrono::steady_clock::now() + time, stop);
}

}  // namespace stellar_arrow

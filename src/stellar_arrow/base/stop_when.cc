#include "stellar_arrow/base/stop_when.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <utility>

namespace stellar_arrow {

StopWhen::StopWhen(std::function<bool()> stopped) {
  const auto ask = [this, stopped = std::move(stopped)](const std::stop_token& ended) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    do {
      never.wait_for(lock, ended, std::chrono::milliseconds(50), [] { return false; });
      if (ended.stop_requested()) return;
    } while (!stopped());
    stop_.request_stop();
  };
  try {
    asking_ = std::jthread(ask);
  } catch (const std::system_error&) {  // what it would have stopped ends by itself
  }
}

}  // namespace stellar_arrow

#include "stellar_arrow/base/stop_when.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "stellar_arrow/base/sleep.h"

namespace stellar_arrow {

StopWhen::StopWhen(std::function<bool()> stopped) {
  if (!stopped) return;
  const auto ask = [this, stopped = std::move(stopped)](const std::stop_token& ended) {
    do {
      if (!SleepFor(std::chrono::milliseconds(50), ended)) return;
    } while (!stopped());
    stop_.request_stop();
  };
  try {
    asking_ = std::jthread(ask);
  } catch (const std::system_error&) {  // what it would have stopped ends by itself
  }
}

}  // namespace stellar_arrow

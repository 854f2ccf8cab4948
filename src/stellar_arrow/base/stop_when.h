// A stop token where that somebody has left can only be found out by asking.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace stellar_arrow {

class StopWhen {
 public:
  // `stopped` is asked every 50 ms, by a thread of its own, until it says so or this ends. Where
  // there is no thread left it is not asked; it may be empty.
  explicit StopWhen(std::function<bool()> stopped);

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread asking_;  // last: it uses the above
};

}  // namespace stellar_arrow

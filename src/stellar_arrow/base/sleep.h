// Waits that end when nobody wants to wait any more.
#pragma once

#include <chrono>
#include <stop_token>

namespace stellar_arrow {

// False, at once, if `stop` comes before.
bool SleepUntil(std::chrono::steady_clock::time_point until, const std::stop_token& stop);
bool SleepFor(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace stellar_arrow

#include "stellar_arrow/source/circuit_breaker.h"

#include <algorithm>

#include "stellar_arrow/source/jitter.h"

namespace stellar_arrow::source {

std::optional<CircuitBreaker::Permit> CircuitBreaker::Enter(Clock::time_point until,
                                                            const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = now_();
    if (!open_) return Permit(this, /*probe=*/false);
    if (!probing_ && now >= next_probe_) {
      probing_ = true;
      return Permit(this, /*probe=*/true);
    }
    if (now >= until) return std::nullopt;
    // Behind a probe for its end, whatever that is; else for the next one.
    const bool behind_probe = probing_;
    const auto wake = behind_probe ? until : std::min(until, next_probe_);
    changed_.wait_for(lock, stop, wake - now, [&] {
      return !open_ || (!probing_ && (behind_probe || now_() >= next_probe_));
    });
  }
  return std::nullopt;
}

void CircuitBreaker::End(bool probe, std::optional<bool> success) {
  {
    const std::lock_guard lock(mutex_);
    if (probe) probing_ = false;
    if (success == true) {
      // Of a request from before it opened, too: the source answers.
      open_ = false;
      failures_ = 0;
    } else if (success == false && (probe || (!open_ && ++failures_ >= threshold_))) {
      open_ = true;
      failures_ = 0;
      next_probe_ = now_() + Jittered(kPause, kPause + kPause / 10);
    }
  }
  changed_.notify_all();
}

CircuitBreaker::State CircuitBreaker::state() const {
  const std::lock_guard lock(mutex_);
  return !open_ ? State::kClosed : probing_ ? State::kHalfOpen : State::kOpen;
}

}  // namespace stellar_arrow::source

// Spares a source that fails: after some failures in a row nobody asks it any more, but for one
// probe now and then, until one succeeds. Knows neither what is asked nor why it failed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace stellar_arrow::source {

// Thread-safe; must outlive its permits.
class CircuitBreaker {
 public:
  using Clock = std::chrono::steady_clock;

  enum class State { kClosed, kHalfOpen, kOpen };

  // Between two probes, and a tenth at most more, so that many servers do not ask in step.
  static constexpr std::chrono::milliseconds kPause{1000};

  // Opens at `threshold` failures in a row, at least 1. `now` is for tests.
  explicit CircuitBreaker(int threshold, std::function<Clock::time_point()> now = Clock::now)
      : threshold_(threshold), now_(std::move(now)) {}

  // May be used for one request, and must be told how it ended. One that is dropped without a word,
  // as of a request that was cancelled, counts as if it had never been given.
  class Permit {
   public:
    Permit(Permit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)), probe_(other.probe_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() { End(std::nullopt); }

    void Succeeded() { End(true); }
    void Failed() { End(false); }

   private:
    friend class CircuitBreaker;
    Permit(CircuitBreaker* breaker, bool probe) : breaker_(breaker), probe_(probe) {}
    void End(std::optional<bool> success) {
      if (auto* const breaker = std::exchange(breaker_, nullptr)) breaker->End(probe_, success);
    }

    CircuitBreaker* breaker_;
    bool probe_ = false;
  };

  // Waits for a permit until `until`, or until `stop`; absent if none came.
  std::optional<Permit> Enter(Clock::time_point until, const std::stop_token& stop);

  State state() const;

 private:
  void End(bool probe, std::optional<bool> success);

  const int threshold_;
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  int failures_ = 0;                   // in a row, while closed
  bool open_ = false;                  // or half open, while a probe is under way
  bool probing_ = false;               // no other may ask
  Clock::time_point next_probe_ = {};  // while open
};

}  // namespace stellar_arrow::source

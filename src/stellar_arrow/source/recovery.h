// What is done when a source does not answer: ask again, ever later, as long as it may pass; spare
// a source that is down; and say so in the end. Knows no source.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "stellar_arrow/source/circuit_breaker.h"

namespace stellar_arrow::source {

// What a failure tells.
enum class Failure {
  kNone,       // it answered
  kTransient,  // it did not answer, or not whole: another time it may
  kPermanent,  // it answers, but not this: no right, no such thing, too big
  kData,       // what it gave is wrong
  kOurs,       // it was not asked for want of memory or descriptors
  kCancelled,  // nobody waits any more
};

// By the error's code, and the system's number where there is one; never by its text.
Failure FailureOf(const arrow::Status& status);

// The bounded set of words for why something was asked again, as metrics label it: "timeout",
// "reset", "io", "refused", "other".
inline constexpr std::array<std::string_view, 5> kRetryReasons = {"timeout", "reset", "refused",
                                                                  "io", "other"};

using RetryCounts = std::array<int64_t, kRetryReasons.size()>;

struct RecoveryOptions {
  int max_attempts = 5;       // at one request, the first included
  int breaker_threshold = 5;  // failures in a row, of all requests, until the source is spared
};

// How long one request may be worked at, with all its attempts and waits.
struct Patience {
  // No attempt is begun beyond it.
  std::chrono::milliseconds budget{30'000};
  // The end of all requests that are made for one thing, in the middle of an attempt or not.
  CircuitBreaker::Clock::time_point until = CircuitBreaker::Clock::time_point::max();
  std::stop_token stop = {};

  // What an attempt may take that takes `most` by itself: never nothing, which many take for no
  // limit.
  std::chrono::milliseconds Within(std::chrono::milliseconds most) const {
    const auto left = until - CircuitBreaker::Clock::now();
    return left >= most ? most
                        : std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left),
                                   std::chrono::milliseconds(1));
  }
};

// One source's. Thread-safe.
class Recovery {
 public:
  using Clock = CircuitBreaker::Clock;

  // Waits before the second attempt, twice as long before each further one, between half of that
  // and all of it.
  static constexpr std::chrono::milliseconds kFirstWait{250};
  static constexpr std::chrono::milliseconds kLongestWait{5'000};
  // Of all requests at most a fifth are repetitions, but for as many as streams may fail together,
  // and some a second: a source that limps is not finished off by them.
  static constexpr double kRepetitionsARequest = 0.2;
  static constexpr double kRepetitionsASecond = 10;
  static constexpr double kMostRepetitions = 100;

  // `source` is its name for messages.
  Recovery(std::string source, RecoveryOptions options)
      : source_(std::move(source)), options_(options), breaker_(options.breaker_threshold) {}

  // The result of `attempt()`, an arrow::Result, which is called again while its failure is
  // transient. Errors: UNAVAILABLE once the attempts or the patience are at their end, with the
  // last failure; CANCELLED.
  template <typename Attempt>
  auto Run(const Patience& patience, Attempt attempt) -> decltype(attempt()) {
    const auto begin = Clock::now();
    const auto until = std::min(begin + patience.budget, patience.until);
    if (begin >= patience.until) return OutOfTime();
    arrow::Status last;
    for (int attempts = 0;;) {
      auto permit = breaker_.Enter(until, patience.stop);
      if (!permit) return GiveUp(patience, attempts, begin, last);
      auto result = attempt();
      ++attempts;
      switch (FailureOf(result.status())) {
        case Failure::kNone:
        case Failure::kPermanent:
        case Failure::kData:
          permit->Succeeded();
          Earn();
          return result;
        case Failure::kOurs:
        case Failure::kCancelled:
          return result;
        case Failure::kTransient:
          permit->Failed();
          break;
      }
      last = result.status();
      if (attempts >= options_.max_attempts || !WaitBefore(attempts, until, patience.stop, last)) {
        return GiveUp(patience, attempts, begin, last);
      }
    }
  }

  CircuitBreaker::State breaker_state() const { return breaker_.state(); }
  // Repetitions so far, by their place in kRetryReasons.
  RetryCounts retries() const;

 private:
  // Waits until the attempt behind `attempts` may be made; false if that is not before `until`.
  bool WaitBefore(int attempts, Clock::time_point until, const std::stop_token& stop,
                  const arrow::Status& last);
  arrow::Status OutOfTime() const;
  arrow::Status GiveUp(const Patience& patience, int attempts, Clock::time_point begin,
                       const arrow::Status& last) const;
  void Earn();
  // When the next repetition is due, which is paid for if that is by `until`.
  Clock::time_point PayForRepetition(Clock::time_point until);

  const std::string source_;
  const RecoveryOptions options_;
  CircuitBreaker breaker_;
  std::array<std::atomic<int64_t>, kRetryReasons.size()> retries_{};
  std::mutex mutex_;
  double repetitions_ = kMostRepetitions;     // that may be made now; below 0: that wait
  Clock::time_point counted_ = Clock::now();  // when repetitions_ was right
};

}  // namespace stellar_arrow::source

// What a remote source has answered, as it said a moment ago: who asks at the same time asks once.
// Knows no source.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// Thread-safe.
template <typename Answer>
class AnswerCache {
 public:
  // For how long an answer is not asked for again, and a failure.
  AnswerCache(std::chrono::milliseconds good, std::chrono::milliseconds failed)
      : good_(good), failed_(failed) {}

  // The last answer if it is young enough, else what `ask()`, an arrow::Result<Answer>, says. Who
  // has waited for another one's question that failed is told the same. Errors: CANCELLED, for
  // whoever was stopped alone.
  template <typename Ask>
  arrow::Result<Answer> Get(const std::stop_token& stop, Ask ask) {
    const auto asked = Clock::now();
    const auto is_answered = [&] { return last_ && answered_ >= asked; };
    std::unique_lock lock(mutex_);
    // Answered, though another one is asking by now again: else they who waited together would be
    // told one after the other.
    if (!answered_or_free_.wait(lock, stop, [&] { return !asking_ || is_answered(); })) {
      return Error(ErrorCode::kCancelled, "the question was cancelled");
    }
    if (is_answered() || (last_ && Clock::now() - answered_ < (last_->ok() ? good_ : failed_))) {
      return *last_;
    }
    asking_ = true;
    lock.unlock();
    const Free free(*this);
    arrow::Result<Answer> answer = ask();
    lock.lock();
    if (answer.ok() || CodeOf(answer.status()) != ErrorCode::kCancelled) {
      last_ = answer;
      answered_ = Clock::now();
    }
    lock.unlock();
    return answer;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Lets the next one ask, however the question ended.
  class Free {
   public:
    explicit Free(AnswerCache& cache) : cache_(cache) {}
    ~Free() {
      {
        const std::lock_guard lock(cache_.mutex_);
        cache_.asking_ = false;
      }
      cache_.answered_or_free_.notify_all();
    }

   private:
    AnswerCache& cache_;
  };

  const std::chrono::milliseconds good_;
  const std::chrono::milliseconds failed_;
  std::mutex mutex_;
  std::condition_variable_any answered_or_free_;
  bool asking_ = false;  // somebody is
  std::optional<arrow::Result<Answer>> last_;
  Clock::time_point answered_{};
};

// What a source has, which grows.
class ExtentCache : public AnswerCache<Extent> {
 public:
  ExtentCache() : AnswerCache(std::chrono::milliseconds(1'000), {}) {}
};

}  // namespace stellar_arrow::source

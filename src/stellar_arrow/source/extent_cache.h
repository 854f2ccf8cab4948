// What a remote source has, as it said a moment ago: who asks at the same time asks once. Knows no
// source.
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
class ExtentCache {
 public:
  // The last answer if it is young enough, else what `ask()`, an arrow::Result<Extent>, says. Who
  // has waited for another one's question that failed is told the same. Errors: CANCELLED, for
  // whoever was stopped alone.
  template <typename Ask>
  arrow::Result<Extent> Get(const std::stop_token& stop, Ask ask) {
    const auto asked = Clock::now();
    std::unique_lock lock(mutex_);
    if (!answered_or_free_.wait(lock, stop, [this] { return !asking_; })) {
      return Error(ErrorCode::kCancelled, "the question was cancelled");
    }
    if (answered_ >= asked || (last_.ok() && Clock::now() - answered_ < kAge)) return last_;
    asking_ = true;
    lock.unlock();
    const Free free(*this);
    const arrow::Result<Extent> extent = ask();
    lock.lock();
    if (extent.ok() || CodeOf(extent.status()) != ErrorCode::kCancelled) {
      last_ = extent;
      answered_ = Clock::now();
    }
    lock.unlock();
    return extent;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kAge{1'000};

  // Lets the next one ask, however the question ended.
  class Free {
   public:
    explicit Free(ExtentCache& cache) : cache_(cache) {}
    ~Free() {
      {
        const std::lock_guard lock(cache_.mutex_);
        cache_.asking_ = false;
      }
      cache_.answered_or_free_.notify_all();
    }

   private:
    ExtentCache& cache_;
  };

  std::mutex mutex_;
  std::condition_variable_any answered_or_free_;
  bool asking_ = false;  // somebody is
  arrow::Result<Extent> last_ = arrow::Status::UnknownError("nobody has asked");
  Clock::time_point answered_{};
};

}  // namespace stellar_arrow::source

#include "stellar_arrow/source/recovery.h"

#include <arrow/util/io_util.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/sleep.h"
#include "stellar_arrow/source/jitter.h"
#include "stellar_arrow/source/pause.h"

namespace stellar_arrow::source {
namespace {

// The place of the reason of a transient failure in kRetryReasons.
size_t ReasonOf(const arrow::Status& status) {
  switch (arrow::internal::ErrnoFromStatus(status)) {
    case ETIMEDOUT:
      return 0;
    case ECONNRESET:
    case EPIPE:
      return 1;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return 2;
    case EIO:
      return 3;
    default:
      return 4;
  }
}

}  // namespace

Failure FailureOf(const arrow::Status& status) {
  if (status.ok()) return Failure::kNone;
  switch (arrow::internal::ErrnoFromStatus(status)) {
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
      return Failure::kPermanent;
    case EMFILE:  // and waited for already
    case ENFILE:
      return Failure::kOurs;
    default:
      break;
  }
  if (status.IsOutOfMemory()) return Failure::kOurs;
  switch (CodeOf(status)) {
    case ErrorCode::kUnavailable:
      return Failure::kTransient;
    case ErrorCode::kCancelled:
      return Failure::kCancelled;
    case ErrorCode::kDataLoss:
      return Failure::kData;
    default:
      return Failure::kPermanent;
  }
}

RetryCounts Recovery::retries() const {
  RetryCounts counts;
  std::ranges::copy(retries_, counts.begin());
  return counts;
}

bool Recovery::WaitBefore(int attempts, Clock::time_point until, const std::stop_token& stop,
                          const arrow::Status& last) {
  auto wait = kFirstWait;
  for (int i = 1; i < attempts && wait < kLongestWait; ++i) wait *= 2;
  wait = std::min(wait, kLongestWait);
  // As long as whoever refused wants, within the same limit.
  const auto pause = std::min<std::chrono::nanoseconds>(PauseOf(last), kLongestWait);
  const auto due =
      std::max(Clock::now() + std::max(pause, Jittered(wait / 2, wait)), PayForRepetition(until));
  if (due > until || !SleepUntil(due, stop)) return false;
  retries_[ReasonOf(last)].fetch_add(1, std::memory_order_relaxed);
  return true;
}

arrow::Status Recovery::OutOfTime() const {
  return Error(ErrorCode::kUnavailable, source_, " answers too slowly; try again later");
}

arrow::Status Recovery::GiveUp(const Patience& patience, int attempts, Clock::time_point begin,
                               const arrow::Status& last) const {
  if (patience.stop.stop_requested()) {
    return Error(ErrorCode::kCancelled, "reading ", source_, " was cancelled");
  }
  const auto seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (attempts == 0) {
    return Error(ErrorCode::kUnavailable, source_,
                 " is down: it failed again and again, and is asked once a second until it "
                 "answers; try again later");
  }
  return Error(ErrorCode::kUnavailable, source_, " failed ", attempts,
               attempts == 1 ? " time in " : " times in ", std::lround(seconds * 1000) / 1000.0,
               " s: ", FullMessage(last));
}

void Recovery::Earn() {
  const std::lock_guard lock(mutex_);
  repetitions_ = std::min(repetitions_ + kRepetitionsARequest, kMostRepetitions);
}

Recovery::Clock::time_point Recovery::PayForRepetition(Clock::time_point until) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const double passed = std::chrono::duration<double>(now - std::exchange(counted_, now)).count();
  repetitions_ = std::min(repetitions_ + passed * kRepetitionsASecond, kMostRepetitions);
  const double missing = std::max(0.0, 1 - repetitions_);
  const auto due = now + std::chrono::duration_cast<Clock::duration>(
                             std::chrono::duration<double>(missing / kRepetitionsASecond));
  if (due <= until) repetitions_ -= 1;  // else it is not made, so that no debt lasts
  return due;
}

}  // namespace stellar_arrow::source

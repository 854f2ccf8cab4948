// Calls that cannot be cancelled, and whom nobody needs to wait for.
#pragma once

#include <arrow/result.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {

// Runs `call` by a thread of its own. Errors: Arrow's OutOfMemory where there can be none.
arrow::Status RunAside(std::function<void()> call);

// The error of a call that took longer than `most`: the system's ETIMEDOUT.
arrow::Status TookTooLong(std::chrono::milliseconds most);

// Waits until no such call is under way, for at most so long; whether none is.
bool NothingRunsAside(std::chrono::milliseconds most);

// Those to one place. Each that is left to itself keeps a thread and a connection until it ends by
// itself, which can take minutes. Thread-safe.
class AbandonableCalls {
 public:
  // Nothing is called while `most_left` calls are left to themselves.
  explicit AbandonableCalls(int most_left) : most_left_(most_left) {}

  // The result of `call()`, an arrow::Result. Where `stop` comes first, or it takes longer than
  // `most`, the call is left to itself and the result is CANCELLED, or the system's ETIMEDOUT. So
  // it must own whatever it uses. Errors: UNAVAILABLE while too many are; as RunAside().
  template <typename Call>
  auto Run(Call call, const std::stop_token& stop, std::chrono::milliseconds most) const
      -> decltype(call()) {
    struct State {
      std::mutex mutex;
      std::condition_variable_any changed;
      std::optional<decltype(call())> result;
      bool left = false;  // counts in `left_`
    };
    if (*left_ >= most_left_) {
      return Error(ErrorCode::kUnavailable, most_left_,
                   " requests have not been answered, and none more is made until one ends");
    }
    const auto state = std::make_shared<State>();
    ARROW_RETURN_NOT_OK(RunAside([state, left = left_, call = std::move(call)]() mutable {
      auto result = call();
      const std::lock_guard lock(state->mutex);
      state->result = std::move(result);
      if (state->left) --*left;
      state->changed.notify_all();
    }));
    std::unique_lock lock(state->mutex);
    if (state->changed.wait_for(lock, stop, most, [&] { return state->result.has_value(); })) {
      return *std::move(state->result);
    }
    state->left = true;
    ++*left_;
    if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "it was cancelled");
    return TookTooLong(most);
  }

 private:
  const int most_left_;
  // Outlives this, as calls may.
  const std::shared_ptr<std::atomic<int>> left_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace stellar_arrow::source

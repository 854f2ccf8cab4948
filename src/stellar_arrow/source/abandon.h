// Calls that cannot be cancelled, and whom nobody needs to wait for.
#pragma once

#include <arrow/result.h>

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

// Runs `call` by a thread of its own. Errors: RESOURCE_EXHAUSTED where there can be none.
arrow::Status RunAside(std::function<void()> call);

// The error of a call that took longer than `most`: the system's ETIMEDOUT.
arrow::Status TookTooLong(std::chrono::milliseconds most);

// Waits until no such call is under way, for at most so long; whether none is.
bool NothingRunsAside(std::chrono::milliseconds most);

// The result of `call()`, an arrow::Result. Where `stop` comes first, or it takes longer than
// `most`, the call is left to itself and the result is CANCELLED, or the system's ETIMEDOUT. So it
// must own whatever it uses.
template <typename Call>
auto Abandonable(Call call, const std::stop_token& stop, std::chrono::milliseconds most)
    -> decltype(call()) {
  struct State {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::optional<decltype(call())> result;
  };
  const auto state = std::make_shared<State>();
  ARROW_RETURN_NOT_OK(RunAside([state, call = std::move(call)]() mutable {
    auto result = call();
    const std::lock_guard lock(state->mutex);
    state->result = std::move(result);
    state->changed.notify_all();
  }));
  std::unique_lock lock(state->mutex);
  if (state->changed.wait_for(lock, stop, most, [&] { return state->result.has_value(); })) {
    return *std::move(state->result);
  }
  if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "it was cancelled");
  return TookTooLong(most);
}

}  // namespace stellar_arrow::source

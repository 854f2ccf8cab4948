#include "stellar_arrow/source/abandon.h"

#include <arrow/util/io_util.h>

#include <cerrno>
#include <system_error>
#include <thread>

namespace stellar_arrow::source {
namespace {

struct Calls {
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0;
};

// Never destroyed, as calls may outlive the program's end.
Calls& TheCalls() {
  static auto* const calls = new Calls;
  return *calls;
}

void Count(int change) {
  Calls& calls = TheCalls();
  const std::lock_guard lock(calls.mutex);
  calls.under_way += change;
  calls.changed.notify_all();
}

}  // namespace

arrow::Status RunAside(std::function<void()> call) {
  Count(1);
  try {
    std::thread([call = std::move(call)]() mutable {
      call();
      call = nullptr;
      Count(-1);
    }).detach();
  } catch (const std::system_error& error) {
    Count(-1);
    return arrow::Status::OutOfMemory("cannot start a thread: ", error.what());
  }
  return arrow::Status::OK();
}

arrow::Status TookTooLong(std::chrono::milliseconds most) {
  return arrow::internal::IOErrorFromErrno(ETIMEDOUT, "no answer for ", most.count(), " ms");
}

bool NothingRunsAside(std::chrono::milliseconds most) {
  Calls& calls = TheCalls();
  std::unique_lock lock(calls.mutex);
  return calls.changed.wait_for(lock, most, [&] { return calls.under_way == 0; });
}

}  // namespace stellar_arrow::source

// Reads objects before they are asked for, several at a time, where each read takes its time on a
// network. Knows names, and how long reads and their reader take; knows no ledger.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace stellar_arrow::source {

// Take() is for one thread at a time; Cancel() and LimitTo() for any.
class FetchAhead {
 public:
  using Clock = std::chrono::steady_clock;
  using Bytes = std::shared_ptr<arrow::Buffer>;  // null: not there

  // Objects that are read or wait to be taken, for each fetcher, at most; and their bytes.
  static constexpr double kObjectsAFetcher = 2.5;
  static constexpr int64_t kMostBytes = int64_t{32} << 20;

  // `read` is called by up to `fetchers` threads at a time, and by who takes. It must return soon
  // once whoever cancels this has cancelled it, too.
  FetchAhead(std::function<arrow::Result<Bytes>(const std::string& name)> read, int fetchers);
  ~FetchAhead();

  // Nothing is read ahead while `may()` is false.
  void LimitTo(std::function<bool()> may);

  // The object `name`. Those that will be asked for next, which `following(0)`, `following(1)` and
  // so on name up to an empty name, are read ahead: as many as the reads are slow beside whoever
  // takes, by what either took so far. One that failed or was not there when it was read ahead is
  // read again, unless it is waited for by then.
  arrow::Result<Bytes> Take(const std::string& name,
                            const std::function<std::string(size_t)>& following);

  // Drops what was read, and reads no more.
  void Cancel();

 private:
  enum class State { kQueued, kReading, kDone };
  struct Slot {
    std::string name;
    State state = State::kQueued;
    arrow::Result<Bytes> result = Bytes();
  };

  void Fetch();
  arrow::Result<Bytes> ReadTimed(const std::string& name);
  // Under the lock.
  void ReadOn(const std::function<std::string(size_t)>& following);
  size_t WantedObjects() const;
  int64_t ExpectedBytes() const;

  const std::function<arrow::Result<Bytes>(const std::string&)> read_;
  const size_t fetchers_;

  std::mutex mutex_;
  std::condition_variable queued_;  // a slot, or the end has come
  std::condition_variable done_;    // the same
  std::function<bool()> may_;
  std::deque<std::shared_ptr<Slot>> slots_;  // by the order they will be taken in
  std::vector<std::thread> threads_;
  size_t idle_ = 0;  // of the threads
  bool ended_ = false;
  // Means of late: how long a read takes, and whoever takes from one object to the next.
  double read_seconds_ = 0;
  double use_seconds_ = 0;
  double object_bytes_ = 0;
  Clock::time_point taken_{};
};

}  // namespace stellar_arrow::source

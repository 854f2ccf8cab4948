// Threads that read a stream's objects side by side, and hand the segments over in the source's
// order. Knows threads, turns, and how much may wait; what is in a segment it does not look at.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "stellar_arrow/memory/budget.h"
#include "stellar_arrow/pipeline/run_reader.h"
#include "stellar_arrow/pipeline/segment.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::pipeline {

using Clock = std::chrono::steady_clock;

// Take(), Release(), Wait() and Resume() are for one thread, DoNext() for any.
class Workers {
 public:
  // A thread for each of `readers`. Errors: RESOURCE_EXHAUSTED where there can be none.
  static arrow::Result<std::unique_ptr<Workers>> Make(
      std::unique_ptr<source::ObjectStream> stream, std::vector<std::unique_ptr<RunReader>> readers,
      int64_t max_object_bytes, const memory::StreamMemory* memory);
  ~Workers();

  // The next segment; null where there is none by `until`.
  std::unique_ptr<Segment> Take(Clock::time_point until);
  // Gives back what a segment held that the next ones can use.
  void Release(std::unique_ptr<Segment> segment);

  // After a segment whose `then` was no object nothing is fetched until Resume(). Wait() blocks
  // until the source may have more, for at most so long.
  void Wait(std::chrono::milliseconds most) { stream_->Wait(most.count()); }
  void Resume();

  // Has a worker do `task` before it reads on. Tasks begin in order; those that have not begun when
  // the workers end never do.
  void DoNext(std::function<void()> task);

 private:
  // A run on its way: filled by one worker, emptied by Take().
  struct Slot {
    std::deque<std::unique_ptr<Segment>> segments;
    bool done = false;
  };

  Workers(std::unique_ptr<source::ObjectStream> stream,
          std::vector<std::unique_ptr<RunReader>> readers, int64_t max_object_bytes,
          const memory::StreamMemory* memory);

  // Ends the workers, and drops all that waits.
  void LetGo();
  void Work(RunReader& reader);
  // Objects that make about `wanted_bytes`.
  Run Fetch(int64_t wanted_bytes, double made_per_guess);
  arrow::Result<source::Fetched> FetchNext();
  bool Put(Slot& slot, std::unique_ptr<Segment> segment);
  // Does tasks until `ready`. False: the workers are to end. Under the lock, unless a task is done.
  template <typename Ready>
  bool WaitUntil(std::unique_lock<std::mutex>& lock, Ready ready);
  bool MayFetch() const;
  // Whether more may wait than what is to be taken next.
  bool MayReadAhead() const;

  const std::unique_ptr<source::ObjectStream> stream_;  // by the worker that fetches, or Wait()
  const std::vector<std::unique_ptr<RunReader>> readers_;
  const int64_t max_object_bytes_;
  const memory::StreamMemory* const memory_;  // may be null
  const bool converts_;
  const size_t most_slots_;
  const int64_t most_waiting_bytes_;

  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // All below is guarded by mutex_.
  std::deque<std::shared_ptr<Slot>> slots_;  // oldest first
  std::deque<std::function<void()>> tasks_;
  std::vector<std::unique_ptr<OpenedObject>> spare_;
  int64_t waiting_bytes_ = 0;  // in all slots
  int64_t run_bytes_ = 1;      // that the next run should make
  // What the last run made, beside Run::guess; at least 1.
  double made_per_guess_ = 1;
  bool fetching_ = false;  // a worker is in stream_->Next()
  bool pausing_ = false;   // nobody fetches until Resume()
  bool gave_one_ = false;  // Take() has returned a segment
  // Take() was called again since. Until then nothing is read ahead: who makes the first rows of a
  // segment and sends them has the cores.
  bool reads_ahead_ = false;

  std::vector<std::thread> threads_;
  // Last, as these two use all of the above.
  std::optional<std::stop_callback<std::function<void()>>> when_memory_runs_out_;
};

}  // namespace stellar_arrow::pipeline

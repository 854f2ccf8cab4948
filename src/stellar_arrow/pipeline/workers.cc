#include "stellar_arrow/pipeline/workers.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::pipeline {
namespace {

// Runs a worker: one that it fills, one that is emptied or waits for its turn.
constexpr size_t kSlotsPerThread = 2;

// What may wait in slots a worker: rows, or unzipped ledgers. A segment more is let in where it is
// the next one to be taken. Bounds a stream's memory whatever the objects' sizes.
constexpr int64_t kWaitingBytesPerThread = int64_t{8} << 20;

// A run makes so many bytes, and then goes on to the end of a block: enough for handing it on to
// cost little beside reading it, little enough for the workers to share even short ranges. The
// first run of all is one object, and each may be twice the one before, so that the first rows come
// soon.
constexpr int64_t kRunBytes = int64_t{1} << 20;
// With so many it ends anywhere. Much more than what may wait would make the workers wait for each
// other.
constexpr int64_t kMostRunBytes = int64_t{16} << 20;
// Of ledgers that make so much most batches are of one anyway, so that no block need be whole.
constexpr int64_t kBigLedgerBytes = int64_t{2} << 20;

// A source that is slow is not waited for to fill a run.
constexpr auto kLongestFetch = std::chrono::milliseconds(5);

// What ledgers unzip to at least; seldom more than 24 times.
constexpr int64_t kUsualRatio = 5;

double GuessOf(const source::Object& object) {
  return static_cast<double>(object.bytes->size() * (object.zstd ? kUsualRatio : 1));
}

// Whether a run that should make `wanted_bytes` and makes `bytes` has come to its end.
bool IsLongEnough(const Run& run, double bytes, int64_t wanted_bytes) {
  if (bytes >= kMostRunBytes) return true;
  if (bytes < static_cast<double>(wanted_bytes)) return false;
  const uint32_t last = run.objects.back().last;  // 0: unknown
  if (wanted_bytes < kRunBytes || last == 0 || EndsBlock(last)) return true;
  return bytes >= static_cast<double>(kBigLedgerBytes) * (last - run.objects.front().first + 1);
}

}  // namespace

arrow::Result<std::unique_ptr<Workers>> Workers::Make(
    std::unique_ptr<source::ObjectStream> stream, std::vector<std::unique_ptr<RunReader>> readers,
    int64_t max_object_bytes, const memory::StreamMemory* memory) {
  std::unique_ptr<Workers> workers(
      new Workers(std::move(stream), std::move(readers), max_object_bytes, memory));
  try {
    for (const auto& reader : workers->readers_) {
      workers->threads_.emplace_back(
          [&workers = *workers, &reader = *reader] { workers.Work(reader); });
    }
  } catch (const std::system_error& error) {
    return Error(ErrorCode::kResourceExhausted, "cannot start a thread: ", error.what(),
                 "; a stream needs ", workers->readers_.size(), ", as --threads says");
  }
  if (memory != nullptr) {
    workers->stream_->LimitReadAhead([memory] { return memory->may_read_ahead(); });
    workers->when_memory_runs_out_.emplace(memory->must_end(),
                                           [&workers = *workers] { workers.LetGo(); });
  }
  return workers;
}

Workers::Workers(std::unique_ptr<source::ObjectStream> stream,
                 std::vector<std::unique_ptr<RunReader>> readers, int64_t max_object_bytes,
                 const memory::StreamMemory* memory)
    : stream_(std::move(stream)),
      readers_(std::move(readers)),
      max_object_bytes_(max_object_bytes),
      memory_(memory),
      converts_(readers_.front()->converts()),
      most_slots_(readers_.size() * kSlotsPerThread),
      most_waiting_bytes_(static_cast<int64_t>(readers_.size()) * kWaitingBytesPerThread) {}

Workers::~Workers() {
  LetGo();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::LetGo() {
  {
    const std::lock_guard lock(mutex_);
    stop_.request_stop();
    for (const auto& slot : slots_) slot->segments.clear();
    spare_.clear();
  }
  changed_.notify_all();
  stream_->Cancel();
}

std::unique_ptr<Segment> Workers::Take(Clock::time_point until) {
  std::unique_lock lock(mutex_);
  if (gave_one_ && !reads_ahead_) {
    reads_ahead_ = true;
    changed_.notify_all();
  }
  while (true) {
    if (!slots_.empty()) {
      Slot& slot = *slots_.front();
      if (!slot.segments.empty()) {
        auto segment = std::move(slot.segments.front());
        slot.segments.pop_front();
        waiting_bytes_ -= segment->bytes();
        gave_one_ = true;
        changed_.notify_all();
        return segment;
      }
      if (slot.done) {
        slots_.pop_front();
        changed_.notify_all();
        continue;
      }
    }
    if (Clock::now() >= until) return nullptr;
    changed_.wait_until(lock, until);
  }
}

void Workers::Release(std::unique_ptr<Segment> segment) {
  if (segment->opened == nullptr) return;
  segment->opened->Clear();
  const std::lock_guard lock(mutex_);
  spare_.push_back(std::move(segment->opened));
}

void Workers::Resume() {
  {
    const std::lock_guard lock(mutex_);
    pausing_ = false;
  }
  changed_.notify_all();
}

void Workers::DoNext(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_all();
}

template <typename Ready>
bool Workers::WaitUntil(std::unique_lock<std::mutex>& lock, Ready ready) {
  while (true) {
    changed_.wait(lock, [&] { return stop_.stop_requested() || !tasks_.empty() || ready(); });
    if (stop_.stop_requested()) return false;
    if (tasks_.empty()) return true;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

bool Workers::MayFetch() const {
  return !fetching_ && !pausing_ && slots_.size() < most_slots_ &&
         (slots_.empty() || (reads_ahead_ && MayReadAhead()));
}

bool Workers::MayReadAhead() const {
  return waiting_bytes_ < most_waiting_bytes_ && (memory_ == nullptr || memory_->may_read_ahead());
}

// Fetches in turn, reads side by side.
void Workers::Work(RunReader& reader) {
  std::unique_ptr<OpenedObject> opened;
  std::unique_lock lock(mutex_);
  while (WaitUntil(lock, [this] { return MayFetch(); })) {
    const auto slot = slots_.emplace_back(std::make_shared<Slot>());
    if (opened == nullptr && !spare_.empty()) {
      opened = std::move(spare_.back());
      spare_.pop_back();
    }
    fetching_ = true;
    const int64_t wanted = run_bytes_;
    const double per_guess = made_per_guess_;
    lock.unlock();
    Run run = Fetch(wanted, per_guess);
    const double guess = run.guess;
    lock.lock();
    fetching_ = false;
    run_bytes_ = std::clamp(static_cast<int64_t>(2 * per_guess * guess), run_bytes_, kRunBytes);
    // Behind an error, the end or the tip there is nothing to fetch until the taker says so.
    pausing_ = run.then != source::Fetched::State::kObject;
    lock.unlock();
    changed_.notify_all();
    if (run.objects.empty()) {
      opened = nullptr;  // while nothing comes nothing is kept for it
    } else if (opened == nullptr) {
      opened = std::make_unique<OpenedObject>(max_object_bytes_, memory_);
    }
    int64_t unzipped = 0;
    int64_t rows = 0;
    reader.Read(std::move(run), opened, stop_.get_token(), [&](std::unique_ptr<Segment> segment) {
      for (const Segment::LedgerAt& ledger : segment->ledgers) unzipped += ledger.raw_bytes;
      if (segment->chunk != nullptr) rows += segment->chunk->bytes;
      return Put(*slot, std::move(segment));
    });
    if (opened != nullptr) opened->Clear();
    lock.lock();
    if (unzipped != 0) {
      // Where it is less, objects were used in part: at a range's border, say.
      made_per_guess_ = std::max(1.0, static_cast<double>(std::max(unzipped, rows)) / guess);
    }
    slot->done = true;
    changed_.notify_all();
  }
}

Run Workers::Fetch(int64_t wanted_bytes, double made_per_guess) {
  Run run;
  const auto until = Clock::now() + kLongestFetch;
  do {
    auto fetched = FetchNext();
    if (!fetched.ok()) {
      run.then = source::Fetched::State::kEnd;
      run.status = fetched.status();
      break;
    }
    run.then = fetched->state;
    run.reason = std::move(fetched->reason);
    if (run.then != source::Fetched::State::kObject) break;
    run.guess += GuessOf(fetched->object);
    run.objects.push_back(std::move(fetched->object));
    // Opened ledgers that are handed on as they are keep their object open.
  } while (converts_ && !IsLongEnough(run, made_per_guess * run.guess, wanted_bytes) &&
           Clock::now() < until && !stop_.stop_requested());
  return run;
}

arrow::Result<source::Fetched> Workers::FetchNext() {
  try {
    return stream_->Next();
  } catch (const std::bad_alloc& error) {
    return Error(ErrorCode::kResourceExhausted, "no memory to fetch more: ", error.what());
  }
}

bool Workers::Put(Slot& slot, std::unique_ptr<Segment> segment) {
  std::unique_lock lock(mutex_);
  const bool room = WaitUntil(lock, [&] {
    return (slots_.front().get() == &slot && slot.segments.empty()) || MayReadAhead();
  });
  if (!room) return false;
  waiting_bytes_ += segment->bytes();
  slot.segments.push_back(std::move(segment));
  changed_.notify_all();
  return true;
}

}  // namespace stellar_arrow::pipeline

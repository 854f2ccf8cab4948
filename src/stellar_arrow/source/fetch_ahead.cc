#include "stellar_arrow/source/fetch_ahead.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <system_error>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

// What the newest value counts for in a mean of late.
constexpr double kNewest = 0.125;

// Objects that are wanted ahead however fast reads are.
constexpr double kTogether = 4;

void AddTo(double& mean, double value) {
  mean = mean == 0 ? value : mean + kNewest * (value - mean);
}

bool IsThere(const arrow::Result<FetchAhead::Bytes>& result) {
  return result.ok() && *result != nullptr;
}

double SecondsSince(FetchAhead::Clock::time_point begin) {
  return std::chrono::duration<double>(FetchAhead::Clock::now() - begin).count();
}

}  // namespace

FetchAhead::FetchAhead(std::function<arrow::Result<Bytes>(const std::string&)> read, int fetchers)
    : read_(std::move(read)), fetchers_(static_cast<size_t>(fetchers)) {}

FetchAhead::~FetchAhead() {
  Cancel();
  for (std::thread& thread : threads_) thread.join();
}

void FetchAhead::LimitTo(std::function<bool()> may) {
  const std::lock_guard lock(mutex_);
  may_ = std::move(may);
}

void FetchAhead::Cancel() {
  std::deque<std::shared_ptr<Slot>> dropped;  // is freed without the lock
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    dropped.swap(slots_);
  }
  queued_.notify_all();
  done_.notify_all();
}

arrow::Result<FetchAhead::Bytes> FetchAhead::Take(
    const std::string& name, const std::function<std::string(size_t)>& following) {
  std::shared_ptr<Slot> slot;
  {
    std::unique_lock lock(mutex_);
    if (taken_ != Clock::time_point{}) AddTo(use_seconds_, SecondsSince(taken_));
    if (!slots_.empty() && slots_.front()->name != name) slots_.clear();
    if (!slots_.empty()) {
      slot = std::move(slots_.front());
      slots_.pop_front();
    }
    ReadOn(following);
    const bool was_done = slot != nullptr && slot->state == State::kDone;
    // What no fetcher has begun is read here and now.
    if (slot != nullptr && slot->state != State::kQueued) {
      done_.wait(lock, [&] { return ended_ || slot->state == State::kDone; });
      if (slot->state == State::kDone && (!was_done || IsThere(slot->result))) {
        taken_ = Clock::now();
        return std::move(slot->result);
      }
    }
  }
  auto bytes = ReadTimed(name);
  const std::lock_guard lock(mutex_);
  taken_ = Clock::now();
  return bytes;
}

size_t FetchAhead::WantedObjects() const {
  // Twice what covers a read, as neither is even; and some, as several workers may come together.
  const double most = std::ceil(kObjectsAFetcher * static_cast<double>(fetchers_));
  if (read_seconds_ == 0) return 1;
  return static_cast<size_t>(
      std::clamp(2 * read_seconds_ / std::max(use_seconds_, 1e-6) + kTogether, 1.0, most));
}

int64_t FetchAhead::ExpectedBytes() const {
  double bytes = object_bytes_;  // of the one more
  for (const auto& slot : slots_) {
    const bool there = slot->state == State::kDone && IsThere(slot->result);
    bytes += there ? static_cast<double>((*slot->result)->size()) : object_bytes_;
  }
  return static_cast<int64_t>(bytes);
}

void FetchAhead::ReadOn(const std::function<std::string(size_t)>& following) {
  if (ended_ || (may_ && !may_())) return;
  const size_t wanted = WantedObjects();
  while (slots_.size() < wanted && (slots_.empty() || ExpectedBytes() <= kMostBytes)) {
    std::string name = following(slots_.size());
    if (name.empty()) break;
    slots_.push_back(std::make_shared<Slot>(Slot{std::move(name)}));
    queued_.notify_one();
  }
  const auto queued = static_cast<size_t>(std::ranges::count_if(
      slots_, [](const auto& slot) { return slot->state == State::kQueued; }));
  while (threads_.size() < fetchers_ && idle_ < queued) {
    try {
      threads_.emplace_back([this] { Fetch(); });
      ++idle_;  // until it has begun
    } catch (const std::system_error&) {
      break;  // without it what is needed is read all the same
    }
  }
}

void FetchAhead::Fetch() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Slot> slot;
    queued_.wait(lock, [&] {
      if (ended_) return true;
      const auto found = std::ranges::find_if(
          slots_, [](const auto& other) { return other->state == State::kQueued; });
      if (found != slots_.end()) slot = *found;
      return slot != nullptr;
    });
    if (slot == nullptr) return;  // it has ended
    slot->state = State::kReading;
    --idle_;
    lock.unlock();
    auto result = ReadTimed(slot->name);
    lock.lock();
    slot->result = std::move(result);
    slot->state = State::kDone;
    ++idle_;
    done_.notify_all();
  }
}

arrow::Result<FetchAhead::Bytes> FetchAhead::ReadTimed(const std::string& name) {
  const auto begin = Clock::now();
  arrow::Result<Bytes> bytes = Bytes{};
  try {
    bytes = read_(name);
  } catch (const std::bad_alloc& error) {
    bytes = Error(ErrorCode::kResourceExhausted, "no memory to read ", name, ": ", error.what());
  }
  if (IsThere(bytes)) {
    const std::lock_guard lock(mutex_);
    AddTo(read_seconds_, SecondsSince(begin));
    AddTo(object_bytes_, static_cast<double>((*bytes)->size()));
  }
  return bytes;
}

}  // namespace stellar_arrow::source

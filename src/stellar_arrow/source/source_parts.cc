#include "stellar_arrow/source/source_parts.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/sleep.h"
#include "stellar_arrow/source/recovery.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

SourceParts::SourceParts(std::vector<std::unique_ptr<LedgerSource>> sources,
                         const CompositeTimes& times)
    : times_(times),
      sources_(std::move(sources)),
      heard_(sources_.size(), arrow::Status::UnknownError("it was not asked yet")),
      when_(sources_.size()) {
  for (size_t i = 0; i < sources_.size(); ++i) {
    threads_.emplace_back([this, i](const std::stop_token& stop) { Ask(i, stop); });
  }
  std::unique_lock lock(mutex_);
  one_answered_.wait(lock, [&] { return answered_ == sources_.size(); });
}

SourceParts::~SourceParts() {
  for (std::jthread& thread : threads_) thread.request_stop();  // all, before one is waited for
}

arrow::Result<Extent> SourceParts::Heard(size_t i) const {
  const std::lock_guard lock(mutex_);
  const auto silence = Clock::now() - when_[i];
  if (heard_[i].ok() && silence >= times_.silent) {
    return Error(ErrorCode::kUnavailable, sources_[i]->name(), " has not answered for ",
                 std::chrono::duration_cast<std::chrono::seconds>(silence).count(), " s");
  }
  return heard_[i];
}

bool SourceParts::IsDown(size_t i) const {
  const Recovery* recovery = sources_[i]->recovery();
  return recovery != nullptr && recovery->breaker_state() != CircuitBreaker::State::kClosed;
}

std::vector<size_t> SourceParts::InOrder() const {
  std::vector<size_t> order;
  for (size_t i = 0; i < size(); ++i) order.push_back(i);
  std::stable_partition(order.begin(), order.end(), [this](size_t i) { return !IsDown(i); });
  return order;
}

void SourceParts::Add(Listener* listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.insert(listener);
}

void SourceParts::Remove(Listener* listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(listener);
}

// An exception would end the program: the thread is ours.
arrow::Result<Extent> SourceParts::AnswerOf(size_t i, const std::stop_token& stop) const {
  try {
    return sources_[i]->GetExtent(stop);
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, "asking ", sources_[i]->name(), ": ", error.what());
  }
}

void SourceParts::Ask(size_t i, const std::stop_token& stop) {
  bool first = true;
  do {
    auto extent = AnswerOf(i, stop);
    {
      const std::lock_guard lock(mutex_);
      heard_[i] = std::move(extent);
      when_[i] = Clock::now();
      if (std::exchange(first, false)) ++answered_;
    }
    one_answered_.notify_all();
    {
      const std::lock_guard lock(listeners_mutex_);
      for (Listener* const listener : listeners_) listener->HasHeard();
    }
  } while (SleepFor(times_.ask, stop));
}

}  // namespace stellar_arrow::source

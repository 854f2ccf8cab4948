#include "stellar_arrow/cli/source_watch.h"

#include <exception>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/sleep.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/pipeline/pipeline.h"

namespace stellar_arrow::cli {

// Well below ops::kMostSilence.
constexpr std::chrono::seconds kInterval{2};
// So often a ledger is asked for before it is taken for one that there is not.
constexpr int kMostTries = 5;

SourceWatch::SourceWatch(source::LedgerSource& source, int64_t max_object_bytes,
                         ops::Health& health, ops::Metrics& metrics)
    : source_(source), max_object_bytes_(max_object_bytes), health_(health), metrics_(metrics) {
  health_.SourceIs(std::string(source_.name()));
  Ask({});
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void SourceWatch::Run(const std::stop_token& stop) {
  while (SleepFor(kInterval, stop)) {
    try {
      Ask(stop);
    } catch (const std::exception& error) {  // would end the server
      health_.SourceFailed(Concat("asking ", source_.name(), ": ", error.what()));
    }
  }
}

void SourceWatch::Ask(const std::stop_token& stop) {
  const auto extent = source_.GetExtent(stop);
  if (stop.stop_requested()) return;
  CountRetries(source_);
  for (const source::LedgerSource* part : source_.parts()) CountRetries(*part);
  if (!extent.ok()) {
    health_.SourceFailed(FullMessage(extent.status()));
    return;
  }
  if (newest_ && !extent->newest) {
    health_.SourceFailed(
        Concat(source_.name(), " has no ledgers any more; it had them up to ledger ", *newest_));
    return;
  }
  // The newest that it ever had counts. Nodes behind one address, and sources that stand in for
  // each other, differ: the lag must neither jump with whoever answers, nor be forgotten with
  // whoever fails. But a ledger that nobody gives does not: who said so was of another network,
  // say.
  const bool gave_up = head_ && newest_ > head_->ledger && tries_left_ == 0;
  if (extent->newest > newest_ || (gave_up && extent->newest < newest_)) {
    newest_ = extent->newest;
    const bool has_time = extent->grows && !source_.made_up();
    tries_left_ = has_time && (!head_ || newest_ > head_->ledger) ? kMostTries : 0;
  }
  if (tries_left_ > 0) {
    const auto closed = ClosedAt(*newest_, stop);
    // Another one may give it soon. What else is wrong with it is told by the stream that meets it.
    tries_left_ = CodeOf(closed.status()) == ErrorCode::kUnavailable ? tries_left_ - 1 : 0;
    if (closed.ok()) head_ = {*newest_, *closed};
  }
  // Until the newest one's time is known the one before counts, for the lag is no less.
  if (head_) {
    health_.SourceAnswered(head_->ledger, head_->closed);
  } else {
    health_.SourceAnswered(newest_, std::nullopt);
  }
}

void SourceWatch::CountRetries(const source::LedgerSource& part) {
  if (part.recovery() == nullptr) return;
  const source::Recovery& recovery = *part.recovery();
  const auto retries = recovery.retries();
  source::RetryCounts& counted = retries_[&part];
  for (size_t i = 0; i < retries.size(); ++i) {
    const int64_t more = retries[i] - std::exchange(counted[i], retries[i]);
    if (more != 0) metrics_.Retried(part.name(), source::kRetryReasons[i], more);
  }
  using Breaker = ops::Metrics::Breaker;
  switch (recovery.breaker_state()) {
    case source::CircuitBreaker::State::kClosed:
      return metrics_.SetBreaker(part.name(), Breaker::kClosed);
    case source::CircuitBreaker::State::kHalfOpen:
      return metrics_.SetBreaker(part.name(), Breaker::kHalfOpen);
    case source::CircuitBreaker::State::kOpen:
      return metrics_.SetBreaker(part.name(), Breaker::kOpen);
  }
}

arrow::Result<ops::Health::SystemTime> SourceWatch::ClosedAt(uint32_t ledger,
                                                             const std::stop_token& stop) {
  pipeline::Options options;
  options.range = {ledger, ledger};
  options.verify = ledger::VerifyLevel::kStructure;
  options.max_object_bytes = max_object_bytes_;
  options.stopped = [&stop] { return stop.stop_requested(); };
  ARROW_ASSIGN_OR_RAISE(const auto pipeline,
                        pipeline::Pipeline::Make(source_.newest_part(), std::move(options)));
  ARROW_ASSIGN_OR_RAISE(const auto progress, pipeline->Next(/*wait=*/false));
  if (progress != pipeline::Progress::kLedger) {
    return Error(ErrorCode::kUnavailable, source_.name(), " does not give ledger ", ledger);
  }
  return ops::Health::SystemTime(pipeline->ledger().close_time());
}

}  // namespace stellar_arrow::cli

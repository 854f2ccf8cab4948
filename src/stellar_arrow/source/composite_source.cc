#include "stellar_arrow/source/composite_source.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

// A source at its tip has been left behind where another one is so many ledgers ahead, or has been
// ahead of it for so long. It is looked for now and then.
constexpr uint32_t kFarAhead = 16;
constexpr std::chrono::seconds kStale{10};
constexpr std::chrono::seconds kLookInterval{1};
// How often one that is down is asked whether it is back.
constexpr std::chrono::seconds kProbeInterval{2};

using Sources = std::vector<std::unique_ptr<LedgerSource>>;

bool IsDown(const LedgerSource& source) {
  const Recovery* recovery = source.recovery();
  return recovery != nullptr && recovery->breaker_state() != CircuitBreaker::State::kClosed;
}

// Those that answer first, else as they were named.
std::vector<size_t> InOrder(const Sources& sources) {
  std::vector<size_t> order;
  for (size_t i = 0; i < sources.size(); ++i) order.push_back(i);
  std::ranges::stable_partition(order, [&](size_t i) { return !IsDown(*sources[i]); });
  return order;
}

// Whether a stream may go on with another source after `status`: not where nobody waits any more,
// or where the fault is ours.
bool MayGoOn(const arrow::Status& status) {
  const Failure failure = FailureOf(status);
  return failure != Failure::kCancelled && failure != Failure::kOurs &&
         CodeOf(status) != ErrorCode::kResourceExhausted;
}

class CompositeStream final : public ObjectStream {
 public:
  CompositeStream(std::shared_ptr<const Sources> sources, LedgerRange range, GapPolicy gaps,
                  arrow::MemoryPool* pool)
      : sources_(std::move(sources)),
        next_(range.first),
        last_(range.last),
        gaps_(gaps),
        pool_(pool) {}

  // Opens the range at the first source that has it. Errors: the first one's, where none has.
  arrow::Status Start() { return GoOn(std::nullopt, arrow::Status::OK()); }

  arrow::Result<Fetched> Next() override {
    while (true) {
      auto fetched = stream_->Next();
      if (cancelled_) return Fetched{};
      if (!fetched.ok()) {
        ARROW_RETURN_NOT_OK(GoOn(source_, fetched.status()));
        continue;
      }
      if (fetched->state == Fetched::State::kNotYet && HasBeenLeftBehind()) {
        ARROW_RETURN_NOT_OK(GoOn(source_, Error(ErrorCode::kUnavailable, fetched->reason)));
        continue;
      }
      if (fetched->state == Fetched::State::kEnd && last_ && next_ <= *last_) {
        ARROW_RETURN_NOT_OK(GoOn(source_, Error(ErrorCode::kOutOfRange, NameOf(source_),
                                                " ends before ledger ", next_)));
        continue;
      }
      if (fetched->state == Fetched::State::kObject) {
        waiting_since_.reset();
        failed_.clear();
        if (std::exchange(joint_, false)) {
          fetched->object.joint = next_;
          if (fetched->object.first > next_) {
            return GapError(next_, "ledger ", next_, " is missing where ", NameOf(source_),
                            " stands in: its next one is ", fetched->object.first,
                            ", which nothing links to those before");
          }
        }
        if (fetched->object.last != 0) next_ = fetched->object.last + 1;
      }
      return fetched;
    }
  }

  void Wait(int64_t milliseconds) override { stream_->Wait(milliseconds); }

  void Cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (stream_ != nullptr) stream_->Cancel();
  }

  void LimitReadAhead(std::function<bool()> may) override {
    const std::lock_guard lock(mutex_);
    may_read_ahead_ = std::move(may);
    if (stream_ != nullptr) stream_->LimitReadAhead(may_read_ahead_);
  }

 private:
  // Goes on with another source than `failed`, of which `why` tells what is wrong.
  arrow::Status GoOn(std::optional<size_t> failed, arrow::Status why) {
    if (failed) {
      if (!MayGoOn(why)) return why;
      failed_.push_back(*failed);
    }
    for (const size_t i : InOrder(*sources_)) {
      if (std::ranges::find(failed_, i) != failed_.end()) continue;
      auto stream = Open(*(*sources_)[i]);
      if (stream.ok()) {
        // The one before ends without the lock: it may wait for a thread of its own that cancels
        // this.
        std::unique_ptr<ObjectStream> before;
        const std::lock_guard lock(mutex_);
        // A stream that has begun is joined to what it gave, one that has not begins anew.
        joint_ = failed.has_value() && next_ != first_;
        before = std::exchange(stream_, *std::move(stream));
        if (may_read_ahead_) stream_->LimitReadAhead(may_read_ahead_);
        if (cancelled_) stream_->Cancel();
        source_ = i;
        waiting_since_.reset();
        return arrow::Status::OK();
      }
      if (!MayGoOn(stream.status())) return stream.status();
      failed_.push_back(i);
      why = why.ok() ? stream.status()
                     : WithContext(why, Concat("no other source goes on from ledger ", next_));
    }
    return why;
  }

  // The range from the next ledger on, as far as the source can have it.
  arrow::Result<std::unique_ptr<ObjectStream>> Open(LedgerSource& source) const {
    auto stream = source.OpenStream({next_, last_}, gaps_, pool_);
    if (stream.ok() || CodeOf(stream.status()) != ErrorCode::kOutOfRange) return stream;
    const auto extent = source.GetExtent();
    if (!extent.ok() || !extent->first || next_ < *extent->first || next_ > *extent->newest) {
      return stream;
    }
    return source.OpenStream({next_, extent->newest}, gaps_, pool_);
  }

  std::string_view NameOf(size_t source) const { return (*sources_)[source]->name(); }

  // Whether another source has what is waited for at the tip of this one: much of it, or for long.
  bool HasBeenLeftBehind() {
    const auto now = Clock::now();
    if (!waiting_since_) waiting_since_ = look_again_ = now;
    if (now < look_again_) return false;
    look_again_ = now + kLookInterval;
    for (const size_t i : InOrder(*sources_)) {
      if (i == source_ || IsDown(*(*sources_)[i])) continue;
      const auto extent = (*sources_)[i]->GetExtent();
      if (!extent.ok() || !extent->newest || *extent->newest < next_) continue;
      if (now - *waiting_since_ >= kStale || *extent->newest - next_ >= kFarAhead ||
          (last_ && *extent->newest >= *last_)) {
        return true;
      }
    }
    return false;
  }

  const std::shared_ptr<const Sources> sources_;
  uint32_t next_;
  const uint32_t first_ = next_;
  const std::optional<uint32_t> last_;
  const GapPolicy gaps_;
  arrow::MemoryPool* const pool_;
  size_t source_ = 0;           // that stream_ is of
  std::vector<size_t> failed_;  // since the last object
  bool joint_ = false;          // the next object is the first of another source
  std::optional<Clock::time_point> waiting_since_;
  Clock::time_point look_again_;
  std::mutex mutex_;  // of stream_ and may_read_ahead_, against Cancel()
  std::function<bool()> may_read_ahead_;
  std::unique_ptr<ObjectStream> stream_;
  std::atomic<bool> cancelled_ = false;
};

// One that could not be opened yet. Until it can it is down.
class LateSource final : public LedgerSource {
 public:
  LateSource(std::string name, OpenLate open)
      : name_(std::move(name)), open_(std::move(open)), recovery_(name_, {1, 1}) {}

  std::string_view name() const override { return name_; }

  arrow::Result<Extent> GetExtent() override {
    ARROW_ASSIGN_OR_RAISE(LedgerSource* const source, Get());
    return source->GetExtent();
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool) override {
    ARROW_ASSIGN_OR_RAISE(LedgerSource* const source, Get());
    return source->OpenStream(range, gaps, pool);
  }

  std::optional<std::string> passphrase() const override {
    const std::lock_guard lock(mutex_);
    return source_ ? source_->passphrase() : std::nullopt;
  }

  const Recovery* recovery() const override {
    const std::lock_guard lock(mutex_);
    return source_ ? source_->recovery() : &recovery_;
  }

 private:
  arrow::Result<LedgerSource*> Get() {
    const std::lock_guard lock(opening_);
    if (source_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto opened,
                            recovery_.Run({.budget = std::chrono::milliseconds{0}}, open_));
      const std::lock_guard lock_again(mutex_);
      source_ = std::move(opened);
    }
    return source_.get();
  }

  const std::string name_;
  const OpenLate open_;
  Recovery recovery_;
  std::mutex opening_;        // one at a time
  mutable std::mutex mutex_;  // of source_, which is set once
  std::unique_ptr<LedgerSource> source_;
};

class CompositeSource final : public LedgerSource {
 public:
  explicit CompositeSource(Sources sources)
      : sources_(std::make_shared<const Sources>(std::move(sources))) {
    for (const auto& source : *sources_) {
      name_ += Concat(name_.empty() ? "" : ", else ", source->name());
    }
    prober_ = std::jthread([this](const std::stop_token& stop) { Probe(stop); });
  }

  std::string_view name() const override { return name_; }

  // What they have together: all of those that answer.
  arrow::Result<Extent> GetExtent() override {
    std::optional<Extent> all;
    arrow::Status why;
    for (const size_t i : InOrder(*sources_)) {
      // Those that are down are asked only where no other one answers.
      if (all && IsDown(*(*sources_)[i])) break;
      const auto extent = (*sources_)[i]->GetExtent();
      if (!extent.ok()) {
        if (why.ok()) why = extent.status();
      } else if (!all) {
        all = *extent;
      } else {
        // What one of them does not say, all do not.
        const bool known = all->first && extent->first;
        all->first = known ? std::optional(std::min(*all->first, *extent->first)) : std::nullopt;
        all->newest = known ? std::optional(std::max(*all->newest, *extent->newest)) : std::nullopt;
        all->grows = all->grows || extent->grows;
      }
    }
    if (!all) return why;
    return *all;
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool) override {
    if (range.first == 0) {
      ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent());
      range.first = extent.first.value_or(0);
    }
    auto stream = std::make_unique<CompositeStream>(sources_, range, gaps, pool);
    ARROW_RETURN_NOT_OK(stream->Start());
    return stream;
  }

  std::optional<std::string> passphrase() const override {
    for (const auto& source : *sources_) {
      if (auto passphrase = source->passphrase()) return passphrase;
    }
    return std::nullopt;
  }

  std::vector<const LedgerSource*> parts() const override {
    std::vector<const LedgerSource*> parts;
    for (const auto& source : *sources_) parts.push_back(source.get());
    return parts;
  }

  bool made_up() const override {
    return std::ranges::any_of(*sources_, [](const auto& source) { return source->made_up(); });
  }

 private:
  // While a source is down no stream asks it, so that it could not be found up again.
  void Probe(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!never.wait_for(lock, stop, kProbeInterval, [] { return false; }) &&
           !stop.stop_requested()) {
      for (const auto& source : *sources_) {
        if (IsDown(*source)) static_cast<void>(source->GetExtent());
      }
    }
  }

  const std::shared_ptr<const Sources> sources_;
  std::string name_;
  std::jthread prober_;  // last: it uses all of the above
};

}  // namespace

arrow::Result<std::unique_ptr<LedgerSource>> OpenNowOrLater(std::string name, OpenLate open) {
  auto opened = open();
  if (opened.ok() || FailureOf(opened.status()) != Failure::kTransient) return opened;
  auto late = std::make_unique<LateSource>(std::move(name), std::move(open));
  static_cast<void>(late->GetExtent());  // so that it counts as down
  return late;
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenComposite(Sources sources) {
  const LedgerSource* first = nullptr;
  std::string passphrase;
  for (const auto& source : sources) {
    const auto stated = source->passphrase();
    if (!stated) continue;
    if (first == nullptr) {
      first = source.get();
      passphrase = *stated;
    } else if (*stated != passphrase) {
      return Error(ErrorCode::kFailedPrecondition, first->name(), " is of the network '",
                   passphrase, "', ", source->name(), " of '", *stated,
                   "'; one cannot stand in for the other");
    }
  }
  return std::make_unique<CompositeSource>(std::move(sources));
}

}  // namespace stellar_arrow::source

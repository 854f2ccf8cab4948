#include "stellar_arrow/source/composite_stream.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

// So many ledgers behind another source one is not waited for.
constexpr uint32_t kFarBehind = 16;

// Whether a stream may go on with another source after `status`: not where nobody waits any more,
// or where the fault is ours.
bool MayGoOn(const arrow::Status& status) {
  const Failure failure = FailureOf(status);
  return failure != Failure::kCancelled && failure != Failure::kOurs &&
         CodeOf(status) != ErrorCode::kResourceExhausted;
}

bool IsGap(const arrow::Status& status) {
  const auto detail = DetailOf(status);
  return detail != nullptr && detail->gap();
}

class CompositeStream final : public ObjectStream, private SourceParts::Listener {
 public:
  CompositeStream(std::shared_ptr<SourceParts> parts, LedgerRange range, GapPolicy gaps,
                  arrow::MemoryPool* pool)
      : parts_(std::move(parts)),
        next_(range.first),
        last_(range.last),
        gaps_(gaps),
        pool_(pool),
        left_(parts_->size()) {
    parts_->Add(this);
  }

  ~CompositeStream() override { parts_->Remove(this); }

  // Opens the range at the first source that has it. Errors: as of Verdict().
  arrow::Status Start(const std::stop_token& stop) {
    const std::stop_callback cancel(stop, [this] { stop_.request_stop(); });
    return Open(Untried());
  }

  arrow::Result<Fetched> Next() override {
    while (true) {
      auto fetched = Fetch();
      if (stop_.stop_requested()) return Fetched{};
      if (fetched.ok() && fetched->state == Fetched::State::kObject) return Take(*fetched);
      if (given_up_) {
        ARROW_RETURN_NOT_OK(GoOn(arrow::Status::OK(), Ahead(/*silent=*/true)));
      } else if (!fetched.ok()) {
        ARROW_RETURN_NOT_OK(GoOn(fetched.status(), Untried()));
      } else if (fetched->state == Fetched::State::kEnd) {
        if (complete_) return fetched;
        const auto went_on =
            GoOn(Error(ErrorCode::kOutOfRange, NameOf(source_), " ends before ledger ", next_),
                 Untried());
        if (!went_on.ok() && !last_ && AllHaveEnded()) return fetched;
        ARROW_RETURN_NOT_OK(went_on);
      } else {
        if (!waiting_since_) waiting_since_ = Clock::now();
        auto ahead = Ahead(/*silent=*/false);
        if (ahead.empty()) return BeAtTheTip(*std::move(fetched));
        ARROW_RETURN_NOT_OK(GoOn(arrow::Status::OK(), std::move(ahead)));
      }
    }
  }

  void Wait(int64_t milliseconds) override { stream_->Wait(milliseconds); }

  void Cancel() override {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->Cancel();
    if (kept_ != nullptr) kept_->Cancel();
  }

  void LimitReadAhead(std::function<bool()> may) override {
    const std::lock_guard lock(mutex_);
    may_read_ahead_ = std::move(may);
    if (stream_ != nullptr) stream_->LimitReadAhead(may_read_ahead_);
  }

 private:
  // That a source was left, and why: OK where it only lagged.
  struct Left {
    Clock::time_point when;
    uint32_t next = 0;  // the ledger that it did not give
    arrow::Status why;
  };

  arrow::Result<Fetched> Fetch() {
    {
      const std::lock_guard lock(mutex_);
      if (given_up_) return Fetched{};
      fetching_since_ = Clock::now();
    }
    auto fetched = stream_->Next();
    const std::lock_guard lock(mutex_);
    fetching_since_.reset();
    return fetched;
  }

  // Gives up a source that has been silent for too long, where another one has the ledger.
  void HasHeard() override {
    const std::lock_guard lock(mutex_);
    if (!fetching_since_ || given_up_) return;
    if (Clock::now() - *fetching_since_ < parts_->times().silent) return;
    if (Ahead(/*silent=*/true).empty()) return;
    given_up_ = true;
    stream_->Cancel();
  }

  arrow::Result<Fetched> Take(Fetched fetched) {
    Object& object = fetched.object;
    waiting_since_.reset();
    SetKept(0, nullptr);
    if (std::exchange(joint_, false)) {
      object.joint = next_;
      if (object.first > next_) {
        return GapError(next_, "ledger ", next_, " is missing where ", NameOf(source_),
                        " stands in: its next one is ", object.first,
                        ", which nothing links to those before");
      }
    }
    if (object.last != 0) next_ = object.last + 1;
    complete_ = object.last == UINT32_MAX || (last_ && object.last >= *last_);
    return fetched;
  }

  // At the tip of this source, with no other one to go on with. Errors: another one's data were
  // wrong, so that this ledger is only hoped for.
  arrow::Result<Fetched> BeAtTheTip(Fetched not_yet) const {
    const Left* const worst = WorstFailure();
    if (worst == nullptr) return not_yet;
    if (FailureOf(worst->why) == Failure::kData &&
        Clock::now() - worst->when >= parts_->times().spared) {
      return WithContext(worst->why, not_yet.reason);
    }
    not_yet.reason += "; " + worst->why.message();
    return not_yet;
  }

  // Goes on with the first of `candidates` that can be opened; `why` tells what is wrong with the
  // present one, and is OK where it only lags.
  arrow::Status GoOn(const arrow::Status& why, std::vector<size_t> candidates) {
    if (!why.ok() && !MayGoOn(why)) return why;
    left_[source_] = {Clock::now(), next_, why};
    if (!why.ok()) std::erase(candidates, source_);
    return Open(candidates);
  }

  arrow::Status Open(const std::vector<size_t>& candidates) {
    for (const size_t i : candidates) {
      if (kept_ != nullptr && kept_source_ == i) {
        Use(i, SetKept(0, nullptr));
        return arrow::Status::OK();
      }
      auto stream = OpenAt(i);
      if (stream.ok()) {
        Use(i, *std::move(stream));
        return arrow::Status::OK();
      }
      if (!MayGoOn(stream.status())) return stream.status();
      left_[i] = {Clock::now(), next_, stream.status()};
    }
    if (stream_ != nullptr && left_[source_]->why.ok()) {
      if (!given_up_) return arrow::Status::OK();
      Drop();  // first: a core, for one, runs one stream at a time
      ARROW_ASSIGN_OR_RAISE(auto stream, OpenAt(source_));
      Use(source_, std::move(stream));
      return arrow::Status::OK();
    }
    return Verdict();
  }

  // The range from the next ledger on, as far as the source can have it.
  arrow::Result<std::unique_ptr<ObjectStream>> OpenAt(size_t i) const {
    LedgerRange range{next_, last_};
    const auto heard = parts_->Heard(i);
    if (last_ && heard.ok() && !heard->grows && heard->newest && *heard->newest >= next_) {
      range.last = std::min(*last_, *heard->newest);
    }
    return parts_->at(i).OpenStream(range, gaps_, pool_, stop_.get_token());
  }

  void Use(size_t i, std::unique_ptr<ObjectStream> stream) {
    const bool lags = stream_ != nullptr && !given_up_ && left_[source_]->why.ok();
    const size_t source = std::exchange(source_, i);
    std::unique_ptr<ObjectStream> before;
    {
      const std::lock_guard lock(mutex_);
      before = std::exchange(stream_, std::move(stream));
      if (may_read_ahead_) stream_->LimitReadAhead(may_read_ahead_);
      if (stop_.stop_requested()) stream_->Cancel();
      given_up_ = false;
    }
    // A stream that has begun is joined to what it gave, one that has not begins anew.
    joint_ = next_ != first_;
    waiting_since_.reset();
    // Until the other one has given something: a core, for one, would have to begin all over.
    if (lags && kept_ == nullptr) SetKept(source, std::move(before));
  }

  // Without the lock, as SetKept().
  void Drop() {
    std::unique_lock lock(mutex_);
    const auto dropped = std::exchange(stream_, nullptr);
    lock.unlock();
  }

  // Gives what was kept. A stream ends without the lock: it may wait for a thread of its own that
  // cancels this.
  std::unique_ptr<ObjectStream> SetKept(size_t source, std::unique_ptr<ObjectStream> stream) {
    const std::lock_guard lock(mutex_);
    kept_source_ = source;
    if (stream != nullptr && stop_.stop_requested()) stream->Cancel();
    return std::exchange(kept_, std::move(stream));
  }

  bool HasFailedHere(size_t i) const {
    return left_[i] && left_[i]->next == next_ && !left_[i]->why.ok();
  }

  // Whether it was left a moment ago for what may still be so. That it lagged, or does not have a
  // ledger, tells nothing of the next one.
  bool IsSpared(size_t i, Clock::time_point now) const {
    if (!left_[i] || now - left_[i]->when >= parts_->times().spared) return false;
    const arrow::Status& why = left_[i]->why;
    return left_[i]->next == next_ || !(why.ok() || CodeOf(why) == ErrorCode::kOutOfRange);
  }

  // Those that may give the next ledger, as far as is known.
  std::vector<size_t> Untried() const {
    std::vector<size_t> untried = parts_->InOrder();
    std::erase_if(untried, [this](size_t i) { return HasFailedHere(i); });
    return untried;
  }

  // Those that have the next ledger, where the present one lags: has it not for long, or by far, or
  // is `silent`.
  std::vector<size_t> Ahead(bool silent) const {
    const auto now = Clock::now();
    std::vector<size_t> ahead = parts_->InOrder();
    std::erase_if(ahead, [&](size_t i) {
      const auto heard = parts_->Heard(i);
      if (i == source_ || parts_->IsDown(i) || !heard.ok() || !heard->newest) return true;
      if (*heard->newest < next_ || heard->first.value_or(0) > next_) return true;
      if (IsSpared(i, now)) return true;
      // Once is enough where the present one may be about to begin, and for data that were wrong.
      if (HasFailedHere(i) && (silent || FailureOf(left_[i]->why) == Failure::kData)) return true;
      return !silent && now - *waiting_since_ < parts_->times().behind &&
             *heard->newest - next_ < kFarBehind && !(last_ && *heard->newest >= *last_);
    });
    return ahead;
  }

  // Of the sources that failed to give the next ledger: the first whose data were wrong, which
  // nothing else may hide, else the first that may have it when it answers, else the first one.
  // Null: none did.
  const Left* WorstFailure() const {
    const Left* worst = nullptr;
    const auto rank = [](const Left& left) {
      const Failure failure = FailureOf(left.why);
      const bool wrong = failure == Failure::kData && !IsGap(left.why);
      return std::pair(wrong ? 0 : failure == Failure::kTransient ? 1 : 2, left.when);
    };
    for (size_t i = 0; i < left_.size(); ++i) {
      if (!HasFailedHere(i)) continue;
      if (worst == nullptr || rank(*left_[i]) < rank(*worst)) worst = &*left_[i];
    }
    return worst;
  }

  // Why there is nothing to go on with.
  arrow::Status Verdict() const {
    const Left* const worst = WorstFailure();
    if (worst == nullptr) return Error(ErrorCode::kInternal, "no source was asked");
    return WithContext(worst->why, Concat("no other source goes on from ledger ", next_));
  }

  // Whether there is nothing behind the ledgers given, of any source, and cannot be.
  bool AllHaveEnded() const {
    for (size_t i = 0; i < left_.size(); ++i) {
      const auto heard = parts_->Heard(i);
      if (!HasFailedHere(i) || CodeOf(left_[i]->why) != ErrorCode::kOutOfRange) return false;
      if (!heard.ok() || heard->grows || heard->newest.value_or(0) >= next_) return false;
    }
    return true;
  }

  std::string_view NameOf(size_t source) const { return parts_->at(source).name(); }

  const std::shared_ptr<SourceParts> parts_;
  uint32_t next_;
  const uint32_t first_ = next_;
  const std::optional<uint32_t> last_;
  const GapPolicy gaps_;
  arrow::MemoryPool* const pool_;
  std::stop_source stop_;
  std::vector<std::optional<Left>> left_;  // of each source: the last time
  size_t source_ = 0;                      // that stream_ is of
  bool joint_ = false;                     // the next object is the first of another source
  bool complete_ = false;                  // the range's last ledger was given
  std::optional<Clock::time_point> waiting_since_;  // at the tip of this source
  // Of what follows, and of what HasHeard() sees of the above, which changes only while
  // fetching_since_ is not set.
  std::mutex mutex_;
  std::function<bool()> may_read_ahead_;
  std::unique_ptr<ObjectStream> stream_;
  std::unique_ptr<ObjectStream> kept_;  // of the one before, which only lagged
  size_t kept_source_ = 0;
  std::optional<Clock::time_point> fetching_since_;  // Next() of stream_ is under way
  bool given_up_ = false;                            // stream_ was cancelled for its silence
};

}  // namespace

arrow::Result<std::unique_ptr<ObjectStream>> OpenCompositeStream(std::shared_ptr<SourceParts> parts,
                                                                 LedgerRange range, GapPolicy gaps,
                                                                 arrow::MemoryPool* pool,
                                                                 const std::stop_token& stop) {
  auto stream = std::make_unique<CompositeStream>(std::move(parts), range, gaps, pool);
  ARROW_RETURN_NOT_OK(stream->Start(stop));
  return stream;
}

}  // namespace stellar_arrow::source

#include "stellar_arrow/source/composite_source.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/composite_stream.h"
#include "stellar_arrow/source/recovery.h"
#include "stellar_arrow/source/source_parts.h"

namespace stellar_arrow::source {
namespace {

// One that could not be opened yet. Until it can it is down; whoever asks what it has tries.
class LateSource final : public LedgerSource {
 public:
  // `why_not` is the transient failure of the first attempt.
  LateSource(std::string name, OpenLate open, arrow::Status why_not)
      : name_(std::move(name)),
        open_(std::move(open)),
        recovery_(name_, {1, 1}),
        why_not_(std::move(why_not)) {
    static_cast<void>(recovery_.Run({}, [this]() -> Opened { return why_not_; }));
  }

  std::string_view name() const override { return name_; }

  arrow::Result<Extent> GetExtent(const std::stop_token& stop) override {
    if (LedgerSource* const source = Get()) return source->GetExtent(stop);
    {
      const std::lock_guard lock(opening_);
      if (Get() == nullptr) {
        auto opened = recovery_.Run({.budget = std::chrono::milliseconds{0}, .stop = stop},
                                    [this] { return Open(); });
        const std::lock_guard lock_again(mutex_);
        if (opened.ok()) source_ = *std::move(opened);
      }
    }
    if (LedgerSource* const source = Get()) return source->GetExtent(stop);
    return WhyNot();
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token& stop) override {
    if (LedgerSource* const source = Get()) return source->OpenStream(range, gaps, pool, stop);
    return WhyNot();
  }

  std::optional<std::string> passphrase() const override {
    const LedgerSource* const source = Get();
    return source != nullptr ? source->passphrase() : std::nullopt;
  }

  const Recovery* recovery() const override {
    const LedgerSource* const source = Get();
    return source != nullptr ? source->recovery() : &recovery_;
  }

 private:
  using Opened = arrow::Result<std::unique_ptr<LedgerSource>>;

  // One attempt. Where none is made yet, the last one still tells what is wrong.
  Opened Open() {
    auto opened = open_();
    if (!opened.ok()) {
      const std::lock_guard lock(mutex_);
      why_not_ = opened.status();
    }
    return opened;
  }
  LedgerSource* Get() const {
    const std::lock_guard lock(mutex_);
    return source_.get();
  }
  arrow::Status WhyNot() const {
    const std::lock_guard lock(mutex_);
    return why_not_;
  }

  const std::string name_;
  const OpenLate open_;
  Recovery recovery_;
  std::mutex opening_;                    // one at a time
  mutable std::mutex mutex_;              // of what follows
  std::unique_ptr<LedgerSource> source_;  // set once
  arrow::Status why_not_;
};

class CompositeSource final : public LedgerSource {
 public:
  CompositeSource(std::shared_ptr<SourceParts> parts, std::optional<std::string> passphrase)
      : parts_(std::move(parts)), passphrase_(std::move(passphrase)) {
    for (size_t i = 0; i < parts_->size(); ++i) {
      name_ += Concat(i == 0 ? "" : ", else ", parts_->at(i).name());
    }
  }

  std::string_view name() const override { return name_; }

  // What they have together: all of those that answer.
  arrow::Result<Extent> GetExtent(const std::stop_token&) override {
    std::optional<Extent> all;
    arrow::Status why;
    for (const size_t i : parts_->InOrder()) {
      const auto extent = parts_->Heard(i);
      if (!extent.ok()) {
        if (why.ok()) why = extent.status();
      } else if (!all) {
        all = *extent;
      } else {
        // Where one of them does not say how far back it goes all do not; the tip is the newest
        // that is known of.
        const bool known = all->first && extent->first;
        all->first = known ? std::optional(std::min(*all->first, *extent->first)) : std::nullopt;
        all->newest = std::max(all->newest, extent->newest);
        all->grows = all->grows || extent->grows;
      }
    }
    if (!all) return why;
    all->partial = !why.ok();
    const std::lock_guard lock(mutex_);
    // Where the one that knows does not answer for now the ledgers have not gone.
    if (!all->newest && !why.ok()) all->newest = newest_;
    newest_ = all->newest;
    return *all;
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token& stop) override {
    if (range.first == 0) {
      ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent(stop));
      range.first = extent.first.value_or(0);
    }
    return OpenCompositeStream(parts_, range, gaps, pool, stop);
  }

  // One network's, so what the first one states is asked for once; those that are down not at all.
  std::optional<std::string> passphrase() const override {
    {
      const std::lock_guard lock(mutex_);
      if (passphrase_) return passphrase_;
    }
    for (const size_t i : parts_->InOrder()) {
      auto stated = parts_->IsDown(i) ? std::nullopt : parts_->at(i).passphrase();
      if (!stated) continue;
      const std::lock_guard lock(mutex_);
      passphrase_ = *stated;
      return stated;
    }
    return std::nullopt;
  }

  std::vector<const LedgerSource*> parts() const override {
    std::vector<const LedgerSource*> parts;
    for (size_t i = 0; i < parts_->size(); ++i) parts.push_back(&parts_->at(i));
    return parts;
  }

  // A stream of all would begin with the first, which may have to make the ledger.
  LedgerSource& newest_part() override {
    const auto newest = [this](size_t i) {
      const auto heard = parts_->Heard(i);
      return heard.ok() ? heard->newest : std::nullopt;
    };
    return parts_->at(std::ranges::max(parts_->InOrder(), {}, newest));
  }

  bool made_up() const override {
    return std::ranges::any_of(parts(), [](const auto* source) { return source->made_up(); });
  }

 private:
  const std::shared_ptr<SourceParts> parts_;
  std::string name_;
  mutable std::mutex mutex_;  // of what follows
  mutable std::optional<std::string> passphrase_;
  std::optional<uint32_t> newest_;  // as it was told last
};

}  // namespace

arrow::Result<std::unique_ptr<LedgerSource>> OpenNowOrLater(std::string name, OpenLate open) {
  auto opened = open();
  if (opened.ok() || FailureOf(opened.status()) != Failure::kTransient) return opened;
  return std::make_unique<LateSource>(std::move(name), std::move(open), opened.status());
}

arrow::Result<std::unique_ptr<LedgerSource>> OpenComposite(
    std::vector<std::unique_ptr<LedgerSource>> sources, const CompositeTimes& times) {
  std::shared_ptr<SourceParts> parts;
  try {
    parts = std::make_shared<SourceParts>(std::move(sources), times);
  } catch (const std::system_error& error) {
    return Error(ErrorCode::kResourceExhausted, "cannot start a thread: ", error.what());
  }
  const LedgerSource* first = nullptr;
  std::optional<std::string> passphrase;
  for (size_t i = 0; i < parts->size(); ++i) {
    if (parts->IsDown(i)) continue;
    const LedgerSource& source = parts->at(i);
    const auto stated = source.passphrase();
    if (!stated) continue;
    if (first == nullptr) {
      first = &source;
      passphrase = *stated;
    } else if (*stated != *passphrase) {
      return Error(ErrorCode::kFailedPrecondition, first->name(), " is of the network '",
                   *passphrase, "', ", source.name(), " of '", *stated,
                   "'; one cannot stand in for the other");
    }
  }
  return std::make_unique<CompositeSource>(std::move(parts), std::move(passphrase));
}

}  // namespace stellar_arrow::source

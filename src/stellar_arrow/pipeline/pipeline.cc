// Two stages: slots are filled by workers (fetch, unzip, check, verify), and emptied in order by
// the caller (gaps, links, anchor). With one thread the caller fills the slots itself.
#include "stellar_arrow/pipeline/pipeline.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/pipeline/opened_object.h"

namespace stellar_arrow::pipeline {
namespace {

// How long a wait goes on before it asks again whether it should end.
constexpr int64_t kWaitMilliseconds = 100;

// Slots a worker: one that it fills, one that the caller empties or that waits for its turn.
constexpr size_t kSlotsPerThread = 2;

// Unzipped bytes that may wait in slots; a single object may be bigger. Bounds the memory of a
// stream whatever the objects' sizes.
constexpr int64_t kMaxWaitingBytes = int64_t{256} << 20;

// What is known of the network, for all threads of a pipeline.
class NetworkKnowledge {
 public:
  NetworkKnowledge(std::optional<ledger::Network> named, std::string origin,
                   std::function<void(const std::string&)> on_note)
      : named_(std::move(named)), origin_(std::move(origin)), on_note_(std::move(on_note)) {}

  // Null while it is not known. The pointer stays valid and the network the same.
  const ledger::Network* Get() const {
    if (named_) return &*named_;
    return proven_.load(std::memory_order_acquire) ? &found_ : nullptr;
  }

  // Proves the named network by `ledger`, or finds the network among the known ones, unless a
  // ledger has already done so. Errors: FAILED_PRECONDITION where the named network is not the
  // ledger's.
  arrow::Status Prove(const ledger::Ledger& ledger, ledger::Sha256& sha) {
    if (proven_.load(std::memory_order_acquire) || ledger.envelopes().empty()) {
      return arrow::Status::OK();
    }
    const std::lock_guard lock(mutex_);
    if (proven_.load(std::memory_order_relaxed)) return arrow::Status::OK();
    std::vector<ledger::Network> candidates;
    for (const ledger::KnownNetwork& known : ledger::KnownNetworks()) {
      candidates.push_back(ledger::Network::FromPassphrase(known.passphrase));
    }
    if (named_) candidates.insert(candidates.begin(), *named_);
    const std::optional<size_t> match = ledger::ProveNetwork(ledger, candidates, sha);
    if (named_) {
      if (match && candidates[*match] == *named_) {
        proven_.store(true, std::memory_order_release);
        return arrow::Status::OK();
      }
      return LedgerError(ErrorCode::kFailedPrecondition, ledger.sequence(), "ledger ",
                         ledger.sequence(), ": its transactions are not of the network ",
                         named_->ToString(), " that ", origin_, " names, ",
                         match ? Concat("but of ", candidates[*match].ToString())
                               : std::string("nor of another known one: name their passphrase "
                                             "with --network, unless the ledger is damaged"));
    }
    if (match) {
      found_ = candidates[*match];
      proven_.store(true, std::memory_order_release);
      if (on_note_) {
        on_note_(Concat("the network is ", found_.ToString(), ": the transaction hashes of ledger ",
                        ledger.sequence(), " prove it"));
      }
    }
    return arrow::Status::OK();
  }

 private:
  const std::optional<ledger::Network> named_;
  const std::string origin_;
  const std::function<void(const std::string&)> on_note_;
  std::mutex mutex_;
  std::atomic<bool> proven_ = false;
  ledger::Network found_;  // written once, before proven_
};

// An object on its way. Filled by one thread, then emptied by the caller.
struct Slot {
  enum class State { kFree, kFilling, kFull };

  explicit Slot(int64_t max_object_bytes) : opened(max_object_bytes) {}

  // A fault of the ledger at place `index` of the object.
  struct LedgerFault {
    size_t index;
    ledger::Fault fault;
  };

  State state = State::kFree;  // guarded by the pipeline's mutex; the rest belongs to whom it says
  source::Fetched::State fetched = source::Fetched::State::kEnd;
  std::string reason;  // of kNotYet
  OpenedObject opened;
  size_t ledgers = 0;               // of the opened ones, those that may be delivered
  std::vector<LedgerFault> faults;  // in order
  arrow::Status status;             // what went wrong after those ledgers
};

class OrderedPipeline final : public Pipeline {
 public:
  OrderedPipeline(std::unique_ptr<source::ObjectStream> stream, Options options)
      : options_(std::move(options)),
        stream_(std::move(stream)),
        network_(options_.network, options_.network_origin, options_.on_note) {
    const size_t threads = static_cast<size_t>(std::max(options_.threads, 1));
    const size_t slots = threads == 1 ? 1 : threads * kSlotsPerThread;
    for (size_t i = 0; i < slots; ++i) slots_.emplace_back(options_.max_object_bytes);
    if (threads > 1) {
      for (size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { Work(); });
    }
  }

  ~OrderedPipeline() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  arrow::Result<Progress> Next(bool wait) override {
    while (!ended_) {
      if (slot_ == nullptr) ARROW_RETURN_NOT_OK(TakeSlot());
      if (next_ledger_ < slot_->ledgers) {
        const size_t index = next_ledger_++;
        ARROW_ASSIGN_OR_RAISE(const bool deliver, CheckInOrder(index));
        if (deliver) return Progress::kLedger;
        continue;
      }
      ARROW_RETURN_NOT_OK(FinishObject());
      const source::Fetched::State fetched = slot_->fetched;
      waiting_for_ = std::move(slot_->reason);
      ReleaseSlot();
      if (fetched == source::Fetched::State::kEnd) {
        ended_ = true;
        ARROW_RETURN_NOT_OK(CheckEnd());
      } else if (fetched == source::Fetched::State::kNotYet) {
        if (!wait) {
          Resume();
          return Progress::kNotYet;
        }
        ARROW_RETURN_NOT_OK(CheckStop());
        stream_->Wait(kWaitMilliseconds);  // no worker fetches while pausing_
        Resume();
      }
    }
    return Progress::kEnd;
  }

  const ledger::Ledger& ledger() const override { return *ledger_; }
  const std::string& waiting_for() const override { return waiting_for_; }
  const Counters& counters() const override { return counters_; }
  std::optional<ledger::Network> network() const override {
    const ledger::Network* network = network_.Get();
    return network ? std::optional(*network) : std::nullopt;
  }

 private:
  // Whether the next object may be fetched now. Under the mutex.
  bool MayFetch() const {
    return !fetching_ && !pausing_ &&
           slots_[next_fetch_ % slots_.size()].state == Slot::State::kFree &&
           (waiting_bytes_ < kMaxWaitingBytes || next_fetch_ == next_take_);
  }

  // A worker: fetches in turn, opens side by side.
  void Work() {
    ledger::Sha256 sha;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closing_ || MayFetch(); });
      if (closing_) return;
      Slot& slot = slots_[next_fetch_++ % slots_.size()];
      slot.state = Slot::State::kFilling;
      fetching_ = true;
      lock.unlock();
      auto fetched = stream_->Next();
      lock.lock();
      fetching_ = false;
      // After an error, the end or the tip there is nothing to fetch until the caller says so.
      pausing_ = !fetched.ok() || fetched->state != source::Fetched::State::kObject;
      lock.unlock();
      changed_.notify_all();
      Fill(slot, std::move(fetched), sha);
      lock.lock();
      waiting_bytes_ += slot.opened.bytes();
      slot.state = Slot::State::kFull;
      changed_.notify_all();
    }
  }

  void Fill(Slot& slot, arrow::Result<source::Fetched> fetched, ledger::Sha256& sha) {
    slot.ledgers = 0;
    slot.faults.clear();
    slot.status = fetched.status();
    slot.fetched = fetched.ok() ? fetched->state : source::Fetched::State::kEnd;
    if (fetched.ok()) slot.reason = std::move(fetched->reason);
    if (slot.fetched != source::Fetched::State::kObject) return;
    slot.status = slot.opened.Open(std::move(fetched->object), options_.range);
    for (ledger::Ledger& ledger : slot.opened.ledgers()) {
      const arrow::Status verified = Verify(ledger, sha, slot);
      if (!verified.ok()) {
        slot.status = WithContext(verified, slot.opened.object().name);
        return;
      }
      ++slot.ledgers;
    }
  }

  arrow::Status Verify(ledger::Ledger& ledger, ledger::Sha256& sha, Slot& slot) {
    ARROW_RETURN_NOT_OK(network_.Prove(ledger, sha));
    const ledger::Network* network = network_.Get();
    const bool full = options_.verify == ledger::VerifyLevel::kFull;
    if ((full || options_.pair) && network == nullptr && !ledger.envelopes().empty()) {
      return LedgerError(ErrorCode::kFailedPrecondition, ledger.sequence(), "ledger ",
                         ledger.sequence(),
                         ": its transactions are of no known network; name its passphrase with "
                         "--network",
                         options_.pair ? "" : ", or verify at level chain");
    }
    std::vector<ledger::Fault> faults;
    // An anchor says nothing of a ledger whose stated hash is not its header's.
    const bool anchored = options_.anchor && options_.anchor->sequence == ledger.sequence();
    const auto level =
        anchored ? std::max(options_.verify, ledger::VerifyLevel::kChain) : options_.verify;
    ledger::VerifyLedger(ledger, level, network, sha, &faults);
    if (anchored) ledger::VerifyAnchor(ledger, *options_.anchor, &faults);
    for (ledger::Fault& fault : faults) slot.faults.push_back({slot.ledgers, std::move(fault)});
    if (options_.pair && !ledger.paired()) {
      // A ledger without transactions pairs under any network.
      static const ledger::Network kAny;
      return ledger.Pair(network != nullptr ? *network : kAny, sha);
    }
    return arrow::Status::OK();
  }

  // The caller's part from here on.

  arrow::Status CheckStop() const {
    if (!options_.stopped || !options_.stopped()) return arrow::Status::OK();
    return Error(ErrorCode::kCancelled, "the stream was cancelled");
  }

  // Makes slot_ the next full one.
  arrow::Status TakeSlot() {
    ARROW_RETURN_NOT_OK(CheckStop());
    Slot& slot = slots_[next_take_ % slots_.size()];
    if (workers_.empty()) {
      Fill(slot, stream_->Next(), sha_);
    } else {
      std::unique_lock lock(mutex_);
      while (slot.state != Slot::State::kFull) {
        changed_.wait_for(lock, std::chrono::milliseconds(kWaitMilliseconds));
        ARROW_RETURN_NOT_OK(CheckStop());
      }
    }
    slot_ = &slot;
    next_ledger_ = next_fault_ = 0;
    if (slot.fetched == source::Fetched::State::kObject) {
      counters_.bytes_compressed += slot.opened.object().bytes->size();
    }
    return arrow::Status::OK();
  }

  void ReleaseSlot() {
    {
      const std::lock_guard lock(mutex_);
      if (!workers_.empty()) waiting_bytes_ -= slot_->opened.bytes();
      slot_->opened.Clear();
      slot_->state = Slot::State::kFree;
      ++next_take_;
    }
    slot_ = nullptr;
    changed_.notify_all();
  }

  void Resume() {
    {
      const std::lock_guard lock(mutex_);
      pausing_ = false;
    }
    changed_.notify_all();
  }

  arrow::Status Report(const ledger::Fault& fault) {
    if (options_.on_fault) {
      options_.on_fault(fault);
      return arrow::Status::OK();
    }
    ended_ = true;
    return LedgerError(ErrorCode::kDataLoss, fault.ledger, slot_->opened.object().name, ": ",
                       fault.ToString());
  }

  // Checks the slot's ledger at `index` against those delivered before, and makes it the current
  // one. False: it is not to be delivered.
  arrow::Result<bool> CheckInOrder(size_t index) {
    ledger::Ledger& ledger = slot_->opened.ledgers()[index];
    for (; next_fault_ < slot_->faults.size() && slot_->faults[next_fault_].index == index;
         ++next_fault_) {
      ARROW_RETURN_NOT_OK(Report(slot_->faults[next_fault_].fault));
    }
    const uint32_t sequence = ledger.sequence();
    const uint32_t expected = previous_ ? previous_->sequence + 1 : options_.range.first;
    if (sequence > expected && expected != 0 && options_.gaps == source::GapPolicy::kFail) {
      ended_ = true;
      return LedgerError(
          ErrorCode::kDataLoss, expected, "ledger ", expected, " is missing: after ",
          previous_ ? Concat("ledger ", previous_->sequence) : std::string("the range's start"),
          " comes ledger ", sequence, ", in ", slot_->opened.object().name);
    }
    if (previous_ &&
        (sequence <= previous_->sequence ||
         (sequence == expected && options_.verify != ledger::VerifyLevel::kStructure))) {
      std::vector<ledger::Fault> faults;
      ledger::VerifyLink(ledger, previous_->sequence, previous_->hash, &faults);
      for (const ledger::Fault& fault : faults) ARROW_RETURN_NOT_OK(Report(fault));
    }
    if (previous_ && sequence <= previous_->sequence) return false;
    previous_ = Delivered{sequence, {}};
    std::ranges::copy(ledger.hash(), previous_->hash.begin());
    ledger_ = &ledger;
    ++counters_.ledgers;
    counters_.bytes_raw += static_cast<int64_t>(ledger.wire().size());
    return true;
  }

  // What went wrong with the slot's object after its good ledgers.
  arrow::Status FinishObject() {
    const arrow::Status& status = slot_->status;
    if (status.ok()) return status;
    // An object that unzips to too much is as unreadable as one that does not unzip.
    const bool undecodable =
        slot_->fetched == source::Fetched::State::kObject &&
        (CodeOf(status) == ErrorCode::kDataLoss || CodeOf(status) == ErrorCode::kResourceExhausted);
    if (options_.on_fault && undecodable) {
      const ErrorDetail* detail = DetailOf(status);
      const uint32_t ledger =
          detail && detail->ledger() ? *detail->ledger() : slot_->opened.object().first;
      return Report({ledger, "structure", "", "one LedgerCloseMeta", status.message()});
    }
    ended_ = true;
    return status;
  }

  // A range with an end must have been delivered to it.
  arrow::Status CheckEnd() const {
    const std::optional<uint32_t> last = options_.range.last;
    if (!last || options_.gaps == source::GapPolicy::kSkip ||
        (previous_ && previous_->sequence == *last)) {
      return arrow::Status::OK();
    }
    const uint32_t missing = previous_ ? previous_->sequence + 1 : options_.range.first;
    return LedgerError(ErrorCode::kDataLoss, missing, "ledger ", missing,
                       " is missing: the source ended before ledger ", *last);
  }

  struct Delivered {
    uint32_t sequence = 0;
    ledger::Hash256 hash{};
  };

  const Options options_;
  std::unique_ptr<source::ObjectStream> stream_;  // by the worker that is fetching_, or the caller
  NetworkKnowledge network_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Slot> slots_;
  uint64_t next_fetch_ = 0;  // ordinal of the next object to fetch; its slot is ordinal % slots
  uint64_t next_take_ = 0;   // ordinal of the next object for the caller
  bool fetching_ = false;    // a worker is in stream_->Next()
  bool pausing_ = false;     // nobody fetches until the caller resumes
  bool closing_ = false;
  int64_t waiting_bytes_ = 0;  // unzipped, in full slots

  // The caller's own.
  Slot* slot_ = nullptr;
  size_t next_ledger_ = 0;  // in slot_
  size_t next_fault_ = 0;
  ledger::Ledger* ledger_ = nullptr;
  std::string waiting_for_;
  std::optional<Delivered> previous_;
  bool ended_ = false;
  Counters counters_;
  ledger::Sha256 sha_;  // for slots that the caller fills itself

  std::vector<std::thread> workers_;  // last: they use all of the above
};

// Takes the source's word for the network where `options` leave it that.
arrow::Status NameNetwork(const source::LedgerSource& source, Options* options) {
  const std::optional<std::string> stated = source.passphrase();
  if (!stated) return arrow::Status::OK();
  auto of_source = ledger::Network::FromPassphrase(*stated);
  if (options->network && !options->network_yields_to_source && !(*options->network == of_source)) {
    return Error(ErrorCode::kFailedPrecondition, options->network_origin, " names the network ",
                 options->network->ToString(), ", but the manifest of ", source.name(), " names ",
                 of_source.ToString());
  }
  if (!options->network || options->network_yields_to_source) {
    options->network = std::move(of_source);
    options->network_origin = Concat("the manifest of ", source.name());
  }
  return arrow::Status::OK();
}

// Ledgers without transactions prove nothing; where a range begins with so many of them the network
// is not known beforehand.
constexpr uint32_t kLedgersToProveNetwork = 64;

}  // namespace

arrow::Status FindNetwork(source::LedgerSource& source, Options* options) {
  ARROW_RETURN_NOT_OK(NameNetwork(source, options));
  if (options->network) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source.GetExtent());
  if (!extent.first) return arrow::Status::OK();
  Options probe;
  const uint32_t first = options->range.first != 0 ? options->range.first : *extent.first;
  if (first > *extent.newest) return arrow::Status::OK();
  probe.range = {first, first + std::min(*extent.newest - first, kLedgersToProveNetwork - 1)};
  probe.verify = ledger::VerifyLevel::kStructure;
  probe.gaps = source::GapPolicy::kSkip;
  probe.max_object_bytes = options->max_object_bytes;
  probe.on_note = options->on_note;
  probe.stopped = options->stopped;
  // What is wrong with these ledgers is told by the stream that meets them.
  const auto pipeline = Pipeline::Make(source, std::move(probe));
  while (pipeline.ok() && !options->network) {
    const auto progress = (*pipeline)->Next(/*wait=*/false);
    if (!progress.ok() || *progress != Progress::kLedger) break;
    options->network = (*pipeline)->network();
    options->network_origin =
        Concat("a transaction of ledger ", (*pipeline)->ledger().sequence(), " of ", source.name());
  }
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<Pipeline>> Pipeline::Make(source::LedgerSource& source,
                                                        Options options) {
  ARROW_RETURN_NOT_OK(NameNetwork(source, &options));
  ARROW_ASSIGN_OR_RAISE(auto stream, source.OpenStream(options.range, options.gaps));
  return std::make_unique<OrderedPipeline>(std::move(stream), std::move(options));
}

}  // namespace stellar_arrow::pipeline

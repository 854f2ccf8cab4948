// The ordered stage: takes the workers' segments in turn, and judges what no ledger can prove by
// itself: gaps, links, and whether the range is complete.
#include "stellar_arrow/pipeline/pipeline.h"

#include <algorithm>
#include <string>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/stop_when.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/pipeline/network_knowledge.h"
#include "stellar_arrow/pipeline/run_reader.h"
#include "stellar_arrow/pipeline/workers.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::pipeline {
namespace {

// How long a wait goes on before it asks again whether it should end.
constexpr auto kAskInterval = std::chrono::milliseconds(50);

// What a stream was to go on after, and what there is in its place, as `who` says.
arrow::Status AnotherLedger(const ledger::Anchor& after, const ledger::Hash256& hash,
                            const std::string& who) {
  return Error(ErrorCode::kFailedPrecondition, "the cursor stands at ledger ", after.sequence,
               " with the hash ", text::EncodeHex(after.hash), ", but ", who, " one with the hash ",
               text::EncodeHex(hash), "; it is of another network or history: begin anew");
}

class OrderedPipeline final : public Pipeline {
 public:
  explicit OrderedPipeline(Options options)
      : options_(std::move(options)),
        network_(options_.network, options_.network_origin, options_.on_note) {
    if (options_.after) {
      previous_ = {options_.after->ledger.sequence, options_.after->ledger.hash};
    }
  }

  arrow::Status Start(std::unique_ptr<source::ObjectStream> stream) {
    std::vector<std::unique_ptr<RunReader>> readers;
    for (int i = 0; i < std::max(options_.threads, 1); ++i) {
      std::unique_ptr<Converter> converter;
      if (options_.make_converter) {
        ARROW_ASSIGN_OR_RAISE(converter, options_.make_converter());
      }
      readers.push_back(std::make_unique<RunReader>(options_, network_, std::move(converter)));
    }
    ARROW_ASSIGN_OR_RAISE(workers_, Workers::Make(std::move(stream), std::move(readers),
                                                  options_.max_object_bytes, options_.memory));
    return arrow::Status::OK();
  }

  arrow::Result<Progress> Next(bool wait, Clock::time_point until) override {
    while (!ended_) {
      if (segment_ == nullptr) {
        ARROW_RETURN_NOT_OK(TakeSegment(until));
        if (segment_ == nullptr) return Progress::kLater;
      }
      if (next_ledger_ < segment_->ledgers.size()) {
        const size_t index = next_ledger_++;
        ARROW_ASSIGN_OR_RAISE(const bool deliver, CheckInOrder(index));
        if (deliver) return Progress::kLedger;
        continue;
      }
      ARROW_RETURN_NOT_OK(FinishSegment());
      const source::Fetched::State then = segment_->then;
      waiting_for_ = std::move(segment_->reason);
      workers_->Release(std::move(segment_));
      if (then == source::Fetched::State::kEnd) {
        ended_ = true;
        ARROW_RETURN_NOT_OK(CheckEnd());
      } else if (then == source::Fetched::State::kNotYet) {
        if (wait) {
          ARROW_RETURN_NOT_OK(CheckStop());
          workers_->Wait(kAskInterval);
        }
        workers_->Resume();
        if (!wait) return Progress::kNotYet;
      }
    }
    return Progress::kEnd;
  }

  const ledger::Ledger& ledger() const override {
    return segment_->opened->ledgers()[next_ledger_ - 1];
  }
  ConvertedLedger converted() const override {
    const size_t place = next_ledger_ - 1;
    const ledger::LedgerLink& link = segment_->ledgers[place].link;
    return {link.sequence, link.hash, segment_->chunk, place};
  }
  const std::string& waiting_for() const override { return waiting_for_; }
  void DoNext(std::function<void()> task) override { workers_->DoNext(std::move(task)); }
  const Counters& counters() const override { return counters_; }
  std::optional<ledger::Network> network() const override {
    const ledger::Network* network = network_.Get();
    return network ? std::optional(*network) : std::nullopt;
  }

 private:
  arrow::Status CheckStop() const {
    if (!options_.stopped || !options_.stopped()) return arrow::Status::OK();
    return Error(ErrorCode::kCancelled, "the stream was cancelled");
  }

  // Makes segment_ the next one, if there is one by `until`.
  arrow::Status TakeSegment(Clock::time_point until) {
    do {
      ARROW_RETURN_NOT_OK(CheckStop());
      segment_ = workers_->Take(std::min(until, Clock::now() + kAskInterval));
    } while (segment_ == nullptr && Clock::now() < until);
    if (segment_ == nullptr) return arrow::Status::OK();
    next_ledger_ = next_fault_ = 0;
    for (const Segment::Object& object : segment_->objects) {
      counters_.bytes_compressed += object.stored_bytes;
    }
    return arrow::Status::OK();
  }

  arrow::Status Report(const ledger::Fault& fault, const std::string& object) {
    if (options_.on_fault) {
      options_.on_fault(fault);
      return arrow::Status::OK();
    }
    ended_ = true;
    return LedgerError(ErrorCode::kDataLoss, fault.ledger, object, ": ", fault.ToString());
  }

  // Checks the segment's ledger at `index` against those delivered before. False: it is not to be
  // delivered.
  arrow::Result<bool> CheckInOrder(size_t index) {
    const Segment::LedgerAt& ledger = segment_->ledgers[index];
    const std::string& object = segment_->objects[ledger.object].name;
    for (; next_fault_ < segment_->faults.size() && segment_->faults[next_fault_].ledger == index;
         ++next_fault_) {
      ARROW_RETURN_NOT_OK(Report(segment_->faults[next_fault_].fault, object));
    }
    const uint32_t sequence = ledger.link.sequence;
    const bool must_link = options_.verify != ledger::VerifyLevel::kStructure ||
                           sequence == segment_->objects[ledger.object].joint;
    const uint32_t expected = previous_ ? previous_->sequence + 1 : options_.range.first;
    if (sequence > expected && expected != 0 && options_.gaps == source::GapPolicy::kFail) {
      ended_ = true;
      return GapError(
          expected, "ledger ", expected, " is missing: after ",
          previous_ ? Concat("ledger ", previous_->sequence) : std::string("the range's start"),
          " comes ledger ", sequence, ", in ", object);
    }
    if (options_.after && !options_.after->proven && counters_.ledgers == 0 &&
        sequence == expected && ledger.link.previous_hash != previous_->hash) {
      ended_ = true;
      return AnotherLedger(options_.after->ledger, ledger.link.previous_hash,
                           Concat("ledger ", sequence, " of ", object, " follows"));
    }
    if (previous_ && (sequence <= previous_->sequence || (sequence == expected && must_link))) {
      std::vector<ledger::Fault> faults;
      ledger::VerifyLink(ledger.link, previous_->sequence, previous_->hash, &faults);
      for (const ledger::Fault& fault : faults) ARROW_RETURN_NOT_OK(Report(fault, object));
    }
    if (previous_ && sequence <= previous_->sequence) return false;
    previous_ = ledger.link;
    ++counters_.ledgers;
    counters_.bytes_raw += ledger.raw_bytes;
    if (options_.on_ledger) options_.on_ledger({sequence, ledger.processing, ledger.conversion});
    return true;
  }

  // What went wrong behind the segment's good ledgers.
  arrow::Status FinishSegment() {
    const arrow::Status& status = segment_->status;
    if (status.ok()) return status;
    // An object that unzips to too much is as unreadable as one that does not unzip.
    const bool undecodable =
        segment_->then == source::Fetched::State::kObject &&
        (CodeOf(status) == ErrorCode::kDataLoss || CodeOf(status) == ErrorCode::kResourceExhausted);
    if (options_.on_fault && undecodable) {
      const Segment::Object& object = segment_->objects.back();
      const ErrorDetail* detail = DetailOf(status);
      const uint32_t ledger = detail && detail->ledger() ? *detail->ledger() : object.first;
      return Report({ledger, "structure", "", "one LedgerCloseMeta", status.message()},
                    object.name);
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
    return GapError(missing, "ledger ", missing, " is missing: the source ended before ledger ",
                    *last);
  }

  const Options options_;
  NetworkKnowledge network_;
  std::unique_ptr<Segment> segment_;
  size_t next_ledger_ = 0;  // in segment_
  size_t next_fault_ = 0;
  std::string waiting_for_;
  std::optional<ledger::LedgerLink> previous_;  // the ledger that was delivered last
  bool ended_ = false;
  Counters counters_;
  std::unique_ptr<Workers> workers_;  // last: they use options and network
};

// Takes the source's word for the network where `options` leave it that.
arrow::Status NameNetwork(const source::LedgerSource& source, Options* options) {
  const std::optional<std::string> stated = source.passphrase();
  if (!stated) return arrow::Status::OK();
  auto of_source = ledger::Network::FromPassphrase(*stated);
  if (options->network && !options->network_yields_to_source && !(*options->network == of_source)) {
    return Error(ErrorCode::kFailedPrecondition, options->network_origin, " names the network ",
                 options->network->ToString(), ", but ", source.name(), " itself names ",
                 of_source.ToString());
  }
  if (!options->network || options->network_yields_to_source) {
    options->network = std::move(of_source);
    options->network_origin = Concat(source.name(), " itself");
  }
  return arrow::Status::OK();
}

// Ledgers without transactions prove nothing; where a range begins with so many of them the network
// is not known beforehand.
constexpr uint32_t kLedgersToProveNetwork = 64;

// The known network that a transaction among the first ledgers of the range, or of the source,
// proves; nullopt where none does, or where they cannot be read. Errors: UNAVAILABLE where the
// source does not answer, and what it says of its extent.
arrow::Result<std::optional<ledger::Network>> ProvenNetwork(source::LedgerSource& source,
                                                            const Options& options) {
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent,
                        source.GetExtent(StopWhen(options.stopped).token()));
  if (!extent.first) return std::nullopt;
  Options probe;
  const uint32_t first = options.range.first != 0 ? options.range.first : *extent.first;
  if (first > *extent.newest) return std::nullopt;
  probe.range = {first, first + std::min(*extent.newest - first, kLedgersToProveNetwork - 1)};
  probe.verify = ledger::VerifyLevel::kStructure;
  probe.gaps = source::GapPolicy::kSkip;
  probe.max_object_bytes = options.max_object_bytes;
  probe.on_note = options.on_note;
  probe.stopped = options.stopped;
  // What is wrong with these ledgers is told by the stream that meets them.
  const auto pipeline = Pipeline::Make(source, std::move(probe));
  while (pipeline.ok()) {
    const auto progress = (*pipeline)->Next(/*wait=*/false);
    // Another time it may be found.
    if (!progress.ok() && CodeOf(progress.status()) == ErrorCode::kUnavailable) {
      return progress.status();
    }
    if (!progress.ok() || *progress != Progress::kLedger) break;
    if (auto network = (*pipeline)->network()) return network;
  }
  return std::nullopt;
}

}  // namespace

arrow::Status FindNetwork(source::LedgerSource& source, Options* options) {
  ARROW_RETURN_NOT_OK(NameNetwork(source, options));
  if (options->network) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(options->network, ProvenNetwork(source, *options));
  if (options->network) {
    options->network_origin = Concat("a transaction among the first ledgers of ", source.name());
  }
  return arrow::Status::OK();
}

arrow::Status CheckNetwork(source::LedgerSource& source, const Options& options) {
  if (!options.network || source.passphrase()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto proven, ProvenNetwork(source, options));
  if (!proven || *proven == *options.network) return arrow::Status::OK();
  return Error(ErrorCode::kFailedPrecondition, options.network_origin, " names the network ",
               options.network->ToString(), ", but the first transactions of ", source.name(),
               " are of ", proven->ToString(), "; correct it, or leave it out");
}

arrow::Status GoOnAfter(const ledger::Anchor& last, source::LedgerSource& source,
                        Options* options) {
  options->after = {last};
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent,
                        source.GetExtent(StopWhen(options->stopped).token()));
  if (!extent.first || last.sequence < *extent.first || last.sequence > *extent.newest) {
    return arrow::Status::OK();
  }
  Options probe;
  probe.range = {last.sequence, last.sequence};
  probe.verify = ledger::VerifyLevel::kStructure;
  probe.max_object_bytes = options->max_object_bytes;
  probe.memory = options->memory;
  probe.stopped = options->stopped;
  // A ledger that cannot be read is not wanted; the one behind it links to it or does not.
  const auto pipeline = Pipeline::Make(source, std::move(probe));
  if (!pipeline.ok()) return arrow::Status::OK();
  const auto progress = (*pipeline)->Next(/*wait=*/false);
  if (!progress.ok() || *progress != Progress::kLedger) return arrow::Status::OK();
  const ledger::Hash256 hash = LinkOf((*pipeline)->ledger()).hash;
  if (hash != last.hash) return AnotherLedger(last, hash, Concat(source.name(), " has"));
  options->after->proven = true;
  return arrow::Status::OK();
}

arrow::Result<std::unique_ptr<Pipeline>> Pipeline::Make(source::LedgerSource& source,
                                                        Options options) {
  ARROW_RETURN_NOT_OK(NameNetwork(source, &options));
  ARROW_ASSIGN_OR_RAISE(auto stream,
                        source.OpenStream(options.range, options.gaps,
                                          memory::PoolOf(options.memory, memory::Stage::kFetch),
                                          StopWhen(options.stopped).token()));
  auto pipeline = std::make_unique<OrderedPipeline>(std::move(options));
  ARROW_RETURN_NOT_OK(pipeline->Start(std::move(stream)));
  return pipeline;
}

}  // namespace stellar_arrow::pipeline

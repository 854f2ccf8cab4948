#include "stellar_arrow/pipeline/run_reader.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"

namespace stellar_arrow::pipeline {
namespace {

// A chunk that has so many bytes of rows ends with its block, though its object goes on: the first
// rows of a big object need not wait for all, and what waits comes in portions.
constexpr int64_t kChunkBytes = int64_t{4} << 20;
// With so many it ends anywhere.
constexpr int64_t kMostChunkBytes = int64_t{16} << 20;

bool IsLongEnough(int64_t bytes, uint32_t last_ledger) {
  return bytes >= kMostChunkBytes || (bytes >= kChunkBytes && EndsBlock(last_ledger));
}

}  // namespace

void RunReader::Read(Run run, std::unique_ptr<OpenedObject>& opened, const std::stop_token& stop,
                     const Put& put) {
  if (ended_) return;
  try {
    ReadAll(std::move(run), opened, stop, put);
  } catch (const std::bad_alloc& error) {
    // The segment may be half made, so it is lost; all that were handed on are whole.
    ended_ = true;
    segment_ = std::make_unique<Segment>();
    segment_->then = source::Fetched::State::kEnd;
    segment_->status = Error(ErrorCode::kResourceExhausted,
                             opened != nullptr ? opened->object().name : std::string("a run"),
                             ": no memory: ", error.what());
    put(std::exchange(segment_, std::make_unique<Segment>()));
  }
}

void RunReader::ReadAll(Run run, std::unique_ptr<OpenedObject>& opened, const std::stop_token& stop,
                        const Put& put) {
  for (source::Object& object : run.objects) {
    if (!ReadObject(std::move(object), opened, stop, put)) return;
  }
  if (segment_->objects.empty() && run.then == source::Fetched::State::kObject) return;
  segment_->then = run.then;
  segment_->reason = std::move(run.reason);
  segment_->status = std::move(run.status);
  HandOn(put);
}

bool RunReader::ReadObject(source::Object object, std::unique_ptr<OpenedObject>& opened,
                           const std::stop_token& stop, const Put& put) {
  if (stop.stop_requested()) return false;
  using Clock = std::chrono::steady_clock;
  const auto opening = Clock::now();
  arrow::Status status = opened->Open(std::move(object), options_.range);
  const auto share = (Clock::now() - opening) /
                     static_cast<int64_t>(std::max<size_t>(opened->ledgers().size(), 1));
  const std::string& name = opened->object().name;
  const uint32_t first = opened->object().first;
  const uint32_t joint = opened->object().joint;
  segment_->objects.push_back({name, first, opened->object().bytes->size(), joint});
  for (ledger::Ledger& ledger : opened->ledgers()) {
    if (stop.stop_requested()) return false;
    const auto begin = Clock::now();
    arrow::Status good = Verify(ledger);
    const auto verified = Clock::now();
    if (good.ok() && converts()) good = converter_->Add(ledger);
    if (!good.ok()) {
      status = WithContext(good, name);
      break;
    }
    const auto end = Clock::now();
    segment_->ledgers.push_back({LinkOf(ledger), static_cast<int64_t>(ledger.wire().size()),
                                 segment_->objects.size() - 1, share + (end - begin),
                                 end - verified});
    if (converts() && IsLongEnough(converter_->bytes(), ledger.sequence())) {
      if (!HandOn(put)) return false;
      segment_->objects.push_back({name, first, 0, joint});
    }
  }
  segment_->status = status;
  if (!converts()) {
    segment_->opened = std::move(opened);
    return HandOn(put);
  }
  if (status.ok()) return true;
  // Told behind the ledgers before it.
  ended_ = true;
  HandOn(put);
  return false;
}

arrow::Status RunReader::Verify(ledger::Ledger& ledger) {
  ARROW_RETURN_NOT_OK(network_.Prove(ledger, sha_));
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
  ledger::VerifyLedger(ledger, level, network, sha_, &faults);
  if (anchored) ledger::VerifyAnchor(ledger, *options_.anchor, &faults);
  for (ledger::Fault& fault : faults) {
    segment_->faults.push_back({segment_->ledgers.size(), std::move(fault)});
  }
  if (options_.pair && !ledger.paired()) {
    // A ledger without transactions pairs under any network.
    static const ledger::Network kAny;
    return ledger.Pair(network != nullptr ? *network : kAny, sha_);
  }
  return arrow::Status::OK();
}

bool RunReader::HandOn(const Put& put) {
  Segment& segment = *segment_;
  if (converts() && !segment.ledgers.empty()) {
    auto chunk = converter_->Finish();
    if (chunk.ok()) {
      segment.chunk = *std::move(chunk);
    } else {
      const uint32_t first = segment.ledgers.front().link.sequence;
      segment.status = WithContext(chunk.status(), Concat("the rows from ledger ", first, " on"));
      segment.ledgers.clear();
      segment.faults.clear();
    }
  }
  return put(std::exchange(segment_, std::make_unique<Segment>()));
}

}  // namespace stellar_arrow::pipeline

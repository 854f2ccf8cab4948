#include "stellar_arrow/ledger/ledger.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/xdr/generated/marked_walk.h"

namespace stellar_arrow::ledger {

using xdr::marked::Mark;
using xdr::marked::ReadAt;

template <Mark>
constexpr bool kUnheard = false;

// Notes where things lie while the walk checks. Pointers only: what they point at may be read once
// the whole walk has succeeded, but for words of fixed size.
struct Ledger::Indexer {
  Ledger& ledger;

  template <Mark M>
  void At(const uint8_t* p) {
    if constexpr (M == Mark::kTransactionEnvelopeBegin) {
      EnvelopeSpan& envelope = ledger.envelopes_.emplace_back();
      envelope.begin = p;
      envelope.first_operation = static_cast<uint32_t>(ledger.operations_.size());
    } else if constexpr (M == Mark::kTransactionV0TimeBounds || M == Mark::kTransactionCond) {
      ledger.envelopes_.back().preconditions = p;
    } else if constexpr (M == Mark::kTransactionV0Memo || M == Mark::kTransactionMemo) {
      ledger.envelopes_.back().memo = p;
    } else if constexpr (M == Mark::kTransactionV0Ext || M == Mark::kTransactionExt) {
      EnvelopeSpan& envelope = ledger.envelopes_.back();
      envelope.operations_end = p;
      envelope.operations =
          static_cast<uint32_t>(ledger.operations_.size()) - envelope.first_operation;
    } else if constexpr (M == Mark::kOperationBegin) {
      ledger.operations_.push_back({p, nullptr});
    } else if constexpr (M == Mark::kTransactionEnvelopeEnd) {
      ledger.envelopes_.back().end = p;
    } else if constexpr (M == Mark::kTransactionV0EnvelopeSignatures ||
                         M == Mark::kTransactionV1EnvelopeSignatures ||
                         M == Mark::kFeeBumpTransactionEnvelopeSignatures) {
      // A fee bump's inner transaction ends before it does.
      EnvelopeSpan& envelope = ledger.envelopes_.back();
      if (envelope.inner_signatures == nullptr) envelope.inner_signatures = p;
      envelope.outer_signatures = p;
    } else if constexpr (M == Mark::kOperationBody) {
      ledger.operations_.back().body = p;
      switch (ReadAt<xdr::OperationType>(p)) {
        case xdr::OperationType::INVOKE_HOST_FUNCTION:
        case xdr::OperationType::EXTEND_FOOTPRINT_TTL:
        case xdr::OperationType::RESTORE_FOOTPRINT:
          ++ledger.soroban_operations_;
          break;
        default:  // a count of some; new classic operations need no decision here
          break;
      }
    } else if constexpr (M == Mark::kTransactionResultMetaResult ||
                         M == Mark::kTransactionResultMetaV1Result) {
      ResultSpan& result = ledger.results_.emplace_back();
      result.pair = p;
      result.first_operation_result = static_cast<uint32_t>(ledger.operation_results_.size());
      result.first_operation_meta = static_cast<uint32_t>(ledger.operation_metas_.size());
    } else if constexpr (M == Mark::kOperationResultBegin) {
      ledger.operation_results_.push_back(p);
    } else if constexpr (M == Mark::kTransactionResultMetaFeeProcessing ||
                         M == Mark::kTransactionResultMetaV1FeeProcessing) {
      ResultSpan& result = ledger.results_.back();
      result.fee_changes = p;
      result.operation_results =
          static_cast<uint32_t>(ledger.operation_results_.size()) - result.first_operation_result;
    } else if constexpr (M == Mark::kTransactionResultMetaTxApplyProcessing ||
                         M == Mark::kTransactionResultMetaV1TxApplyProcessing) {
      ledger.results_.back().meta = p;
    } else if constexpr (M == Mark::kTransactionResultMetaV1PostTxApplyFeeProcessing) {
      ledger.results_.back().post_fee_changes = p;
    } else if constexpr (M == Mark::kTransactionResultMetaEnd ||
                         M == Mark::kTransactionResultMetaV1End) {
      ResultSpan& result = ledger.results_.back();
      result.end = p;
      result.operation_metas =
          static_cast<uint32_t>(ledger.operation_metas_.size()) - result.first_operation_meta;
    } else if constexpr (M == Mark::kTransactionMetaV1TxChanges ||
                         M == Mark::kTransactionMetaV2TxChangesBefore ||
                         M == Mark::kTransactionMetaV3TxChangesBefore ||
                         M == Mark::kTransactionMetaV4TxChangesBefore) {
      ledger.results_.back().changes_before = p;
    } else if constexpr (M == Mark::kTransactionMetaV2TxChangesAfter ||
                         M == Mark::kTransactionMetaV3TxChangesAfter ||
                         M == Mark::kTransactionMetaV4TxChangesAfter) {
      ledger.results_.back().changes_after = p;
    } else if constexpr (M == Mark::kTransactionMetaV3SorobanMeta) {
      ledger.results_.back().soroban_meta = p;
    } else if constexpr (M == Mark::kTransactionMetaV4SorobanMeta) {
      ledger.results_.back().soroban_meta_v2 = p;
    } else if constexpr (M == Mark::kTransactionMetaV4Events) {
      ledger.results_.back().transaction_events = p;
    } else if constexpr (M == Mark::kTransactionMetaV4DiagnosticEvents) {
      ledger.results_.back().diagnostic_events = p;
    } else if constexpr (M == Mark::kOperationMetaBegin) {
      ledger.operation_metas_.push_back({p, p, nullptr, nullptr});
    } else if constexpr (M == Mark::kOperationMetaV2Begin) {
      ledger.operation_metas_.emplace_back().begin = p;
    } else if constexpr (M == Mark::kOperationMetaV2Changes) {
      ledger.operation_metas_.back().changes = p;
    } else if constexpr (M == Mark::kOperationMetaV2Events) {
      ledger.operation_metas_.back().events = p;
      ledger.contract_events_ += ReadAt<uint32_t>(p);  // the count word of the list
    } else if constexpr (M == Mark::kOperationMetaEnd || M == Mark::kOperationMetaV2End) {
      ledger.operation_metas_.back().end = p;
    } else if constexpr (M == Mark::kSorobanTransactionMetaEvents) {
      ledger.contract_events_ += ReadAt<uint32_t>(p);
    } else if constexpr (M == Mark::kLedgerCloseMetaV0LedgerHeader ||
                         M == Mark::kLedgerCloseMetaV1LedgerHeader ||
                         M == Mark::kLedgerCloseMetaV2LedgerHeader) {
      ledger.header_ = p;
    } else if constexpr (M == Mark::kLedgerCloseMetaV0TxSet || M == Mark::kLedgerCloseMetaV1TxSet ||
                         M == Mark::kLedgerCloseMetaV2TxSet) {
      ledger.transaction_set_ = p;
    } else if constexpr (M == Mark::kLedgerCloseMetaV0TxProcessing ||
                         M == Mark::kLedgerCloseMetaV1TxProcessing ||
                         M == Mark::kLedgerCloseMetaV2TxProcessing) {
      ledger.transaction_set_end_ = p;
    } else if constexpr (M == Mark::kLedgerCloseMetaV0UpgradesProcessing ||
                         M == Mark::kLedgerCloseMetaV1UpgradesProcessing ||
                         M == Mark::kLedgerCloseMetaV2UpgradesProcessing) {
      ledger.upgrades_ = p;
    } else if constexpr (M == Mark::kLedgerCloseMetaV0ScpInfo ||
                         M == Mark::kLedgerCloseMetaV1ScpInfo ||
                         M == Mark::kLedgerCloseMetaV2ScpInfo) {
      ledger.scp_ = p;
    } else if constexpr (M == Mark::kLedgerCloseMetaV1TotalByteSizeOfLiveSorobanState ||
                         M == Mark::kLedgerCloseMetaV2TotalByteSizeOfLiveSorobanState) {
      ledger.state_size_ = p;
    } else if constexpr (M == Mark::kLedgerCloseMetaV1EvictedKeys ||
                         M == Mark::kLedgerCloseMetaV2EvictedKeys) {
      ledger.evicted_keys_ = p;
    } else {
      static_assert(kUnheard<M>, "a mark that nobody listens to");
    }
  }
};

arrow::Status Ledger::Open(xdr::Bytes wire) {
  ARROW_ASSIGN_OR_RAISE(const size_t size, OpenPrefix(wire));
  if (size != wire.size()) return Undecodable(wire, /*whole=*/true);
  return arrow::Status::OK();
}

arrow::Result<size_t> Ledger::OpenPrefix(xdr::Bytes wire) {
  state_size_ = evicted_keys_ = nullptr;
  envelopes_.clear();
  operations_.clear();
  results_.clear();
  operation_results_.clear();
  operation_metas_.clear();
  soroban_operations_ = contract_events_ = 0;
  paired_ = false;
  Indexer indexer{*this};
  const uint8_t* const end = xdr::marked::WalkLedgerCloseMeta(
      wire.data(), wire.data() + wire.size(), /*depth=*/1, indexer);
  if (end == nullptr) return Undecodable(wire, /*whole=*/false);
  wire_ = wire.first(static_cast<size_t>(end - wire.data()));
  meta_version_ = meta().v();
  sequence_ = header().ledgerSeq();
  CountResults();
  return wire_.size();
}

// The number of operation results of a successful transaction.
static uint32_t SuccessfulOperations(const xdr::TransactionResultResult& result) {
  if (auto results = result.ifResults()) return static_cast<uint32_t>(results->size());
  if (auto inner = result.ifInnerResultPair()) {
    auto results = inner->result().result().ifResults();
    return results ? static_cast<uint32_t>(results->size()) : 0;
  }
  return 0;
}

void Ledger::CountResults() {
  successful_transactions_ = successful_operations_ = 0;
  uint64_t fees = 0;  // unsigned, so that no hostile fee makes the sum undefined
  for (const ResultSpan& span : results_) {
    const auto result = ReadAt<xdr::TransactionResultPair>(span.pair).result();
    fees += static_cast<uint64_t>(result.feeCharged());
    const xdr::TransactionResultCode code = result.result().code();
    if (code == xdr::TransactionResultCode::txSUCCESS ||
        code == xdr::TransactionResultCode::txFEE_BUMP_INNER_SUCCESS) {
      ++successful_transactions_;
      successful_operations_ += SuccessfulOperations(result.result());
    }
  }
  total_fee_charged_ = static_cast<int64_t>(fees);
}

arrow::Status Ledger::Undecodable(xdr::Bytes wire, bool whole) const {
  const xdr::TypeInfo& type = xdr::LedgerCloseMeta::Info();
  const auto error = whole ? xdr::Explain(type, wire) : xdr::ExplainPrefix(type, wire);
  if (!error) {
    return Error(ErrorCode::kInternal, "two checks of one LedgerCloseMeta disagree");
  }
  if (const auto id = PeekLedger(wire)) {
    const bool unknown = error->code == xdr::CheckErrorCode::kUnknownEnumValue ||
                         error->code == xdr::CheckErrorCode::kUnknownUnionArm;
    return LedgerError(ErrorCode::kDataLoss, id->sequence, "ledger ", id->sequence, ": ",
                       error->ToString(),
                       unknown && id->protocol > kNewestProtocol
                           ? Concat("; the ledger is of protocol ", id->protocol,
                                    ", and this release knows protocols up to ", kNewestProtocol,
                                    ": get a newer one")
                           : std::string());
  }
  return Error(ErrorCode::kDataLoss, "no LedgerCloseMeta: ", error->ToString());
}

xdr::LedgerCloseMeta Ledger::meta() const { return ReadAt<xdr::LedgerCloseMeta>(wire_.data()); }

xdr::LedgerHeaderHistoryEntry Ledger::header_entry() const {
  return ReadAt<xdr::LedgerHeaderHistoryEntry>(header_);
}

xdr::LedgerHeader Ledger::header() const { return header_entry().header(); }

xdr::Hash Ledger::hash() const { return header_entry().hash(); }

std::chrono::microseconds Ledger::close_time() const {
  const xdr::StellarValue value = header().scpValue();
  const xdr::StellarValueExt ext = value.ext();
  uint64_t micros = 0;
  switch (ext.v()) {
    case xdr::StellarValueType::STELLAR_VALUE_BASIC:
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED:
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET:
      micros = value.closeTime() * 1'000'000;
      break;
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED_MS:
      micros = ext.signedMsValue().closeTimeMs() * 1'000;
      break;
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET_MS:
      micros = ext.proposedMsValue().closeTimeMs() * 1'000;
      break;
  }
  return std::chrono::microseconds(static_cast<int64_t>(micros));
}

xdr::Bytes Ledger::transaction_set_wire() const {
  return {transaction_set_, static_cast<size_t>(transaction_set_end_ - transaction_set_)};
}

xdr::Hash Ledger::transaction_set_previous_hash() const {
  if (meta_version_ == 0) {
    return ReadAt<xdr::TransactionSet>(transaction_set_).previousLedgerHash();
  }
  return ReadAt<xdr::GeneralizedTransactionSet>(transaction_set_).v1TxSet().previousLedgerHash();
}

xdr::List<xdr::UpgradeEntryMeta> Ledger::upgrades() const {
  return ReadAt<xdr::List<xdr::UpgradeEntryMeta>>(upgrades_);
}

xdr::List<xdr::SCPHistoryEntry> Ledger::scp_history() const {
  return ReadAt<xdr::List<xdr::SCPHistoryEntry>>(scp_);
}

xdr::List<xdr::LedgerKey> Ledger::evicted_keys() const {
  if (evicted_keys_ == nullptr) return {};
  return ReadAt<xdr::List<xdr::LedgerKey>>(evicted_keys_);
}

std::optional<uint64_t> Ledger::live_soroban_state_bytes() const {
  if (state_size_ == nullptr) return std::nullopt;
  return ReadAt<uint64_t>(state_size_);
}

std::optional<int64_t> Ledger::soroban_fee_write_1kb() const {
  if (meta_version_ == 0) return std::nullopt;
  const auto ext = meta_version_ == 1 ? meta().v1().ext() : meta().v2().ext();
  const auto v1 = ext.ifV1();
  if (!v1) return std::nullopt;
  return v1->sorobanFeeWrite1KB();
}

Hash256 TransactionHash(const EnvelopeSpan& envelope, const Network& network, Sha256& sha) {
  static constexpr uint8_t kTransaction[4] = {0, 0, 0, 2};  // EnvelopeType ENVELOPE_TYPE_TX
  static constexpr uint8_t kFeeBump[4] = {0, 0, 0, 5};      // ENVELOPE_TYPE_TX_FEE_BUMP
  // A V0 transaction is hashed as the V1 form, whose source account begins with a key type.
  static constexpr uint8_t kEd25519[4] = {0, 0, 0, 0};
  const auto type = ReadAt<xdr::TransactionEnvelope>(envelope.begin).type();
  const uint8_t* const transaction = envelope.begin + sizeof(uint32_t);
  sha.Update(network.id);
  sha.Update(type == xdr::EnvelopeType::ENVELOPE_TYPE_TX_FEE_BUMP ? kFeeBump : kTransaction);
  if (type == xdr::EnvelopeType::ENVELOPE_TYPE_TX_V0) sha.Update(kEd25519);
  sha.Update({transaction, static_cast<size_t>(envelope.outer_signatures - transaction)});
  return sha.Finish();
}

bool IsEmptySetByDecree(const xdr::StellarValue& value) {
  switch (value.ext().v()) {
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET:
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET_MS:
      return true;
    case xdr::StellarValueType::STELLAR_VALUE_BASIC:
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED:
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED_MS:
      return false;
  }
  return false;
}

Hash256 TransactionSetHash(const Ledger& ledger, xdr::Hash previous_hash, Sha256& sha) {
  const xdr::Bytes set = ledger.transaction_set_wire();
  const xdr::Hash stated = ledger.transaction_set_previous_hash();
  const uint8_t* rest = stated.data() + stated.size();
  // The legacy hash is not over the set's XDR: it leaves out the count of envelopes.
  if (ledger.meta_version() == 0) rest += sizeof(uint32_t);
  sha.Update({set.data(), stated.data()});
  sha.Update(previous_hash);
  sha.Update({rest, set.data() + set.size()});
  return sha.Finish();
}

arrow::Status Ledger::Pair(const Network& network, Sha256& sha) {
  paired_ = false;
  slots_.clear();
  for (uint32_t i = 0; i < envelopes_.size(); ++i) {
    slots_.push_back({TransactionHash(envelopes_[i], network, sha), i, /*paired=*/false});
  }
  const auto by_hash = [](const HashSlot& a, const HashSlot& b) { return a.hash < b.hash; };
  std::sort(slots_.begin(), slots_.end(), by_hash);
  envelope_of_.clear();
  for (size_t i = 0; i < results_.size(); ++i) {
    const xdr::Hash hash = ReadAt<xdr::TransactionResultPair>(results_[i].pair).transactionHash();
    HashSlot wanted{};
    std::copy(hash.begin(), hash.end(), wanted.hash.begin());
    const auto slot = std::lower_bound(slots_.begin(), slots_.end(), wanted, by_hash);
    // No transaction is applied twice.
    if (slot == slots_.end() || slot->hash != wanted.hash || slot->paired) {
      return LedgerError(ErrorCode::kDataLoss, sequence_, "ledger ", sequence_, ": v",
                         meta_version_, ".txProcessing[", i,
                         "].result.transactionHash: no envelope of the transaction set has this "
                         "hash, or only one that an earlier result has, under the network ",
                         network.ToString());
    }
    slot->paired = true;
    envelope_of_.push_back(slot->envelope);
  }
  paired_ = true;
  network_id_ = network.id;
  return arrow::Status::OK();
}

AppliedTransaction Ledger::transaction(size_t index) const {
  return AppliedTransaction(*this, index);
}

std::optional<LedgerId> PeekLedger(xdr::Bytes wire) {
  // The header follows the version and, from V1 on, an extension; neither is long.
  const uint8_t* p = wire.data();
  const uint8_t* const end = p + wire.size();
  if (wire.size() < 8) return std::nullopt;
  const auto version = ReadAt<int32_t>(p);
  p += 4;
  if (version == 1 || version == 2) {
    p = xdr::LedgerCloseMetaExt::CheckAt(p, end);
    if (p == nullptr) return std::nullopt;
  } else if (version != 0) {
    return std::nullopt;
  }
  if (xdr::LedgerHeaderHistoryEntry::CheckAt(p, end) == nullptr) return std::nullopt;
  const auto entry = ReadAt<xdr::LedgerHeaderHistoryEntry>(p);
  LedgerId id{entry.header().ledgerSeq(), {}, entry.header().ledgerVersion()};
  std::ranges::copy(entry.hash(), id.hash.begin());
  return id;
}

}  // namespace stellar_arrow::ledger

// One ledger as the domain sees it: hides the versions of LedgerCloseMeta and of transaction sets.
// Reads and indexes checked bytes; hashes only to pair. Knows no Arrow builder and no source.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/stl_allocator.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger.h"

namespace stellar_arrow::ledger {

class AppliedTransaction;
class Sha256;

// Where an operation of an envelope lies. It ends where the next one begins, or the operations do.
struct OperationSpan {
  const uint8_t* begin = nullptr;
  const uint8_t* body = nullptr;
};

// Where a transaction's envelope lies in the ledger's bytes. "Inner" is the transaction that a fee
// bump pays for; for all others inner and outer are the same.
struct EnvelopeSpan {
  const uint8_t* begin = nullptr;
  const uint8_t* end = nullptr;
  const uint8_t* preconditions = nullptr;   // Preconditions; TimeBounds* in an envelope of kind V0
  const uint8_t* memo = nullptr;            // Memo
  const uint8_t* operations_end = nullptr;  // where the inner transaction's ext begins
  // The end of the innermost and of the outermost transaction: where the signatures begin.
  const uint8_t* inner_signatures = nullptr;
  const uint8_t* outer_signatures = nullptr;
  uint32_t first_operation = 0;  // index into Ledger::operation_spans()
  uint32_t operations = 0;
};

// Where the meta of an operation of a successful transaction lies.
struct OperationMetaSpan {
  const uint8_t* begin = nullptr;
  const uint8_t* changes = nullptr;  // LedgerEntryChanges
  const uint8_t* events = nullptr;   // ContractEvent<>; null before TransactionMeta V4
  const uint8_t* end = nullptr;
};

// Where the parts of a TransactionResultMeta (V1 or not) lie.
struct ResultSpan {
  const uint8_t* pair = nullptr;              // TransactionResultPair
  const uint8_t* fee_changes = nullptr;       // LedgerEntryChanges
  const uint8_t* meta = nullptr;              // TransactionMeta
  const uint8_t* post_fee_changes = nullptr;  // LedgerEntryChanges; null before LCM V2
  const uint8_t* end = nullptr;
  // Parts of the meta; null in the versions that have none.
  const uint8_t* changes_before = nullptr;      // LedgerEntryChanges; V1 to V4
  const uint8_t* changes_after = nullptr;       // LedgerEntryChanges; V2 to V4
  const uint8_t* soroban_meta = nullptr;        // SorobanTransactionMeta*; V3
  const uint8_t* soroban_meta_v2 = nullptr;     // SorobanTransactionMetaV2*; V4
  const uint8_t* transaction_events = nullptr;  // TransactionEvent<>; V4
  const uint8_t* diagnostic_events = nullptr;   // DiagnosticEvent<>; V4
  uint32_t first_operation_result = 0;          // index into Ledger::operation_result_begins()
  uint32_t operation_results = 0;               // 0 where no operation was tried
  uint32_t first_operation_meta = 0;            // index into Ledger::operation_meta_spans()
  uint32_t operation_metas = 0;                 // 0 for a failed transaction
};

// A reader of one ledger at a time. Open() walks the bytes once: it checks all of them and notes
// where things lie, in arrays that the next Open() reuses. What the accessors return is valid until
// the next Open() and while the opened bytes are. Accessors need an opened ledger, cost little and
// cannot fail. Not thread-safe.
class Ledger {
 public:
  // Takes its arrays from `pool`. Where that has no more, Open() and Pair() throw std::bad_alloc:
  // the walk has no way to say so.
  explicit Ledger(arrow::MemoryPool* pool = arrow::default_memory_pool()) : pool_(pool) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  Ledger(Ledger&&) = default;
  Ledger& operator=(Ledger&&) = default;

  // Checks that `wire` is one LedgerCloseMeta and nothing more. Errors: DATA_LOSS, with the
  // ledger's number where its header can be read, the path and the byte.
  arrow::Status Open(xdr::Bytes wire);

  // The same for the LedgerCloseMeta that `wire` begins with; returns the bytes it takes.
  arrow::Result<size_t> OpenPrefix(xdr::Bytes wire);

  // What is read must outlive the reading.
  template <xdr::detail::TemporaryBuffer Buffer>
  void Open(Buffer&& wire) = delete;

  // Exactly the LedgerCloseMeta's bytes.
  xdr::Bytes wire() const { return wire_; }
  xdr::LedgerCloseMeta meta() const;
  // Of LedgerCloseMeta: 0, 1 or 2.
  int32_t meta_version() const { return meta_version_; }

  xdr::LedgerHeaderHistoryEntry header_entry() const;
  xdr::LedgerHeader header() const;
  xdr::Hash hash() const;
  uint32_t sequence() const { return sequence_; }
  // Since the epoch: whole seconds, unless the header knows better. Times that microseconds in an
  // int64 cannot tell wrap; they are 292,000 years away.
  std::chrono::microseconds close_time() const;

  // The transaction set: TransactionSet before LCM V1, else GeneralizedTransactionSet.
  xdr::Bytes transaction_set_wire() const;
  // The hash of the ledger before, as the set states it.
  xdr::Hash transaction_set_previous_hash() const;
  // Envelopes in the order of the set, which is not the order of application.
  std::span<const EnvelopeSpan> envelopes() const { return envelopes_; }
  // The operations of all envelopes, one envelope's after the other's.
  std::span<const OperationSpan> operation_spans() const { return operations_; }

  // Results and metas in the order of application.
  size_t transaction_count() const { return results_.size(); }
  std::span<const ResultSpan> results() const { return results_; }
  // The OperationResults and operation metas of all transactions, one transaction's after the
  // other's.
  std::span<const uint8_t* const> operation_result_begins() const { return operation_results_; }
  std::span<const OperationMetaSpan> operation_meta_spans() const { return operation_metas_; }

  // Transactions whose code is txSUCCESS or txFEE_BUMP_INNER_SUCCESS.
  uint32_t successful_transaction_count() const { return successful_transactions_; }
  // Operations of successful transactions.
  uint32_t operation_count() const { return successful_operations_; }
  // Operations of all envelopes; the second counts host functions, TTL extensions and restorations.
  uint32_t tx_set_operation_count() const { return static_cast<uint32_t>(operations_.size()); }
  uint32_t soroban_operation_count() const { return soroban_operations_; }
  // Sum of the results' feeCharged, stroops.
  int64_t total_fee_charged() const { return total_fee_charged_; }
  // Contract events of transactions (meta V3) and operations (meta V4); no diagnostic events.
  uint32_t contract_event_count() const { return contract_events_; }

  xdr::List<xdr::UpgradeEntryMeta> upgrades() const;
  xdr::List<xdr::SCPHistoryEntry> scp_history() const;
  // Keys of evicted entries; empty before LCM V1.
  xdr::List<xdr::LedgerKey> evicted_keys() const;
  // Absent before LCM V1.
  std::optional<uint64_t> live_soroban_state_bytes() const;
  // Absent unless core was told to write it.
  std::optional<int64_t> soroban_fee_write_1kb() const;

  // Finds each applied transaction's envelope by hash under `network`. Errors: DATA_LOSS naming the
  // first transaction without one: the network is another, or the data are corrupt.
  arrow::Status Pair(const Network& network, Sha256& sha);
  // Whether Pair() has succeeded since Open().
  bool paired() const { return paired_; }
  // The id of the network that Pair() was told. Only when paired().
  const Hash256& network_id() const { return network_id_; }
  // Index into envelopes() of the `index`th applied transaction. Only when paired().
  uint32_t envelope_index(size_t index) const { return envelope_of_[index]; }
  // Only when paired(). `index` < transaction_count(), counted from 0.
  AppliedTransaction transaction(size_t index) const;

 private:
  template <typename T>
  using Array = std::vector<T, arrow::stl::allocator<T>>;

  struct Indexer;  // hears the marks of the walk
  struct HashSlot {
    Hash256 hash{};
    uint32_t envelope = 0;
    bool paired = false;  // with a result
  };

  arrow::Status Undecodable(xdr::Bytes wire, bool whole) const;
  void CountResults();

  arrow::MemoryPool* pool_;
  xdr::Bytes wire_;
  int32_t meta_version_ = 0;
  uint32_t sequence_ = 0;
  const uint8_t* header_ = nullptr;
  const uint8_t* transaction_set_ = nullptr;
  const uint8_t* transaction_set_end_ = nullptr;
  const uint8_t* upgrades_ = nullptr;
  const uint8_t* scp_ = nullptr;
  const uint8_t* state_size_ = nullptr;
  const uint8_t* evicted_keys_ = nullptr;
  Array<EnvelopeSpan> envelopes_{pool_};
  Array<OperationSpan> operations_{pool_};
  Array<ResultSpan> results_{pool_};
  Array<const uint8_t*> operation_results_{pool_};
  Array<OperationMetaSpan> operation_metas_{pool_};
  uint32_t successful_transactions_ = 0;
  uint32_t successful_operations_ = 0;
  uint32_t soroban_operations_ = 0;
  uint32_t contract_events_ = 0;
  int64_t total_fee_charged_ = 0;

  bool paired_ = false;
  Hash256 network_id_{};
  Array<uint32_t> envelope_of_{pool_};
  Array<HashSlot> slots_{pool_};  // scratch of Pair(): envelopes by hash
};

// The hash that `network` gives the transaction of `envelope`: of the outer one of a fee bump.
Hash256 TransactionHash(const EnvelopeSpan& envelope, const Network& network, Sha256& sha);

// Whether consensus was on an empty set instead of the one proposed (CAP-83): then the header's
// set hash is zero and says nothing about the set's bytes.
bool IsEmptySetByDecree(const xdr::StellarValue& value);

// The hash of the transaction set, were `previous_hash` that of the ledger before.
Hash256 TransactionSetHash(const Ledger& ledger, xdr::Hash previous_hash, Sha256& sha);

struct LedgerId {
  uint32_t sequence = 0;
  Hash256 hash{};         // as stated, unchecked
  uint32_t protocol = 0;  // the header's
};

// What the protocol's types in protocol/ are complete for.
inline constexpr uint32_t kNewestProtocol = 28;

// No header, with all that stands before it, takes more bytes than this.
inline constexpr size_t kMaxHeaderBytes = 4096;

// Which ledger `wire` begins with, if its header can be read; kMaxHeaderBytes of it are enough.
std::optional<LedgerId> PeekLedger(xdr::Bytes wire);

}  // namespace stellar_arrow::ledger

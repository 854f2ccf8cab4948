// One transaction that was applied in a ledger, successful or not: hides the kinds of envelope, of
// result and of meta. A view; knows no Arrow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger.h"

namespace stellar_arrow::ledger {

class Ledger;
struct EnvelopeSpan;
struct OperationMetaSpan;
struct ResultSpan;

// An account as transactions and operations name it.
struct Account {
  xdr::uint256 ed25519;
  std::optional<uint64_t> muxed_id;
};

Account AccountOf(const xdr::MuxedAccount& account);

// The parts of a meta of any version, V0 to V4.
struct MetaParts {
  // Entry changes before and after the operations'; absent in the versions that have none.
  std::optional<xdr::LedgerEntryChanges> changes_before;
  std::optional<xdr::LedgerEntryChanges> changes_after;
  // One per operation of a successful transaction, none of a failed one. V0 to V3 use the first
  // form, V4 the second; the other one is empty.
  xdr::List<xdr::OperationMeta> operations;
  xdr::List<xdr::OperationMetaV2> operations_v2;
  std::optional<xdr::SorobanTransactionMeta> soroban;       // V3
  std::optional<xdr::SorobanTransactionMetaV2> soroban_v2;  // V4
  xdr::List<xdr::TransactionEvent> events;                  // V4
  // V3 keeps them in its Soroban part, V4 beside it.
  xdr::List<xdr::DiagnosticEvent> diagnostic_events;

  size_t operation_count() const { return operations.size() + operations_v2.size(); }
};

// What a Soroban transaction asks for beside its footprint.
struct DeclaredResources {
  uint32_t instructions = 0;
  uint32_t disk_read_bytes = 0;  // readBytes before protocol 23
  uint32_t write_bytes = 0;
  int64_t resource_fee = 0;  // stroops
};

// Under which conditions a transaction may be applied, whatever the kind of its envelope.
struct TransactionConditions {
  std::optional<xdr::TimeBounds> time_bounds;
  std::optional<xdr::PreconditionsV2> v2;  // all others; absent unless the kind is PRECOND_V2
};

// One operation of an applied transaction. Valid until the ledger it comes from is opened anew.
class AppliedOperation {
 public:
  // `index` counts from 0 in the order of the envelope.
  AppliedOperation(const Ledger& ledger, size_t transaction, size_t index);

  uint32_t index() const { return static_cast<uint32_t>(index_); }
  xdr::Operation operation() const;
  xdr::OperationBody body() const;
  xdr::Bytes wire() const { return {begin_, static_cast<size_t>(end_ - begin_)}; }
  // The operation's own source, else the inner transaction's.
  Account source() const;
  // Absent where no operation was tried. Of a failed transaction, a success was rolled back.
  std::optional<xdr::OperationResult> result() const;
  // All of the following are absent or empty where the transaction failed.
  bool has_meta() const { return meta_ != nullptr; }
  // OperationMeta, or OperationMetaV2 in TransactionMeta V4.
  xdr::Bytes meta_wire() const;
  xdr::LedgerEntryChanges changes() const;
  // Contract events, of TransactionMeta V4 and of V3 (which keeps them with the transaction).
  xdr::List<xdr::ContractEvent> events() const;

 private:
  const Ledger* ledger_;
  size_t transaction_;
  size_t index_;
  const uint8_t* begin_;
  const uint8_t* body_;
  const uint8_t* end_;
  const uint8_t* result_ = nullptr;
  const OperationMetaSpan* meta_ = nullptr;
};

// Valid until the ledger it comes from is opened anew. "Inner" is what a fee bump pays for; for all
// other transactions inner and outer are the same. All accessors cost a few reads, however long the
// transaction is.
class AppliedTransaction {
 public:
  // `index` counts from 0 in the order of application. `ledger` must be paired.
  AppliedTransaction(const Ledger& ledger, size_t index);

  const Ledger& ledger() const { return *ledger_; }
  // Counts from 1, failed transactions included.
  uint32_t application_order() const { return static_cast<uint32_t>(index_ + 1); }

  // The outer transaction's.
  xdr::Hash hash() const { return result_pair().transactionHash(); }
  xdr::TransactionEnvelope envelope() const;
  xdr::Bytes envelope_wire() const;
  bool is_fee_bump() const;
  // Who pays the fee: the fee bump's source, else the transaction's.
  Account fee_source() const;
  // The most that the payer offered, stroops.
  int64_t fee_bid() const;
  // Of the fee bump itself; empty for all others.
  xdr::List<xdr::DecoratedSignature> fee_bump_signatures() const;

  // The inner transaction's.
  std::optional<xdr::Hash> inner_hash() const;  // of a fee bump, as its result states it
  Account source() const;
  uint32_t inner_fee_bid() const;  // stroops
  int64_t sequence_number() const;
  TransactionConditions conditions() const;
  xdr::Memo memo() const;
  xdr::List<xdr::Operation> operations() const;
  size_t operation_count() const;
  // `index` < operation_count().
  AppliedOperation operation(size_t index) const;
  std::optional<xdr::SorobanTransactionData> soroban_data() const;
  // The numbers of soroban_data(), however large its footprint is; absent where that is.
  std::optional<DeclaredResources> declared_resources() const;
  xdr::List<xdr::DecoratedSignature> signatures() const;

  xdr::TransactionResultPair result_pair() const;
  // Exactly the TransactionResult's bytes, without the hash beside it.
  xdr::Bytes result_wire() const;
  xdr::TransactionResultCode result_code() const { return result_pair().result().result().code(); }
  bool successful() const;
  // As the result states it, stroops.
  int64_t fee_charged() const { return result_pair().result().feeCharged(); }
  // Absent where the code says that no operation was tried.
  std::optional<xdr::List<xdr::OperationResult>> operation_results() const;

  xdr::LedgerEntryChanges fee_changes() const;
  // Refunds of Soroban fees; only in LCM V2.
  std::optional<xdr::LedgerEntryChanges> post_fee_changes() const;
  xdr::TransactionMeta meta() const;
  xdr::Bytes meta_wire() const;
  MetaParts meta_parts() const;
  // Parts of the meta alone, as meta_parts() has them.
  std::optional<xdr::LedgerEntryChanges> changes_after() const;
  std::optional<xdr::SorobanTransactionMeta> soroban_meta() const;       // V3
  std::optional<xdr::SorobanTransactionMetaV2> soroban_meta_v2() const;  // V4

 private:
  bool is_v0() const;

  const Ledger* ledger_;
  size_t index_;
  const EnvelopeSpan* envelope_;
  const ResultSpan* result_;
};

}  // namespace stellar_arrow::ledger

// One transaction that was applied in a ledger, successful or not: hides the kinds of envelope, of
// result and of meta. A view; knows no Arrow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "stellar_arrow/xdr/generated/Stellar-ledger.h"

namespace stellar_arrow::ledger {

class Ledger;

// An account as transactions and operations name it.
struct Account {
  xdr::uint256 ed25519;
  std::optional<uint64_t> muxed_id;
};

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

// Valid until the ledger it comes from is opened anew. "Inner" is what a fee bump pays for; for all
// other transactions inner and outer are the same.
class AppliedTransaction {
 public:
  // `index` counts from 0 in the order of application. `ledger` must be paired.
  AppliedTransaction(const Ledger& ledger, size_t index) : ledger_(&ledger), index_(index) {}

  const Ledger& ledger() const { return *ledger_; }
  // Counts from 1, failed transactions included.
  uint32_t application_order() const { return static_cast<uint32_t>(index_ + 1); }

  // The outer transaction's.
  xdr::Hash hash() const { return result_pair().transactionHash(); }
  xdr::TransactionEnvelope envelope() const;
  bool is_fee_bump() const;

  // The inner transaction's.
  std::optional<xdr::Hash> inner_hash() const;  // of a fee bump
  Account source() const;
  xdr::Memo memo() const;
  xdr::List<xdr::Operation> operations() const;
  int64_t sequence_number() const;

  xdr::TransactionResultPair result_pair() const;
  xdr::TransactionResultCode result_code() const { return result_pair().result().result().code(); }
  bool successful() const;
  int64_t fee_charged() const { return result_pair().result().feeCharged(); }
  // Absent where the code says that no operation was tried.
  std::optional<xdr::List<xdr::OperationResult>> operation_results() const;

  xdr::LedgerEntryChanges fee_changes() const;
  // Refunds of Soroban fees; only in LCM V2.
  std::optional<xdr::LedgerEntryChanges> post_fee_changes() const;
  xdr::TransactionMeta meta() const;
  MetaParts meta_parts() const;

 private:
  std::optional<xdr::Transaction> inner_v1() const;  // absent for envelopes of kind V0

  const Ledger* ledger_;
  size_t index_;
};

}  // namespace stellar_arrow::ledger

#include "stellar_arrow/ledger/applied_transaction.h"

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/xdr/generated/marked_walk.h"

namespace stellar_arrow::ledger {

using xdr::marked::ReadAt;

xdr::TransactionEnvelope AppliedTransaction::envelope() const {
  const EnvelopeSpan& span = ledger_->envelopes()[ledger_->envelope_index(index_)];
  return ReadAt<xdr::TransactionEnvelope>(span.begin);
}

bool AppliedTransaction::is_fee_bump() const {
  return envelope().type() == xdr::EnvelopeType::ENVELOPE_TYPE_TX_FEE_BUMP;
}

std::optional<xdr::Transaction> AppliedTransaction::inner_v1() const {
  const xdr::TransactionEnvelope outer = envelope();
  if (auto v1 = outer.ifV1()) return v1->tx();
  if (auto fee_bump = outer.ifFeeBump()) return fee_bump->tx().innerTx().v1().tx();
  return std::nullopt;
}

std::optional<xdr::Hash> AppliedTransaction::inner_hash() const {
  if (auto inner = result_pair().result().result().ifInnerResultPair()) {
    return inner->transactionHash();
  }
  return std::nullopt;
}

Account AppliedTransaction::source() const {
  const auto transaction = inner_v1();
  if (!transaction) return {envelope().v0().tx().sourceAccountEd25519(), std::nullopt};
  const xdr::MuxedAccount account = transaction->sourceAccount();
  if (auto muxed = account.ifMed25519()) return {muxed->ed25519(), muxed->id()};
  return {account.ed25519(), std::nullopt};
}

xdr::Memo AppliedTransaction::memo() const {
  const auto transaction = inner_v1();
  return transaction ? transaction->memo() : envelope().v0().tx().memo();
}

xdr::List<xdr::Operation> AppliedTransaction::operations() const {
  const auto transaction = inner_v1();
  return transaction ? transaction->operations() : envelope().v0().tx().operations();
}

int64_t AppliedTransaction::sequence_number() const {
  const auto transaction = inner_v1();
  return transaction ? transaction->seqNum() : envelope().v0().tx().seqNum();
}

xdr::TransactionResultPair AppliedTransaction::result_pair() const {
  return ReadAt<xdr::TransactionResultPair>(ledger_->results()[index_].pair);
}

bool AppliedTransaction::successful() const {
  const xdr::TransactionResultCode code = result_code();
  return code == xdr::TransactionResultCode::txSUCCESS ||
         code == xdr::TransactionResultCode::txFEE_BUMP_INNER_SUCCESS;
}

std::optional<xdr::List<xdr::OperationResult>> AppliedTransaction::operation_results() const {
  const xdr::TransactionResultResult result = result_pair().result().result();
  if (auto inner = result.ifInnerResultPair()) return inner->result().result().ifResults();
  return result.ifResults();
}

xdr::LedgerEntryChanges AppliedTransaction::fee_changes() const {
  return ReadAt<xdr::LedgerEntryChanges>(ledger_->results()[index_].fee_changes);
}

std::optional<xdr::LedgerEntryChanges> AppliedTransaction::post_fee_changes() const {
  const uint8_t* const p = ledger_->results()[index_].post_fee_changes;
  if (p == nullptr) return std::nullopt;
  return ReadAt<xdr::LedgerEntryChanges>(p);
}

xdr::TransactionMeta AppliedTransaction::meta() const {
  return ReadAt<xdr::TransactionMeta>(ledger_->results()[index_].meta);
}

MetaParts AppliedTransaction::meta_parts() const {
  const xdr::TransactionMeta meta = this->meta();
  MetaParts parts;
  if (auto operations = meta.ifOperations()) {
    parts.operations = *operations;
  } else if (auto v1 = meta.ifV1()) {
    parts.changes_before = v1->txChanges();
    parts.operations = v1->operations();
  } else if (auto v2 = meta.ifV2()) {
    parts.changes_before = v2->txChangesBefore();
    parts.operations = v2->operations();
    parts.changes_after = v2->txChangesAfter();
  } else if (auto v3 = meta.ifV3()) {
    parts.changes_before = v3->txChangesBefore();
    parts.operations = v3->operations();
    parts.changes_after = v3->txChangesAfter();
    parts.soroban = v3->sorobanMeta();
    if (parts.soroban) parts.diagnostic_events = parts.soroban->diagnosticEvents();
  } else if (auto v4 = meta.ifV4()) {
    parts.changes_before = v4->txChangesBefore();
    parts.operations_v2 = v4->operations();
    parts.changes_after = v4->txChangesAfter();
    parts.soroban_v2 = v4->sorobanMeta();
    parts.events = v4->events();
    parts.diagnostic_events = v4->diagnosticEvents();
  }
  return parts;
}

}  // namespace stellar_arrow::ledger

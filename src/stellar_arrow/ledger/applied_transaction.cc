#include "stellar_arrow/ledger/applied_transaction.h"

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/xdr/generated/marked_walk.h"

namespace stellar_arrow::ledger {

using xdr::marked::ReadAt;

namespace {

constexpr size_t kHash = 32;  // bytes

template <typename T>
std::optional<T> IfAt(const uint8_t* p) {
  if (p == nullptr) return std::nullopt;
  return ReadAt<T>(p);
}

template <typename T>
xdr::List<T> ListAt(const uint8_t* p) {
  return p == nullptr ? xdr::List<T>() : ReadAt<xdr::List<T>>(p);
}

xdr::Bytes Between(const uint8_t* begin, const uint8_t* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

Account AccountOf(const xdr::MuxedAccount& account) {
  if (auto muxed = account.ifMed25519()) return {muxed->ed25519(), muxed->id()};
  return {account.ed25519(), std::nullopt};
}

AppliedOperation::AppliedOperation(const Ledger& ledger, size_t transaction, size_t index)
    : ledger_(&ledger), transaction_(transaction), index_(index) {
  const EnvelopeSpan& envelope = ledger.envelopes()[ledger.envelope_index(transaction)];
  const auto spans =
      ledger.operation_spans().subspan(envelope.first_operation, envelope.operations);
  begin_ = spans[index].begin;
  body_ = spans[index].body;
  end_ = index + 1 < spans.size() ? spans[index + 1].begin : envelope.operations_end;
  const ResultSpan& result = ledger.results()[transaction];
  if (index < result.operation_results) {
    result_ = ledger.operation_result_begins()[result.first_operation_result + index];
  }
  if (index < result.operation_metas) {
    meta_ = &ledger.operation_meta_spans()[result.first_operation_meta + index];
  }
}

xdr::Operation AppliedOperation::operation() const { return ReadAt<xdr::Operation>(begin_); }

xdr::OperationBody AppliedOperation::body() const { return ReadAt<xdr::OperationBody>(body_); }

Account AppliedOperation::source() const {
  const auto own = operation().sourceAccount();
  return own ? AccountOf(*own) : AppliedTransaction(*ledger_, transaction_).source();
}

std::optional<xdr::OperationResult> AppliedOperation::result() const {
  return IfAt<xdr::OperationResult>(result_);
}

xdr::Bytes AppliedOperation::meta_wire() const {
  return meta_ == nullptr ? xdr::Bytes() : Between(meta_->begin, meta_->end);
}

xdr::LedgerEntryChanges AppliedOperation::changes() const {
  return ListAt<xdr::LedgerEntryChange>(meta_ == nullptr ? nullptr : meta_->changes);
}

xdr::List<xdr::ContractEvent> AppliedOperation::events() const {
  if (meta_ == nullptr) return {};
  if (meta_->events != nullptr) return ReadAt<xdr::List<xdr::ContractEvent>>(meta_->events);
  const uint8_t* const soroban = ledger_->results()[transaction_].soroban_meta;
  if (soroban == nullptr || index_ != 0) return {};
  const auto meta = ReadAt<std::optional<xdr::SorobanTransactionMeta>>(soroban);
  return meta ? meta->events() : xdr::List<xdr::ContractEvent>();
}

AppliedTransaction::AppliedTransaction(const Ledger& ledger, size_t index)
    : ledger_(&ledger),
      index_(index),
      envelope_(&ledger.envelopes()[ledger.envelope_index(index)]),
      result_(&ledger.results()[index]) {}

xdr::TransactionEnvelope AppliedTransaction::envelope() const {
  return ReadAt<xdr::TransactionEnvelope>(envelope_->begin);
}

xdr::Bytes AppliedTransaction::envelope_wire() const {
  return Between(envelope_->begin, envelope_->end);
}

bool AppliedTransaction::is_v0() const {
  return envelope().type() == xdr::EnvelopeType::ENVELOPE_TYPE_TX_V0;
}

bool AppliedTransaction::is_fee_bump() const {
  return envelope().type() == xdr::EnvelopeType::ENVELOPE_TYPE_TX_FEE_BUMP;
}

// The transaction inside `envelope`, which is not of kind V0.
static xdr::Transaction InnerV1(const xdr::TransactionEnvelope& envelope) {
  if (auto fee_bump = envelope.ifFeeBump()) return fee_bump->tx().innerTx().v1().tx();
  return envelope.v1().tx();
}

Account AppliedTransaction::fee_source() const {
  if (auto fee_bump = envelope().ifFeeBump()) return AccountOf(fee_bump->tx().feeSource());
  return source();
}

int64_t AppliedTransaction::fee_bid() const {
  if (auto fee_bump = envelope().ifFeeBump()) return fee_bump->tx().fee();
  return inner_fee_bid();
}

xdr::List<xdr::DecoratedSignature> AppliedTransaction::fee_bump_signatures() const {
  if (!is_fee_bump()) return {};
  return ReadAt<xdr::List<xdr::DecoratedSignature>>(envelope_->outer_signatures);
}

std::optional<xdr::Hash> AppliedTransaction::inner_hash() const {
  if (auto inner = result_pair().result().result().ifInnerResultPair()) {
    return inner->transactionHash();
  }
  return std::nullopt;
}

Account AppliedTransaction::source() const {
  const xdr::TransactionEnvelope envelope = this->envelope();
  if (is_v0()) return {envelope.v0().tx().sourceAccountEd25519(), std::nullopt};
  return AccountOf(InnerV1(envelope).sourceAccount());
}

uint32_t AppliedTransaction::inner_fee_bid() const {
  return is_v0() ? envelope().v0().tx().fee() : InnerV1(envelope()).fee();
}

int64_t AppliedTransaction::sequence_number() const {
  return is_v0() ? envelope().v0().tx().seqNum() : InnerV1(envelope()).seqNum();
}

TransactionConditions AppliedTransaction::conditions() const {
  if (is_v0()) return {ReadAt<std::optional<xdr::TimeBounds>>(envelope_->preconditions), {}};
  const auto conditions = ReadAt<xdr::Preconditions>(envelope_->preconditions);
  switch (conditions.type()) {
    case xdr::PreconditionType::PRECOND_NONE:
      return {};
    case xdr::PreconditionType::PRECOND_TIME:
      return {conditions.timeBounds(), {}};
    case xdr::PreconditionType::PRECOND_V2:
      return {conditions.v2().timeBounds(), conditions.v2()};
  }
  return {};
}

xdr::Memo AppliedTransaction::memo() const { return ReadAt<xdr::Memo>(envelope_->memo); }

xdr::List<xdr::Operation> AppliedTransaction::operations() const {
  return is_v0() ? envelope().v0().tx().operations() : InnerV1(envelope()).operations();
}

size_t AppliedTransaction::operation_count() const { return envelope_->operations; }

AppliedOperation AppliedTransaction::operation(size_t index) const {
  return AppliedOperation(*ledger_, index_, index);
}

std::optional<xdr::SorobanTransactionData> AppliedTransaction::soroban_data() const {
  if (is_v0()) return std::nullopt;
  return ReadAt<xdr::TransactionExt>(envelope_->operations_end).ifSorobanData();
}

std::optional<DeclaredResources> AppliedTransaction::declared_resources() const {
  if (!soroban_data()) return std::nullopt;
  // SorobanTransactionData is the last of a transaction, and these are the last of it: from the
  // front a walk over the footprint would lie before each.
  const uint8_t* const end = envelope_->inner_signatures;
  return DeclaredResources{ReadAt<uint32_t>(end - 20), ReadAt<uint32_t>(end - 16),
                           ReadAt<uint32_t>(end - 12), ReadAt<int64_t>(end - 8)};
}

xdr::List<xdr::DecoratedSignature> AppliedTransaction::signatures() const {
  return ReadAt<xdr::List<xdr::DecoratedSignature>>(envelope_->inner_signatures);
}

xdr::TransactionResultPair AppliedTransaction::result_pair() const {
  return ReadAt<xdr::TransactionResultPair>(result_->pair);
}

xdr::Bytes AppliedTransaction::result_wire() const {
  return Between(result_->pair + kHash, result_->fee_changes);
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
  return ReadAt<xdr::LedgerEntryChanges>(result_->fee_changes);
}

std::optional<xdr::LedgerEntryChanges> AppliedTransaction::post_fee_changes() const {
  return IfAt<xdr::LedgerEntryChanges>(result_->post_fee_changes);
}

xdr::TransactionMeta AppliedTransaction::meta() const {
  return ReadAt<xdr::TransactionMeta>(result_->meta);
}

xdr::Bytes AppliedTransaction::meta_wire() const {
  const uint8_t* const end =
      result_->post_fee_changes != nullptr ? result_->post_fee_changes : result_->end;
  return Between(result_->meta, end);
}

std::optional<xdr::LedgerEntryChanges> AppliedTransaction::changes_after() const {
  return IfAt<xdr::LedgerEntryChanges>(result_->changes_after);
}

std::optional<xdr::SorobanTransactionMeta> AppliedTransaction::soroban_meta() const {
  if (result_->soroban_meta == nullptr) return std::nullopt;
  return ReadAt<std::optional<xdr::SorobanTransactionMeta>>(result_->soroban_meta);
}

std::optional<xdr::SorobanTransactionMetaV2> AppliedTransaction::soroban_meta_v2() const {
  if (result_->soroban_meta_v2 == nullptr) return std::nullopt;
  return ReadAt<std::optional<xdr::SorobanTransactionMetaV2>>(result_->soroban_meta_v2);
}

MetaParts AppliedTransaction::meta_parts() const {
  const xdr::TransactionMeta meta = this->meta();
  MetaParts parts;
  parts.changes_before = IfAt<xdr::LedgerEntryChanges>(result_->changes_before);
  parts.changes_after = changes_after();
  parts.soroban = soroban_meta();
  parts.soroban_v2 = soroban_meta_v2();
  parts.diagnostic_events = parts.soroban
                                ? parts.soroban->diagnosticEvents()
                                : ListAt<xdr::DiagnosticEvent>(result_->diagnostic_events);
  parts.events = ListAt<xdr::TransactionEvent>(result_->transaction_events);
  if (auto operations = meta.ifOperations()) {
    parts.operations = *operations;
  } else if (auto v1 = meta.ifV1()) {
    parts.operations = v1->operations();
  } else if (auto v2 = meta.ifV2()) {
    parts.operations = v2->operations();
  } else if (auto v3 = meta.ifV3()) {
    parts.operations = v3->operations();
  } else if (auto v4 = meta.ifV4()) {
    parts.operations_v2 = v4->operations();
  }
  return parts;
}

}  // namespace stellar_arrow::ledger

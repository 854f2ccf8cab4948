// The cells of transactions, on small ledgers of every kind of envelope, memo, condition, result
// and meta; the golden tests hold real ledgers against stellar-etl's rows.
#include "stellar_arrow/tables/transactions.h"

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/tables/catalog.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/xdr/generated/value/Stellar-ledger.h"
#include "stellar_arrow/xdr/generated/value/Stellar-transaction.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow::tables {
namespace {

namespace v = xdr::value;

using Buffer = std::vector<uint8_t>;
using Key = v::uint256;

constexpr uint32_t kSequence = 1000;

// The key of SEP-23's examples, and those of 32 equal bytes.
Key ExampleKey() {
  Key key;
  EXPECT_TRUE(
      text::DecodeHex("3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a", key));
  return key;
}
constexpr std::string_view kExampleAccount =
    "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";
constexpr std::string_view kExampleMuxed =  // id 0
    "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ";
constexpr std::string_view kExampleContract =
    "CA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUWDA";

Key Filled(uint8_t byte) {
  Key key;
  key.fill(byte);
  return key;
}
constexpr std::string_view kAccountOf11 =
    "GAIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCF6M";

v::MuxedAccount Plain(const Key& key) { return v::MuxedAccount::KEY_TYPE_ED25519(key); }
v::MuxedAccount Muxed(const Key& key, uint64_t id) {
  return v::MuxedAccount::KEY_TYPE_MUXED_ED25519({.id = id, .ed25519 = key});
}

const ledger::Network& TestNetwork() {
  static const ledger::Network network = ledger::Network::FromPassphrase("transactions of tests");
  return network;
}

v::Hash HashOf(v::TransactionSignaturePayloadTaggedTransaction tagged) {
  return ledger::Sha256Of(v::Encode(v::TransactionSignaturePayload{
      .networkId = TestNetwork().id, .taggedTransaction = std::move(tagged)}));
}

v::Hash HashOf(const v::Transaction& transaction) {
  return HashOf(v::TransactionSignaturePayloadTaggedTransaction::ENVELOPE_TYPE_TX(transaction));
}

v::Hash HashOf(const v::TransactionEnvelope& envelope) {
  if (const auto* v0 = envelope.ifV0()) {  // is hashed as the V1 that means the same
    v::Transaction same{.sourceAccount = Plain(v0->tx.sourceAccountEd25519),
                        .fee = v0->tx.fee,
                        .seqNum = v0->tx.seqNum,
                        .memo = v0->tx.memo,
                        .operations = v0->tx.operations};
    if (v0->tx.timeBounds) same.cond = v::Preconditions::PRECOND_TIME(*v0->tx.timeBounds);
    return HashOf(same);
  }
  if (const auto* v1 = envelope.ifV1()) return HashOf(v1->tx);
  return HashOf(v::TransactionSignaturePayloadTaggedTransaction::ENVELOPE_TYPE_TX_FEE_BUMP(
      envelope.feeBump().tx));
}

// A transaction and what came of it.
struct Applied {
  v::TransactionEnvelope envelope;
  v::TransactionResult result;
  v::LedgerEntryChanges fee_changes;
  v::TransactionMeta meta = v::TransactionMeta::v4({});
  v::LedgerEntryChanges post_fee_changes;
};

// A ledger whose set has the envelopes from last to first. LedgerCloseMeta V2, or V0.
Buffer LedgerOf(const std::vector<Applied>& applied, uint32_t protocol = 23, int version = 2) {
  v::LedgerHeaderHistoryEntry header;
  header.header.ledgerVersion = protocol;
  header.header.ledgerSeq = kSequence;
  header.header.scpValue.closeTime = 1'700'000'000;
  std::vector<v::TransactionEnvelope> set;
  for (const Applied& one : applied) set.insert(set.begin(), one.envelope);
  if (version == 0) {
    v::LedgerCloseMetaV0 meta{.ledgerHeader = header, .txSet = {.txs = std::move(set)}};
    for (const Applied& one : applied) {
      meta.txProcessing.push_back(
          {.result = {.transactionHash = HashOf(one.envelope), .result = one.result},
           .feeProcessing = one.fee_changes,
           .txApplyProcessing = one.meta});
    }
    return v::Encode(v::LedgerCloseMeta::v0(std::move(meta)));
  }
  v::LedgerCloseMetaV2 meta{.ledgerHeader = header};
  meta.txSet.v1TxSet().phases = {v::TransactionPhase::v0(
      {v::TxSetComponent::TXSET_COMP_TXS_MAYBE_DISCOUNTED_FEE({.txs = std::move(set)})})};
  for (const Applied& one : applied) {
    meta.txProcessing.push_back(
        {.result = {.transactionHash = HashOf(one.envelope), .result = one.result},
         .feeProcessing = one.fee_changes,
         .txApplyProcessing = one.meta,
         .postTxApplyFeeProcessing = one.post_fee_changes});
  }
  return v::Encode(v::LedgerCloseMeta::v2(std::move(meta)));
}

// The rows of a ledger, with cells as text: bytes in hex, lists joined by blanks, "null".
class Table {
 public:
  explicit Table(const Buffer& wire, const std::vector<std::string>& columns = {}) {
    ledger::Ledger ledger;
    ledger::Sha256 sha;
    const arrow::Status opened = ledger.Open(wire);
    EXPECT_TRUE(opened.ok()) << opened;
    const arrow::Status paired = ledger.Pair(TestNetwork(), sha);
    EXPECT_TRUE(paired.ok()) << paired;
    const auto appender =
        TransactionsTable().MakeAppender({columns}, arrow::default_memory_pool()).ValueOrDie();
    EXPECT_TRUE(appender->Append(ledger).ok());
    batch_ = appender->Finish().ValueOrDie();
    const arrow::Status valid = batch_->ValidateFull();
    EXPECT_TRUE(valid.ok()) << valid;
  }

  int64_t rows() const { return batch_->num_rows(); }

  std::string Cell(const std::string& column, int64_t row = 0) const {
    const auto array = batch_->GetColumnByName(column);
    if (array == nullptr) return "no column " + column;
    return Text(*array, row);
  }

 private:
  static std::string Hex(std::string_view bytes) {
    return text::EncodeHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }

  static std::string Text(const arrow::Array& array, int64_t row) {
    if (array.IsNull(row)) return "null";
    switch (array.type_id()) {
      case arrow::Type::FIXED_SIZE_BINARY:
        return Hex(static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row));
      case arrow::Type::BINARY:
        return Hex(static_cast<const arrow::BinaryArray&>(array).GetView(row));
      case arrow::Type::TIMESTAMP:
        return std::to_string(static_cast<const arrow::TimestampArray&>(array).Value(row));
      case arrow::Type::LIST: {
        const auto& list = static_cast<const arrow::ListArray&>(array);
        std::string out;
        for (int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
          out.append(out.empty() ? "" : " ").append(Text(*list.values(), i));
        }
        return out;
      }
      default:
        return array.GetScalar(row).ValueOrDie()->ToString();
    }
  }

  std::shared_ptr<arrow::RecordBatch> batch_;
};

std::string Hex(const Buffer& bytes) { return text::EncodeHex(bytes); }

using Cells = std::vector<std::pair<std::string, std::string>>;

void ExpectCells(const Table& table, const Cells& cells, int64_t row = 0) {
  for (const auto& [column, want] : cells) EXPECT_EQ(table.Cell(column, row), want) << column;
}

v::Operation CreateAccount() {
  return {
      .body = v::OperationBody::CREATE_ACCOUNT(
          {.destination = v::PublicKey::PUBLIC_KEY_TYPE_ED25519(Filled(9)), .startingBalance = 5})};
}

v::Operation Payment() {
  return {.body = v::OperationBody::PAYMENT(
              {.destination = Plain(Filled(9)), .asset = v::Asset::ASSET_TYPE_NATIVE()})};
}

v::DecoratedSignature Signature(uint8_t hint) {
  return {.hint = {hint, 0xbb, 0xcc, 0xdd}, .signature = Buffer(64)};
}

// Of the account of bytes 0x11, with two operations.
v::Transaction Transaction() {
  return {.sourceAccount = Plain(Filled(0x11)),
          .fee = 250,
          .seqNum = 77,
          .operations = {CreateAccount(), Payment()}};
}

v::TransactionEnvelope Envelope(v::Transaction transaction) {
  return v::TransactionEnvelope::ENVELOPE_TYPE_TX(
      {.tx = std::move(transaction), .signatures = {Signature(1)}});
}

v::TransactionEnvelope FeeBump(v::Transaction inner, v::MuxedAccount payer, int64_t fee) {
  return v::TransactionEnvelope::ENVELOPE_TYPE_TX_FEE_BUMP(
      {.tx = {.feeSource = std::move(payer),
              .fee = fee,
              .innerTx = v::FeeBumpTransactionInnerTx::ENVELOPE_TYPE_TX(
                  {.tx = std::move(inner), .signatures = {Signature(1)}})},
       .signatures = {Signature(2), Signature(3)}});
}

v::TransactionResult Success(int64_t fee_charged = 200) {
  return {.feeCharged = fee_charged, .result = v::TransactionResultResult::txSUCCESS({})};
}

Table RowOf(v::Transaction transaction, uint32_t protocol = 23) {
  return Table(
      LedgerOf({{.envelope = Envelope(std::move(transaction)), .result = Success()}}, protocol));
}

TEST(Transactions, ReadsAnEnvelopeOfKindV0) {
  v::TransactionV0 tx{.sourceAccountEd25519 = Filled(0x11),
                      .fee = 250,
                      .seqNum = 77,
                      .timeBounds = v::TimeBounds{.minTime = 3, .maxTime = 0},
                      .memo = v::Memo::MEMO_ID(7),
                      .operations = {Payment()}};
  const auto envelope = v::TransactionEnvelope::ENVELOPE_TYPE_TX_V0(
      {.tx = std::move(tx), .signatures = {Signature(1), Signature(2)}});
  const Table table(LedgerOf(
      {{.envelope = envelope, .result = Success(), .meta = v::TransactionMeta::v0({})}}, 12, 0));
  ASSERT_EQ(table.rows(), 1);
  ExpectCells(table, {{"transaction_envelope_type", "0"},
                      {"transaction_hash", text::EncodeHex(HashOf(envelope))},
                      {"source_account", std::string(kAccountOf11)},
                      {"source_account_ed25519", text::EncodeHex(Filled(0x11))},
                      {"source_account_muxed", "null"},
                      {"sequence_number", "77"},
                      {"max_fee", "250"},
                      {"inner_max_fee", "250"},
                      {"operation_count", "1"},
                      {"signature_count", "2"},
                      {"signature_hints", "01bbccdd 02bbccdd"},
                      {"time_bounds_min", "3000000"},
                      {"time_bounds_max", "null"},
                      {"time_bounds", "[3,)"},
                      {"min_account_sequence_age", "null"},
                      {"memo_id", "7"},
                      {"resource_fee", "null"},
                      {"soroban_resources_instructions", "null"},
                      {"soroban_resources_archived_entries", ""},
                      {"post_fee_meta_xdr", "null"},
                      {"transaction_meta_xdr", "0000000000000000"},
                      {"fee_meta_xdr", "00000000"},
                      {"protocol_version", "12"}});
}

TEST(Transactions, ReadsAnEnvelopeOfKindV1) {
  const auto envelope = Envelope(Transaction());
  const Table table(LedgerOf({{.envelope = envelope, .result = Success()}}));
  ASSERT_EQ(table.rows(), 1);
  ExpectCells(table, {{"ledger_sequence", "1000"},
                      {"ledger_close_time", "1700000000000000"},
                      {"transaction_index", "1"},
                      {"transaction_id", "4294967300096"},
                      {"transaction_envelope_type", "2"},
                      {"transaction_hash", text::EncodeHex(HashOf(envelope))},
                      {"source_account", std::string(kAccountOf11)},
                      {"account_muxed", "null"},
                      {"fee_charged", "200"},
                      {"max_fee", "250"},
                      {"inner_max_fee", "250"},
                      {"new_max_fee", "null"},
                      {"successful", "true"},
                      {"result_code", "0"},
                      {"result_code_string", "tx_success"},
                      {"transaction_result_code", "TransactionResultCodeTxSuccess"},
                      {"inner_result_code", "null"},
                      {"operation_count", "2"},
                      {"new_account", "true"},
                      {"created_contract_count", "null"},
                      {"soroban_operations_count", "null"},
                      {"signature_count", "1"},
                      {"fee_bump_signature_count", "null"},
                      {"fee_bump_signature_hints", ""},
                      {"inner_transaction_hash", "null"},
                      {"fee_source", "null"},
                      {"fee_account_muxed", "null"},
                      {"time_bounds", "null"},
                      {"time_bounds_min", "null"},
                      {"ledger_bounds", "null"},
                      {"ledger_bounds_min", "null"},
                      {"soroban_resource_fee", "null"},
                      {"inclusion_fee_bid", "null"},
                      {"inclusion_fee_charged", "null"},
                      {"resource_fee_refund", "null"},
                      {"soroban_resources_metadata_size_bytes", "null"},
                      {"contract_events_count", "0"},
                      {"transaction_envelope_xdr", Hex(v::Encode(envelope))},
                      {"transaction_result_xdr", Hex(v::Encode(Success()))},
                      {"transaction_meta_xdr", Hex(v::Encode(v::TransactionMeta::v4({})))},
                      {"post_fee_meta_xdr", "00000000"}});
}

TEST(Transactions, KeepsTheIdsOfMuxedAccounts) {
  v::Transaction transaction = Transaction();
  transaction.sourceAccount = Muxed(ExampleKey(), 0);
  ExpectCells(RowOf(transaction), {{"source_account", std::string(kExampleAccount)},
                                   {"source_account_ed25519", text::EncodeHex(ExampleKey())},
                                   {"source_account_muxed", "0"},
                                   {"account_muxed", std::string(kExampleMuxed)},
                                   {"fee_account_muxed", "null"}});
  const Table bumped(LedgerOf(
      {{.envelope = FeeBump(Transaction(), Muxed(ExampleKey(), 0), 1000), .result = Success()}}));
  ExpectCells(bumped, {{"fee_source", std::string(kExampleAccount)},
                       {"fee_account_muxed", std::string(kExampleMuxed)},
                       {"source_account", std::string(kAccountOf11)},
                       {"source_account_muxed", "null"},
                       {"account_muxed", "null"}});
}

v::TransactionResult InnerResult(const v::Transaction& inner, bool success) {
  v::InnerTransactionResultPair pair{.transactionHash = HashOf(inner)};
  if (success) {
    return {.feeCharged = 400,
            .result = v::TransactionResultResult::txFEE_BUMP_INNER_SUCCESS(std::move(pair))};
  }
  pair.result.result = v::InnerTransactionResultResult::txBAD_SEQ();
  return {.feeCharged = 400,
          .result = v::TransactionResultResult::txFEE_BUMP_INNER_FAILED(std::move(pair))};
}

TEST(Transactions, ReadsAFeeBumpThatSucceededAndOnesThatFailed) {
  const v::Transaction inner = Transaction();
  const auto envelope = FeeBump(inner, Plain(ExampleKey()), int64_t{1} << 40);
  const v::TransactionResult not_paid{
      .feeCharged = 1, .result = v::TransactionResultResult::txINSUFFICIENT_BALANCE()};
  const v::TransactionResult results[] = {InnerResult(inner, true), InnerResult(inner, false),
                                          not_paid};
  const Cells cells[] = {{{"successful", "true"},
                          {"result_code", "1"},
                          {"result_code_string", "tx_fee_bump_inner_success"},
                          {"transaction_result_code", "TransactionResultCodeTxFeeBumpInnerSuccess"},
                          {"inner_result_code", "0"},
                          {"fee_charged", "400"}},
                         {{"successful", "false"},
                          {"result_code", "-13"},
                          {"result_code_string", "tx_fee_bump_inner_failed"},
                          {"transaction_result_code", "TransactionResultCodeTxFeeBumpInnerFailed"},
                          {"inner_result_code", "-5"},
                          {"fee_charged", "400"}},
                         {{"successful", "false"},
                          {"result_code", "-7"},
                          {"result_code_string", "tx_insufficient_balance"},
                          {"transaction_result_code", "TransactionResultCodeTxInsufficientBalance"},
                          {"inner_result_code", "null"},
                          {"fee_charged", "1"}}};
  for (size_t i = 0; i < std::size(results); ++i) {
    const Table table(LedgerOf({{.envelope = envelope, .result = results[i]}}));
    ExpectCells(table, cells[i]);
    // These are the envelope's, whatever became of it.
    ExpectCells(table, {{"transaction_envelope_type", "5"},
                        {"transaction_hash", text::EncodeHex(HashOf(envelope))},
                        {"inner_transaction_hash", text::EncodeHex(HashOf(inner))},
                        {"source_account", std::string(kAccountOf11)},
                        {"fee_source", std::string(kExampleAccount)},
                        {"sequence_number", "77"},
                        {"operation_count", "2"},
                        {"max_fee", "1099511627776"},
                        {"new_max_fee", "1099511627776"},
                        {"inner_max_fee", "250"},
                        {"signature_count", "1"},
                        {"signature_hints", "01bbccdd"},
                        {"fee_bump_signature_count", "2"},
                        {"fee_bump_signature_hints", "02bbccdd 03bbccdd"},
                        {"transaction_result_xdr", Hex(v::Encode(results[i]))}});
  }
}

TEST(Transactions, ReadsEveryKindOfMemo) {
  const auto row_of = [](v::Memo memo) {
    v::Transaction transaction = Transaction();
    transaction.memo = std::move(memo);
    return RowOf(std::move(transaction));
  };
  const std::string hash = text::EncodeHex(Filled(0xff));
  const std::string base64 = "//////////////////////////////////////////8=";
  ExpectCells(row_of(v::Memo::MEMO_NONE()), {{"memo_type", "0"},
                                             {"memo", "null"},
                                             {"memo_text", "null"},
                                             {"memo_text_bytes", "null"},
                                             {"memo_id", "null"},
                                             {"memo_hash", "null"},
                                             {"memo_return_hash", "null"}});
  ExpectCells(row_of(v::Memo::MEMO_TEXT("")),
              {{"memo_type", "1"}, {"memo", ""}, {"memo_text", ""}, {"memo_text_bytes", ""}});
  ExpectCells(row_of(v::Memo::MEMO_ID(UINT64_MAX)), {{"memo_type", "2"},
                                                     {"memo", "18446744073709551615"},
                                                     {"memo_text", "null"},
                                                     {"memo_id", "18446744073709551615"}});
  ExpectCells(row_of(v::Memo::MEMO_HASH(Filled(0xff))), {{"memo_type", "3"},
                                                         {"memo", base64},
                                                         {"memo_id", "null"},
                                                         {"memo_hash", hash},
                                                         {"memo_return_hash", "null"}});
  ExpectCells(
      row_of(v::Memo::MEMO_RETURN(Filled(0xff))),
      {{"memo_type", "4"}, {"memo", base64}, {"memo_hash", "null"}, {"memo_return_hash", hash}});
}

TEST(Transactions, MakesTextOfMemosThatAreNoneAndKeepsTheirBytes) {
  const std::string bytes("a\0\xff\xe2\x82z", 6);
  v::Transaction transaction = Transaction();
  transaction.memo = v::Memo::MEMO_TEXT(bytes);
  const std::string text("a\0\xef\xbf\xbd\xef\xbf\xbdz", 9);
  ExpectCells(RowOf(transaction),
              {{"memo_text", text}, {"memo", text}, {"memo_text_bytes", "6100ffe2827a"}});
}

TEST(Transactions, ReadsEveryKindOfConditions) {
  v::Transaction transaction = Transaction();
  transaction.cond = v::Preconditions::PRECOND_TIME({.minTime = 1, .maxTime = 20});
  ExpectCells(RowOf(transaction), {{"time_bounds_min", "1000000"},
                                   {"time_bounds_max", "20000000"},
                                   {"time_bounds", "[1,20)"},
                                   {"min_account_sequence", "null"},
                                   {"min_account_sequence_age", "null"},
                                   {"min_account_sequence_ledger_gap", "null"},
                                   {"extra_signers_count", "null"},
                                   {"extra_signers", ""}});

  transaction.cond = v::Preconditions::PRECOND_V2({});
  ExpectCells(RowOf(transaction), {{"time_bounds_min", "null"},
                                   {"ledger_bounds_min", "null"},
                                   {"ledger_bounds_max", "null"},
                                   {"min_account_sequence", "null"},
                                   {"min_account_sequence_age", "0"},
                                   {"min_account_sequence_ledger_gap", "0"},
                                   {"extra_signers_count", "0"},
                                   {"extra_signers", ""}});

  transaction.cond = v::Preconditions::PRECOND_V2({
      .timeBounds = v::TimeBounds{.minTime = 0, .maxTime = 20},
      .ledgerBounds = v::LedgerBounds{.minLedger = 5, .maxLedger = 0},
      .minSeqNum = -1,
      .minSeqAge = UINT64_MAX,
      .minSeqLedgerGap = UINT32_MAX,
      .extraSigners = {v::SignerKey::SIGNER_KEY_TYPE_ED25519(ExampleKey()),
                       v::SignerKey::SIGNER_KEY_TYPE_PRE_AUTH_TX(ExampleKey())},
  });
  ExpectCells(RowOf(transaction),
              {{"time_bounds_min", "0"},
               {"time_bounds_max", "20000000"},
               {"ledger_bounds_min", "5"},
               {"ledger_bounds_max", "0"},
               {"ledger_bounds", "[5,0)"},
               {"min_account_sequence", "-1"},
               {"min_account_sequence_age", "18446744073709551615"},
               {"min_account_sequence_ledger_gap", "4294967295"},
               {"extra_signers_count", "2"},
               {"extra_signers", std::string(kExampleAccount) +
                                     " TA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPUI"}});

  Buffer payload;
  for (uint8_t byte = 1; byte <= 29; ++byte) payload.push_back(byte);
  transaction.cond.v2().extraSigners = {v::SignerKey::SIGNER_KEY_TYPE_HASH_X(ExampleKey()),
                                        v::SignerKey::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD(
                                            {.ed25519 = ExampleKey(), .payload = payload})};
  EXPECT_EQ(
      RowOf(transaction).Cell("extra_signers"),
      "XA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVLRR "
      "PA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAOQCAQDAQCQMBYIBEFAWDANBYHRAEISC"
      "MKBKFQXDAMRUGY4DUAAAAFGBU");
}

TEST(Transactions, HasTheConditionsOfAFeeBumpsInnerTransaction) {
  v::Transaction inner = Transaction();
  inner.cond = v::Preconditions::PRECOND_TIME({.minTime = 1, .maxTime = 20});
  inner.memo = v::Memo::MEMO_TEXT("inner");
  const Table table(LedgerOf(
      {{.envelope = FeeBump(inner, Plain(Filled(1)), 1000), .result = InnerResult(inner, true)}}));
  ExpectCells(table, {{"time_bounds", "[1,20)"}, {"memo", "inner"}});
}

// 9223372036854 seconds are the most that microseconds in an int64 can tell.
TEST(Transactions, HasTheLastTimeThereIsForTimesBeyondIt) {
  v::Transaction transaction = Transaction();
  transaction.cond =
      v::Preconditions::PRECOND_TIME({.minTime = 9'223'372'036'854, .maxTime = 9'223'372'036'855});
  ExpectCells(RowOf(transaction), {{"time_bounds_min", "9223372036854000000"},
                                   {"time_bounds_max", "9223372036854775807"},
                                   {"time_bounds", "[9223372036854,9223372036855)"}});
  transaction.cond = v::Preconditions::PRECOND_TIME({.minTime = UINT64_MAX, .maxTime = UINT64_MAX});
  ExpectCells(RowOf(transaction), {{"time_bounds_min", "9223372036854775807"},
                                   {"time_bounds_max", "9223372036854775807"},
                                   {"time_bounds", "[18446744073709551615,18446744073709551615)"}});
}

// ---- Soroban.

v::LedgerEntry Balance(const Key& key, int64_t balance) {
  return {.data = v::LedgerEntryData::ACCOUNT(
              {.accountID = v::PublicKey::PUBLIC_KEY_TYPE_ED25519(key), .balance = balance})};
}

v::LedgerEntryChanges BalanceChanges(const Key& key, int64_t before, int64_t after) {
  return {v::LedgerEntryChange::LEDGER_ENTRY_STATE(Balance(key, before)),
          v::LedgerEntryChange::LEDGER_ENTRY_UPDATED(Balance(key, after))};
}

std::string HexOf(const v::LedgerEntryChanges& changes) {
  Buffer wire;
  v::EncodeLedgerEntryChanges(changes, &wire);
  return Hex(wire);
}

v::LedgerEntryChanges Joined(v::LedgerEntryChanges changes, const v::LedgerEntryChanges& more) {
  changes.insert(changes.end(), more.begin(), more.end());
  return changes;
}

v::LedgerEntry ContractData(v::SCVal key) {
  return {.data = v::LedgerEntryData::CONTRACT_DATA(
              {.contract = v::SCAddress::SC_ADDRESS_TYPE_CONTRACT(ExampleKey()),
               .key = std::move(key),
               .durability = xdr::ContractDataDurability::PERSISTENT,
               .val = v::SCVal::SCV_VOID()})};
}

// Calls the contract of the example key; declares a resource fee of 1000.
v::Transaction SorobanTransaction() {
  v::Transaction transaction = Transaction();
  transaction.fee = 1250;
  transaction.operations = {
      {.body = v::OperationBody::INVOKE_HOST_FUNCTION(
           {.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_INVOKE_CONTRACT(
                {.contractAddress = v::SCAddress::SC_ADDRESS_TYPE_CONTRACT(ExampleKey()),
                 .functionName = "f"})})}};
  v::SorobanTransactionData data{
      .resources = {.instructions = 11, .diskReadBytes = 22, .writeBytes = 33},
      .resourceFee = 1000};
  data.resources.footprint.readOnly = {v::LedgerKey::ACCOUNT({})};
  data.resources.footprint.readWrite = {v::LedgerKey::ACCOUNT({}), v::LedgerKey::ACCOUNT({})};
  data.ext = v::SorobanTransactionDataExt::v1({.archivedSorobanEntries = {0, 7}});
  transaction.ext = v::TransactionExt::v1(std::move(data));
  return transaction;
}

TEST(Transactions, ReadsWhatASorobanTransactionDeclares) {
  ExpectCells(RowOf(SorobanTransaction()), {{"resource_fee", "1000"},
                                            {"inclusion_fee_bid", "250"},
                                            {"soroban_operations_count", "1"},
                                            {"soroban_resources_instructions", "11"},
                                            {"soroban_resources_read_bytes", "22"},
                                            {"soroban_resources_disk_read_bytes", "22"},
                                            {"soroban_resources_write_bytes", "33"},
                                            {"soroban_resources_metadata_size_bytes", "null"},
                                            {"soroban_resources_archived_entries", "0 7"},
                                            {"soroban_host_function_type", "0"},
                                            {"soroban_contract_id", std::string(kExampleContract)},
                                            {"created_contract_count", "0"},
                                            {"new_account", "false"}});
}

TEST(Transactions, NamesNoContractWhereNoneIsInvoked) {
  v::Transaction transaction = SorobanTransaction();
  transaction.operations = {
      {.body = v::OperationBody::INVOKE_HOST_FUNCTION(
           {.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM({1, 2, 3})})}};
  ExpectCells(RowOf(transaction), {{"soroban_host_function_type", "2"},
                                   {"soroban_contract_id", "null"},
                                   {"soroban_operations_count", "1"}});
  transaction.operations = {{.body = v::OperationBody::RESTORE_FOOTPRINT({})}};
  ExpectCells(RowOf(transaction), {{"soroban_host_function_type", "null"},
                                   {"soroban_contract_id", "null"},
                                   {"soroban_operations_count", "1"}});
}

// In each of the places where metas keep it; the payer goes by a muxed address, and others'
// balances change too.
TEST(Transactions, FindsWhatThePayerPaidAndGotBack) {
  v::Transaction transaction = SorobanTransaction();
  transaction.sourceAccount = Muxed(ExampleKey(), 5);
  const auto refund =
      Joined(BalanceChanges(Filled(1), 7, 70), BalanceChanges(ExampleKey(), 8900, 9050));
  // Removes a signer that was used once: not a coin moves.
  const auto no_refund = BalanceChanges(ExampleKey(), 8900, 8900);
  const Applied applied = {.envelope = Envelope(transaction),
                           .result = Success(950),
                           .fee_changes = BalanceChanges(ExampleKey(), 10000, 8900)};
  Applied v3 = applied;
  v3.meta = v::TransactionMeta::v3({.txChangesAfter = Joined(no_refund, refund)});
  Applied v4 = applied;
  v4.meta = v::TransactionMeta::v4({.txChangesAfter = no_refund});
  v4.post_fee_changes = refund;
  Applied early_v4 = applied;
  early_v4.meta = v::TransactionMeta::v4(
      {.txChangesAfter = Joined(refund, BalanceChanges(ExampleKey(), 9050, 9050))});
  const Cells cells = {{"fee_charged", "950"},           {"resource_fee", "1000"},
                       {"inclusion_fee_charged", "100"}, {"resource_fee_refund", "150"},
                       {"soroban_resource_fee", "850"},  {"inclusion_fee_bid", "250"}};
  ExpectCells(Table(LedgerOf({v3}, 22)), cells);
  const Table p23(LedgerOf({v4}, 23));
  ExpectCells(p23, cells);
  ExpectCells(p23, {{"fee_meta_xdr", HexOf(v4.fee_changes)}, {"post_fee_meta_xdr", HexOf(refund)}});
  ExpectCells(Table(LedgerOf({early_v4}, 23, 0)), cells);
}

TEST(Transactions, RefundsNothingWhereThePayerGotNothingBack) {
  const Table table(LedgerOf({{.envelope = Envelope(SorobanTransaction()),
                               .result = Success(1100),
                               .fee_changes = BalanceChanges(Filled(0x11), 10000, 8900),
                               .post_fee_changes = BalanceChanges(Filled(1), 7, 70)}}));
  ExpectCells(table, {{"resource_fee_refund", "0"},
                      {"soroban_resource_fee", "1000"},
                      {"inclusion_fee_charged", "100"}});
  EXPECT_EQ(RowOf(SorobanTransaction()).Cell("inclusion_fee_charged"), "null");
}

// Not that of the inner transaction's source.
TEST(Transactions, RefundsAFeeBumpsPayer) {
  const v::Transaction inner = SorobanTransaction();
  const auto fees =
      Joined(BalanceChanges(Filled(0x11), 5, 4), BalanceChanges(ExampleKey(), 10000, 8800));
  const auto refund =
      Joined(BalanceChanges(ExampleKey(), 8800, 8950), BalanceChanges(Filled(0x11), 5, 500));
  Applied applied = {.envelope = FeeBump(inner, Muxed(ExampleKey(), 5), 3000),
                     .result = InnerResult(inner, true),
                     .fee_changes = fees,
                     .meta = v::TransactionMeta::v3({.txChangesAfter = refund})};
  const Cells cells = {{"inclusion_fee_bid", "2000"},
                       {"inclusion_fee_charged", "200"},
                       {"resource_fee_refund", "150"},
                       {"soroban_resource_fee", "850"}};
  // The result's feeCharged is wrong in protocol 20.
  const Table p20(LedgerOf({applied}, 20));
  ExpectCells(p20, cells);
  EXPECT_EQ(p20.Cell("fee_charged"), "1050");
  const Table p21(LedgerOf({applied}, 21));
  ExpectCells(p21, cells);
  EXPECT_EQ(p21.Cell("fee_charged"), "400");
  // Only there.
  applied.envelope = Envelope(inner);
  applied.result = Success(400);
  EXPECT_EQ(Table(LedgerOf({applied}, 20)).Cell("fee_charged"), "400");
  applied.envelope = FeeBump(Transaction(), Plain(ExampleKey()), 3000);
  EXPECT_EQ(Table(LedgerOf({applied}, 20)).Cell("fee_charged"), "400");
}

TEST(Transactions, HasThePartsOfTheFeeWhereCoreWroteThem) {
  const auto ext = v::SorobanTransactionMetaExt::v1({.totalNonRefundableResourceFeeCharged = 1,
                                                     .totalRefundableResourceFeeCharged = 2,
                                                     .rentFeeCharged = 3});
  const v::TransactionMeta with[] = {
      v::TransactionMeta::v3(
          {.sorobanMeta =
               v::SorobanTransactionMeta{.ext = ext, .returnValue = v::SCVal::SCV_VOID()}}),
      v::TransactionMeta::v4({.sorobanMeta = v::SorobanTransactionMetaV2{.ext = ext}})};
  const v::TransactionMeta without[] = {
      v::TransactionMeta::v3(
          {.sorobanMeta = v::SorobanTransactionMeta{.returnValue = v::SCVal::SCV_VOID()}}),
      v::TransactionMeta::v3({}),
      v::TransactionMeta::v4({.sorobanMeta = v::SorobanTransactionMetaV2{}}),
      v::TransactionMeta::v4({})};
  const auto table_of = [](const v::TransactionMeta& meta) {
    return Table(LedgerOf(
        {{.envelope = Envelope(SorobanTransaction()), .result = Success(), .meta = meta}}));
  };
  for (const auto& meta : with) {
    ExpectCells(table_of(meta), {{"non_refundable_resource_fee_charged", "1"},
                                 {"refundable_resource_fee_charged", "2"},
                                 {"rent_fee_charged", "3"}});
  }
  for (const auto& meta : without) {
    ExpectCells(table_of(meta), {{"non_refundable_resource_fee_charged", "null"},
                                 {"refundable_resource_fee_charged", "null"},
                                 {"rent_fee_charged", "null"}});
  }
}

TEST(Transactions, CountsCreatedContractsAndEventsInEveryMeta) {
  const v::LedgerEntry instance = ContractData(v::SCVal::SCV_LEDGER_KEY_CONTRACT_INSTANCE());
  const v::LedgerEntryChanges changes = {
      v::LedgerEntryChange::LEDGER_ENTRY_CREATED(instance),
      v::LedgerEntryChange::LEDGER_ENTRY_CREATED(ContractData(v::SCVal::SCV_U32(1))),
      v::LedgerEntryChange::LEDGER_ENTRY_CREATED(Balance(Filled(1), 1)),
      v::LedgerEntryChange::LEDGER_ENTRY_RESTORED(instance),
      v::LedgerEntryChange::LEDGER_ENTRY_UPDATED(instance),
      v::LedgerEntryChange::LEDGER_ENTRY_CREATED(instance)};
  const v::ContractEvent event{.type = xdr::ContractEventType::CONTRACT,
                               .body = v::ContractEventBody::v0({.data = v::SCVal::SCV_VOID()})};
  const v::TransactionMeta metas[] = {
      v::TransactionMeta::v3(
          {.operations = {{.changes = changes}},
           .sorobanMeta = v::SorobanTransactionMeta{.events = {event, event, event},
                                                    .returnValue = v::SCVal::SCV_VOID()}}),
      v::TransactionMeta::v4(
          {.operations = {{.changes = changes, .events = {event, event, event}}}})};
  for (const auto& meta : metas) {
    const Table table(LedgerOf(
        {{.envelope = Envelope(SorobanTransaction()), .result = Success(), .meta = meta}}));
    ExpectCells(table, {{"created_contract_count", "2"},
                        {"contract_events_count", "3"},
                        {"transaction_meta_xdr", Hex(v::Encode(meta))}});
  }
}

// ---- Rows.

std::vector<Applied> ThreeApplied() {
  std::vector<Applied> applied;
  for (uint32_t i = 0; i < 3; ++i) {
    v::Transaction transaction = Transaction();
    transaction.seqNum = 100 + i;
    applied.push_back({.envelope = Envelope(std::move(transaction)), .result = Success()});
  }
  applied[1].result.result = v::TransactionResultResult::txBAD_SEQ();
  return applied;
}

TEST(Transactions, HasARowForEachInTheOrderOfApplicationFailedOnesIncluded) {
  const Table table(LedgerOf(ThreeApplied()));
  ASSERT_EQ(table.rows(), 3);
  for (int64_t row = 0; row < 3; ++row) {
    ExpectCells(table,
                {{"transaction_index", std::to_string(row + 1)},
                 {"sequence_number", std::to_string(100 + row)},
                 {"successful", row == 1 ? "false" : "true"},
                 {"result_code_string", row == 1 ? "tx_bad_seq" : "tx_success"}},
                row);
  }
}

TEST(Transactions, GivesEachColumnTheSameCellsAloneAsWithTheOthers) {
  std::vector<Applied> applied = ThreeApplied();
  const v::Transaction inner = SorobanTransaction();
  applied.push_back({.envelope = FeeBump(inner, Muxed(ExampleKey(), 5), 3000),
                     .result = InnerResult(inner, true),
                     .fee_changes = BalanceChanges(ExampleKey(), 10000, 8800),
                     .post_fee_changes = BalanceChanges(ExampleKey(), 8800, 8950)});
  const Buffer wire = LedgerOf(applied, 20);
  const Table all(wire);
  for (const ColumnInfo& column : TransactionsTable().columns()) {
    const std::string name(column.name);
    const Table alone(wire, {name});
    for (int64_t row = 0; row < 4; ++row) {
      EXPECT_EQ(alone.Cell(name, row), all.Cell(name, row)) << name << " of row " << row;
    }
  }
}

TEST(Transactions, AllocatesNothingForRowsInBuffersThatAreLargeEnough) {
  std::vector<Applied> applied = ThreeApplied();
  v::Transaction inner = SorobanTransaction();
  inner.memo = v::Memo::MEMO_TEXT("\xff no text, and long beyond");
  inner.cond = v::Preconditions::PRECOND_V2(
      {.timeBounds = v::TimeBounds{.minTime = 1, .maxTime = 2},
       .ledgerBounds = v::LedgerBounds{.minLedger = 1, .maxLedger = 2},
       .extraSigners = {v::SignerKey::SIGNER_KEY_TYPE_ED25519(ExampleKey())}});
  // A result without an inner one: the hash is computed.
  applied.push_back(
      {.envelope = FeeBump(inner, Muxed(ExampleKey(), 5), 3000),
       .result = {.feeCharged = 1, .result = v::TransactionResultResult::txINSUFFICIENT_BALANCE()},
       .fee_changes = BalanceChanges(ExampleKey(), 10000, 8800),
       .post_fee_changes = BalanceChanges(ExampleKey(), 8800, 8950)});
  const Buffer wire = LedgerOf(applied);
  ledger::Ledger ledger;
  ledger::Sha256 sha;
  ASSERT_TRUE(ledger.Open(wire).ok());
  ASSERT_TRUE(ledger.Pair(TestNetwork(), sha).ok());
  const auto appender =
      TransactionsTable().MakeAppender({}, arrow::default_memory_pool()).ValueOrDie();
  constexpr int kLedgers = 200;
  for (int i = 0; i < kLedgers; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  ASSERT_TRUE(appender->Finish().ok());
  ASSERT_TRUE(appender->Append(ledger).ok());  // reserves what the batch before needed
  const int64_t allocations = support::Allocations();
  const int64_t pool_allocations = arrow::default_memory_pool()->num_allocations();
  for (int i = 1; i < kLedgers; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  EXPECT_EQ(support::Allocations(), allocations);
  EXPECT_EQ(arrow::default_memory_pool()->num_allocations(), pool_allocations);
}

}  // namespace
}  // namespace stellar_arrow::tables

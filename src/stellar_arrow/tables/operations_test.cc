// The cells of operations, on made ledgers: every type of operation, what successful and failed
// transactions tell of it, and the forms that no corpus has. The golden tests hold real ledgers
// against stellar-etl's rows.
#include "stellar_arrow/tables/operations.h"

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/asset_fingerprint.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/xdr/generated/value/Stellar-ledger.h"
#include "stellar_arrow/xdr/generated/value/Stellar-transaction.h"
#include "stellar_arrow/xdr/value.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow::tables {
namespace {

namespace v = xdr::value;
using Cells = std::map<std::string, std::string>;
using testing::HasSubstr;
using v::OperationBody;
using v::OperationResult;
using v::OperationResultTr;
using xdr::OperationType;

using Bytes32 = std::array<uint8_t, 32>;

Bytes32 Filled(uint8_t fill) {
  Bytes32 bytes;
  bytes.fill(fill);
  return bytes;
}

v::AccountID Account(uint8_t fill) { return v::PublicKey::PUBLIC_KEY_TYPE_ED25519(Filled(fill)); }
v::MuxedAccount Muxed(uint8_t fill) { return v::MuxedAccount::KEY_TYPE_ED25519(Filled(fill)); }
v::MuxedAccount Muxed(uint8_t fill, uint64_t id) {
  return v::MuxedAccount::KEY_TYPE_MUXED_ED25519({id, Filled(fill)});
}
v::ClaimableBalanceID Balance(uint8_t fill) {
  return v::ClaimableBalanceID::CLAIMABLE_BALANCE_ID_TYPE_V0(Filled(fill));
}

// Texts of the same.
std::string G(uint8_t fill) { return std::string(text::EncodeAccount(Filled(fill)).view()); }
std::string M(uint8_t fill, uint64_t id) {
  return std::string(text::EncodeMuxedAccount(Filled(fill), id).view());
}
std::string C(uint8_t fill) { return std::string(text::EncodeContract(Filled(fill)).view()); }
std::string L(xdr::Bytes hash) {
  return std::string(text::EncodeLiquidityPool(text::Key(hash.data(), 32)).view());
}
std::string B(uint8_t fill) {
  return std::string(text::EncodeClaimableBalance(Filled(fill)).view());
}
std::string Hex(uint8_t fill) { return text::EncodeHex(Filled(fill)); }

constexpr uint8_t kSource = 0x11;     // of the transaction
constexpr uint8_t kOwnSource = 0x12;  // of the operation
constexpr uint8_t kDestination = 0x22;
constexpr uint8_t kIssuer = 0x33;
constexpr uint8_t kTrustor = 0x44;
constexpr uint8_t kSponsor = 0x55;
constexpr uint8_t kPool = 0x66;
constexpr uint8_t kBalance = 0x77;
constexpr uint8_t kContract = 0x88;
constexpr uint64_t kMuxedId = UINT64_MAX;

v::Asset Native() { return v::Asset::ASSET_TYPE_NATIVE(); }
v::Asset Usd() {
  return v::Asset::ASSET_TYPE_CREDIT_ALPHANUM4({{'U', 'S', 'D', 0}, Account(kIssuer)});
}
v::Asset Eurmtl() {
  return v::Asset::ASSET_TYPE_CREDIT_ALPHANUM12({{'E', 'U', 'R', 'M', 'T', 'L'}, Account(kIssuer)});
}
constexpr std::string_view kNativeId = "-5706705804583548011";
// stellar-etl's numbers of USD and EURMTL, by FarmHash.
std::string IdOf(const v::Asset& asset) {
  const auto wire = v::Encode(asset);
  return std::to_string(
      ledger::AssetFingerprint(ledger::PartsOf(*xdr::Asset::Check(wire)), G(kIssuer)));
}

v::LiquidityPoolConstantProductParameters PoolParameters() { return {Native(), Usd(), 30}; }

v::LedgerEntry PoolEntry(int64_t a, int64_t b, int64_t shares, uint8_t pool = kPool) {
  v::LedgerEntry entry;
  entry.data = v::LedgerEntryData::LIQUIDITY_POOL(
      {Filled(pool), v::LiquidityPoolEntryBody::LIQUIDITY_POOL_CONSTANT_PRODUCT(
                         {PoolParameters(), a, b, shares, 1})});
  return entry;
}

v::LedgerEntry Sponsored(v::LedgerEntryData data, uint8_t sponsor) {
  v::LedgerEntry entry;
  entry.data = std::move(data);
  entry.ext = v::LedgerEntryExt::v1({Account(sponsor), {}});
  return entry;
}

v::LedgerEntryChange Created(v::LedgerEntry entry) {
  return v::LedgerEntryChange::LEDGER_ENTRY_CREATED(std::move(entry));
}
v::LedgerEntryChange Updated(v::LedgerEntry entry) {
  return v::LedgerEntryChange::LEDGER_ENTRY_UPDATED(std::move(entry));
}
v::LedgerEntryChange State(v::LedgerEntry entry) {
  return v::LedgerEntryChange::LEDGER_ENTRY_STATE(std::move(entry));
}

// One transaction. Without results it is txSUCCESS or txFAILED with each operation's default
// (successful) result.
struct Made {
  std::vector<v::Operation> operations;
  std::optional<std::vector<OperationResult>> results;
  std::optional<v::TransactionResultResult> result;
  bool failed = false;
  std::vector<v::OperationMetaV2> metas;  // none: empty ones
  std::optional<v::SorobanTransactionData> soroban;
};

Made One(OperationBody body) {
  Made made;
  made.operations.push_back({std::nullopt, std::move(body)});
  return made;
}

Made One(OperationBody body, OperationResultTr result) {
  Made made = One(std::move(body));
  made.results = {OperationResult::opINNER(std::move(result))};
  return made;
}

Made WithChanges(Made made, v::LedgerEntryChanges changes) {
  made.metas.emplace_back();
  made.metas.back().changes = std::move(changes);
  return made;
}

Made Failed(Made made) {
  made.failed = true;
  return made;
}

const ledger::Network& TestNetwork() {
  static const ledger::Network network = ledger::Network::FromPassphrase("a test network");
  return network;
}

std::vector<uint8_t> LedgerWire(const Made& made) {
  v::Transaction transaction;
  transaction.sourceAccount = Muxed(kSource);
  transaction.fee = 100;
  transaction.operations = made.operations;
  if (made.soroban) transaction.ext = v::TransactionExt::v1(*made.soroban);

  std::vector<uint8_t> signed_bytes(TestNetwork().id.begin(), TestNetwork().id.end());
  signed_bytes.insert(signed_bytes.end(), {0, 0, 0, 2});
  v::Encode(transaction, &signed_bytes);

  v::TransactionResultMetaV1 applied;
  applied.result.transactionHash = ledger::Sha256Of(signed_bytes);
  if (made.result) {
    applied.result.result.result = *made.result;
  } else {
    std::vector<OperationResult> results;
    if (made.results) {
      results = *made.results;
    } else {
      for (const v::Operation& operation : made.operations) {
        results.push_back(OperationResult::opINNER(OperationResultTr::Of(operation.body.type())));
      }
    }
    applied.result.result.result = made.failed ? v::TransactionResultResult::txFAILED(results)
                                               : v::TransactionResultResult::txSUCCESS(results);
  }
  v::TransactionMetaV4 meta;
  if (!made.failed && !made.result) {
    meta.operations = made.metas;
    meta.operations.resize(made.operations.size());
  }
  applied.txApplyProcessing = v::TransactionMeta::v4(meta);

  v::LedgerCloseMetaV2 close;
  close.ledgerHeader.header.ledgerVersion = 23;
  close.ledgerHeader.header.ledgerSeq = 7;
  close.ledgerHeader.header.scpValue.closeTime = 1000;
  v::TxSetComponentTxsMaybeDiscountedFee component;
  component.txs.push_back(v::TransactionEnvelope::ENVELOPE_TYPE_TX({transaction, {}}));
  v::TransactionSetV1 set;
  set.phases.push_back(
      v::TransactionPhase::v0({v::TxSetComponent::TXSET_COMP_TXS_MAYBE_DISCOUNTED_FEE(component)}));
  close.txSet = v::GeneralizedTransactionSet::v1(set);
  close.txProcessing.push_back(applied);
  return v::Encode(v::LedgerCloseMeta::v2(close));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> TryRows(
    const std::vector<uint8_t>& wire, const std::vector<std::string>& columns = {}) {
  ledger::Ledger ledger;
  ARROW_RETURN_NOT_OK(ledger.Open(wire));
  ledger::Sha256 sha;
  ARROW_RETURN_NOT_OK(ledger.Pair(TestNetwork(), sha));
  ARROW_ASSIGN_OR_RAISE(auto appender,
                        OperationsTable().MakeAppender({columns}, arrow::default_memory_pool()));
  ARROW_RETURN_NOT_OK(appender->Append(ledger));
  ARROW_ASSIGN_OR_RAISE(auto batch, appender->Finish());
  ARROW_RETURN_NOT_OK(batch->ValidateFull());
  return batch;
}

std::shared_ptr<arrow::RecordBatch> Rows(const Made& made) {
  auto batch = TryRows(LedgerWire(made));
  EXPECT_TRUE(batch.ok()) << batch.status();
  return batch.ValueOrDie();
}

std::string Cell(const arrow::RecordBatch& batch, const std::string& column, int64_t row = 0) {
  const auto array = batch.GetColumnByName(column);
  EXPECT_NE(array, nullptr) << column;
  if (array->IsNull(row)) return "null";
  switch (array->type_id()) {
    case arrow::Type::STRING:
      return static_cast<const arrow::StringArray&>(*array).GetString(row);
    case arrow::Type::BINARY:
    case arrow::Type::FIXED_SIZE_BINARY: {
      const auto scalar = array->GetScalar(row).ValueOrDie();
      const auto& bytes = *static_cast<const arrow::BaseBinaryScalar&>(*scalar).value;
      return text::EncodeHex({bytes.data(), static_cast<size_t>(bytes.size())});
    }
    default:
      return array->GetScalar(row).ValueOrDie()->ToString();
  }
}

// What the operation's type fills: all cells but those that every operation has.
Cells FilledCells(const arrow::RecordBatch& batch, int64_t row = 0) {
  static const std::vector<std::string> of_all = {
      "transaction_id", "meta_version",         "operation_result_code", "operation_trace_code",
      "operation_xdr",  "operation_result_xdr", "operation_meta_xdr",    "details"};
  Cells cells;
  for (int i = 16; i < batch.num_columns(); ++i) {
    const std::string& name = batch.column_name(i);
    if (batch.column(i)->IsNull(row) || std::ranges::count(of_all, name) != 0) continue;
    cells[name] = Cell(batch, name, row);
  }
  return cells;
}

std::string Details(const arrow::RecordBatch& batch, int64_t row = 0) {
  return Cell(batch, "details", row);
}

// {"key":"value",...} with the texts given, in their order.
std::string Json(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out = "{";
  for (const auto& [key, value] : members) {
    out += (out.size() == 1 ? "\"" : ",\"") + key + "\":" + value;
  }
  return out + "}";
}

std::string Quoted(const std::string& text) { return '"' + text + '"'; }

TEST(Operations, HaveTheCellsOfTheirTransaction) {
  Made made = One(OperationBody::INFLATION(),
                  OperationResultTr::INFLATION(v::InflationResult::INFLATION_SUCCESS({})));
  made.operations.push_back({Muxed(kOwnSource, kMuxedId), OperationBody::INFLATION()});
  made.results->push_back(OperationResult::opINNER(
      OperationResultTr::INFLATION(v::InflationResult::INFLATION_NOT_TIME())));
  made.failed = true;
  const auto rows = Rows(made);
  ASSERT_EQ(rows->num_rows(), 2);
  const Cells first = {
      {"ledger_sequence", "7"},
      {"transaction_index", "1"},
      {"operation_index", "0"},
      {"operation_id", std::to_string((int64_t{7} << 32) + 4096 + 1)},
      {"transaction_id", std::to_string((int64_t{7} << 32) + 4096)},
      {"ledger_close_time", "1970-01-01 00:16:40.000000Z"},
      {"operation_type", "9"},
      {"operation_type_string", "inflation"},
      {"source_account", G(kSource)},
      {"source_account_ed25519", Hex(kSource)},
      {"source_account_muxed", "null"},
      {"transaction_successful", "false"},
      {"transaction_source_account", G(kSource)},
      {"successful", "true"},  // and was rolled back
      {"result_code", "0"},
      {"result_code_string", "inflation_success"},
      {"operation_result_code", "OperationResultCodeOpInner"},
      {"operation_trace_code", "InflationResultCodeInflationSuccess"},
      {"operation_xdr", "0000000000000009"},
      {"operation_result_xdr", "00000000000000090000000000000000"},
      {"operation_meta_xdr", ""},
      {"meta_version", "4"},
      {"details", "{}"},
  };
  for (const auto& [column, value] : first) EXPECT_EQ(Cell(*rows, column, 0), value) << column;
  const Cells second = {
      {"operation_index", "1"},
      {"operation_id", std::to_string((int64_t{7} << 32) + 4096 + 2)},
      {"source_account", G(kOwnSource)},
      {"source_account_ed25519", Hex(kOwnSource)},
      {"source_account_muxed", "18446744073709551615"},
      {"transaction_source_account", G(kSource)},
      {"successful", "false"},
      {"result_code", "-1"},
      {"result_code_string", "inflation_not_time"},
  };
  for (const auto& [column, value] : second) EXPECT_EQ(Cell(*rows, column, 1), value) << column;
  EXPECT_EQ(FilledCells(*rows, 0), Cells());
  EXPECT_EQ(FilledCells(*rows, 1), Cells());
}

TEST(Operations, CarryTheirMetaAsItIs) {
  const auto rows =
      Rows(WithChanges(One(OperationBody::INFLATION()), {Created(PoolEntry(1, 2, 3))}));
  v::OperationMetaV2 meta;
  meta.changes = {Created(PoolEntry(1, 2, 3))};
  EXPECT_EQ(Cell(*rows, "operation_meta_xdr"), text::EncodeHex(v::Encode(meta)));
}

TEST(Operations, TellWhyAnOperationWasRefusedBeforeItsOwnRulesWereAsked) {
  Made made = One(OperationBody::INFLATION());
  made.results = {OperationResult::opNO_ACCOUNT()};
  made.failed = true;
  const auto rows = Rows(made);
  EXPECT_EQ(Cell(*rows, "successful"), "false");
  EXPECT_EQ(Cell(*rows, "result_code"), "-2");
  EXPECT_EQ(Cell(*rows, "result_code_string"), "op_no_account");
  EXPECT_EQ(Cell(*rows, "operation_result_code"), "OperationResultCodeOpNoAccount");
  EXPECT_EQ(Cell(*rows, "operation_trace_code"), "null");
  EXPECT_EQ(Cell(*rows, "operation_result_xdr"), "fffffffe");
}

TEST(Operations, TellWhyNoneOfTheirTransactionWasTried) {
  Made made = One(OperationBody::INFLATION());
  made.result = v::TransactionResultResult::txBAD_SEQ();
  const auto rows = Rows(made);
  EXPECT_EQ(Cell(*rows, "transaction_successful"), "false");
  EXPECT_EQ(Cell(*rows, "successful"), "false");
  EXPECT_EQ(Cell(*rows, "result_code"), "-5");
  EXPECT_EQ(Cell(*rows, "result_code_string"), "tx_bad_seq");
  EXPECT_EQ(Cell(*rows, "operation_result_code"), "null");
  EXPECT_EQ(Cell(*rows, "operation_result_xdr"), "");
}

TEST(Operations, NameResultCodesOfEveryTypeAsItsKindAndAsGoDoes) {
  for (int32_t i = 0; i <= static_cast<int32_t>(OperationType::RESTORE_FOOTPRINT); ++i) {
    const auto rows = Rows(One(OperationBody::Of(static_cast<OperationType>(i))));
    EXPECT_EQ(Cell(*rows, "successful"), "true") << i;
    EXPECT_THAT(Cell(*rows, "result_code_string"), testing::EndsWith("_success")) << i;
    EXPECT_THAT(Cell(*rows, "operation_trace_code"), testing::EndsWith("Success")) << i;
    EXPECT_THAT(Cell(*rows, "operation_trace_code"), HasSubstr("ResultCode")) << i;
    EXPECT_THAT(Details(*rows), testing::StartsWith("{")) << i;
  }
  const auto ttl = Rows(One(OperationBody::Of(OperationType::EXTEND_FOOTPRINT_TTL)));
  EXPECT_EQ(Cell(*ttl, "operation_trace_code"),
            "ExtendFootprintTtlResultCodeExtendFootprintTtlSuccess");
  EXPECT_EQ(Cell(*ttl, "result_code_string"), "extend_footprint_ttl_success");
}

TEST(Operations, OfTypeCreateAccount) {
  const auto rows = Rows(One(OperationBody::CREATE_ACCOUNT({Account(kDestination), 10000001})));
  EXPECT_EQ(FilledCells(*rows),
            (Cells{{"destination_account", G(kDestination)}, {"starting_balance", "10000001"}}));
  EXPECT_EQ(Details(*rows), Json({{"account", Quoted(G(kDestination))},
                                  {"funder", Quoted(G(kSource))},
                                  {"starting_balance", "1.0000001"}}));
}

TEST(Operations, OfTypePayment) {
  Made made = One(OperationBody::PAYMENT({Muxed(kDestination, 5), Usd(), INT64_MAX}));
  made.operations[0].sourceAccount = Muxed(kOwnSource, kMuxedId);
  const auto rows = Rows(made);
  EXPECT_EQ(FilledCells(*rows), (Cells{{"destination_account", G(kDestination)},
                                       {"destination_account_muxed", "5"},
                                       {"amount", "9223372036854775807"},
                                       {"asset_type", "1"},
                                       {"asset_code", "USD"},
                                       {"asset_issuer", G(kIssuer)}}));
  EXPECT_EQ(Details(*rows), Json({{"amount", "922337203685.4775807"},
                                  {"asset_code", "\"USD\""},
                                  {"asset_id", IdOf(Usd())},
                                  {"asset_issuer", Quoted(G(kIssuer))},
                                  {"asset_type", "\"credit_alphanum4\""},
                                  {"from", Quoted(G(kOwnSource))},
                                  {"from_muxed", Quoted(M(kOwnSource, kMuxedId))},
                                  {"from_muxed_id", "18446744073709551615"},
                                  {"to", Quoted(G(kDestination))},
                                  {"to_muxed", Quoted(M(kDestination, 5))},
                                  {"to_muxed_id", "5"}}));
}

v::ClaimAtom Claimed(v::Asset sold, int64_t amount_sold, v::Asset bought, int64_t amount_bought) {
  return v::ClaimAtom::CLAIM_ATOM_TYPE_ORDER_BOOK(
      {Account(9), 1, std::move(sold), amount_sold, std::move(bought), amount_bought});
}

TEST(Operations, OfTypePathPaymentStrictReceiveTellWhatWasSent) {
  const auto body = OperationBody::PATH_PAYMENT_STRICT_RECEIVE(
      {Native(), 90, Muxed(kDestination), Usd(), 40, {Eurmtl(), Native()}});
  const auto with = [&](std::vector<v::ClaimAtom> atoms) {
    return One(body, OperationResultTr::PATH_PAYMENT_STRICT_RECEIVE(
                         v::PathPaymentStrictReceiveResult::PATH_PAYMENT_STRICT_RECEIVE_SUCCESS(
                             {std::move(atoms), {Account(kDestination), Usd(), 40}})));
  };
  // Two offers and a pool take the first hop, one offer the next; what a hop brings is the asset
  // that the next one takes.
  const v::ClaimAtom pool =
      v::ClaimAtom::CLAIM_ATOM_TYPE_LIQUIDITY_POOL({Filled(kPool), Eurmtl(), 3, Native(), 4});
  const v::ClaimAtom old =
      v::ClaimAtom::CLAIM_ATOM_TYPE_V0({Filled(9), 1, Eurmtl(), 5, Native(), 6});
  Made made = with({Claimed(Eurmtl(), 1, Native(), 2), pool, old, Claimed(Usd(), 40, Eurmtl(), 9)});
  const Cells failed = {{"destination_account", G(kDestination)},
                        {"amount", "40"},
                        {"asset_type", "1"},
                        {"asset_code", "USD"},
                        {"asset_issuer", G(kIssuer)},
                        {"send_asset_type", "0"},
                        {"send_max", "90"},
                        {"path_length", "2"}};
  Cells cells = failed;
  cells["send_amount"] = "12";  // 2 + 4 + 6
  EXPECT_EQ(FilledCells(*Rows(made)), cells);
  EXPECT_EQ(FilledCells(*Rows(Failed(made))), failed);
  EXPECT_EQ(Cell(*Rows(with({})), "send_amount"), "40");

  const std::string path = R"([{"asset_code":"EURMTL","asset_issuer":")" + G(kIssuer) +
                           R"(","asset_type":"credit_alphanum12"},)"
                           R"({"asset_code":"","asset_issuer":"","asset_type":"native"}])";
  const auto details = [&](const std::string& sent) {
    return Json({{"amount", "0.000004"},
                 {"asset_code", "\"USD\""},
                 {"asset_id", IdOf(Usd())},
                 {"asset_issuer", Quoted(G(kIssuer))},
                 {"asset_type", "\"credit_alphanum4\""},
                 {"from", Quoted(G(kSource))},
                 {"path", path},
                 {"source_amount", sent},
                 {"source_asset_id", std::string(kNativeId)},
                 {"source_asset_type", "\"native\""},
                 {"source_max", "0.000009"},
                 {"to", Quoted(G(kDestination))}});
  };
  EXPECT_EQ(Details(*Rows(made)), details("0.0000012"));
  EXPECT_EQ(Details(*Rows(Failed(made))), details("\"0.0000000\""));
}

TEST(Operations, OfTypePathPaymentStrictSendTellWhatArrived) {
  const Made made =
      One(OperationBody::PATH_PAYMENT_STRICT_SEND(
              {Eurmtl(), 70, Muxed(kDestination), Native(), 10000000, {}}),
          OperationResultTr::PATH_PAYMENT_STRICT_SEND(
              v::PathPaymentStrictSendResult::PATH_PAYMENT_STRICT_SEND_SUCCESS(
                  {{Claimed(Native(), 30, Eurmtl(), 70)}, {Account(kDestination), Native(), 30}})));
  const Cells failed = {{"destination_account", G(kDestination)},
                        {"asset_type", "0"},
                        {"send_asset_type", "2"},
                        {"send_asset_code", "EURMTL"},
                        {"send_asset_issuer", G(kIssuer)},
                        {"send_amount", "70"},
                        {"dest_min", "10000000"},
                        {"path_length", "0"}};
  Cells cells = failed;
  cells["amount"] = "30";
  EXPECT_EQ(FilledCells(*Rows(made)), cells);
  EXPECT_EQ(FilledCells(*Rows(Failed(made))), failed);
  EXPECT_THAT(Details(*Rows(made)), HasSubstr(R"("amount":0.000003,)"));
  EXPECT_THAT(Details(*Rows(made)), HasSubstr(R"("destination_min":"1.0000000")"));
  EXPECT_THAT(Details(*Rows(made)), HasSubstr(R"("path":null)"));
  EXPECT_THAT(Details(*Rows(Failed(made))), HasSubstr(R"("amount":"0.0000000")"));
}

v::ManageOfferSuccessResult OfferMade(bool created) {
  v::OfferEntry entry;
  entry.offerID = 4711;
  return {{},
          created ? v::ManageOfferSuccessResultOffer::MANAGE_OFFER_CREATED(entry)
                  : v::ManageOfferSuccessResultOffer::MANAGE_OFFER_DELETED()};
}

TEST(Operations, OfOffersTellWhatBecameOfThem) {
  const Cells offer = {{"amount", "50"},
                       {"selling_asset_type", "0"},
                       {"buying_asset_type", "1"},
                       {"buying_asset_code", "USD"},
                       {"buying_asset_issuer", G(kIssuer)},
                       {"price_n", "2"},
                       {"price_d", "3"}};
  Cells managed = offer;
  managed["offer_id"] = "8";
  const auto sell = OperationBody::MANAGE_SELL_OFFER({Native(), Usd(), 50, {2, 3}, 8});
  const auto buy = OperationBody::MANAGE_BUY_OFFER({Native(), Usd(), 50, {2, 3}, 8});
  const auto passive = OperationBody::CREATE_PASSIVE_SELL_OFFER({Native(), Usd(), 50, {2, 3}});
  const auto sell_result = [](bool created) {
    return v::ManageSellOfferResult::MANAGE_SELL_OFFER_SUCCESS(OfferMade(created));
  };
  for (const bool created : {true, false}) {
    Cells cells = managed;
    cells["result_offer_effect"] = created ? "0" : "2";
    if (created) cells["result_offer_id"] = "4711";
    const Made made = One(sell, OperationResultTr::MANAGE_SELL_OFFER(sell_result(created)));
    EXPECT_EQ(FilledCells(*Rows(made)), cells);
    EXPECT_EQ(FilledCells(*Rows(Failed(made))), managed);
    EXPECT_EQ(
        FilledCells(*Rows(
            One(buy, OperationResultTr::MANAGE_BUY_OFFER(
                         v::ManageBuyOfferResult::MANAGE_BUY_OFFER_SUCCESS(OfferMade(created)))))),
        cells);
    cells.erase("offer_id");
    // Core tells passive offers' results in the other's arm; an own one is as good.
    EXPECT_EQ(FilledCells(
                  *Rows(One(passive, OperationResultTr::MANAGE_SELL_OFFER(sell_result(created))))),
              cells);
    EXPECT_EQ(FilledCells(*Rows(One(
                  passive, OperationResultTr::CREATE_PASSIVE_SELL_OFFER(sell_result(created))))),
              cells);
  }
  EXPECT_EQ(Details(*Rows(One(sell))), Json({{"amount", "0.000005"},
                                             {"buying_asset_code", "\"USD\""},
                                             {"buying_asset_id", IdOf(Usd())},
                                             {"buying_asset_issuer", Quoted(G(kIssuer))},
                                             {"buying_asset_type", "\"credit_alphanum4\""},
                                             {"offer_id", "8"},
                                             {"price", "0.6666667"},
                                             {"price_r", R"({"d":3,"n":2})"},
                                             {"selling_asset_id", std::string(kNativeId)},
                                             {"selling_asset_type", "\"native\""}}));
  EXPECT_THAT(Details(*Rows(One(passive))), testing::Not(HasSubstr("offer_id")));
}

TEST(Operations, RoundPricesHalfAwayFromZeroAndKeepThoseThatAreNone) {
  const std::pair<v::Price, std::string> prices[] = {
      {{1, 2}, "0.5"},
      {{2, 1}, "2"},
      {{1, 20000000}, "0.0000001"},  // half a stroop
      {{1, 20000001}, "0"},
      {{INT32_MAX, 1}, "2147483647"},
      {{-1, 3}, "-0.3333333"},
      {{1, 0}, "null"},
      {{0, 7}, "0"},
      {{INT32_MIN, INT32_MIN}, "1"},
  };
  for (const auto& [price, text] : prices) {
    const auto rows =
        Rows(Failed(One(OperationBody::MANAGE_SELL_OFFER({Native(), Usd(), 1, price, 0}))));
    EXPECT_THAT(Details(*rows), HasSubstr("\"price\":" + text + ",")) << price.n << "/" << price.d;
    EXPECT_EQ(Cell(*rows, "price_n"), std::to_string(price.n));
    EXPECT_EQ(Cell(*rows, "price_d"), std::to_string(price.d));
  }
}

TEST(Operations, OfTypeSetOptionsFillWhatTheySetAndNothingElse) {
  EXPECT_EQ(FilledCells(*Rows(One(OperationBody::SET_OPTIONS({})))), Cells());
  EXPECT_EQ(Details(*Rows(One(OperationBody::SET_OPTIONS({})))), "{}");
  v::SetOptionsOp all;
  all.inflationDest = Account(kDestination);
  all.clearFlags = 10;
  all.setFlags = 5;
  all.masterWeight = 0;
  all.lowThreshold = 1;
  all.medThreshold = 2;
  all.highThreshold = 255;
  all.homeDomain = std::string("a\"\xff\x00z", 5);
  all.signer = {v::SignerKey::SIGNER_KEY_TYPE_ED25519(Filled(0x99)), 3};
  const auto rows = Rows(One(OperationBody::SET_OPTIONS(all)));
  EXPECT_EQ(FilledCells(*rows), (Cells{{"inflation_dest", G(kDestination)},
                                       {"clear_flags", "10"},
                                       {"set_flags", "5"},
                                       {"master_weight", "0"},
                                       {"threshold_low", "1"},
                                       {"threshold_medium", "2"},
                                       {"threshold_high", "255"},
                                       {"home_domain", std::string("a\"\xEF\xBF\xBD\0z", 7)},
                                       {"home_domain_bytes", "6122ff007a"},
                                       {"signer_key", G(0x99)},
                                       {"signer_weight", "3"}}));
  EXPECT_EQ(Details(*rows),
            Json({{"clear_flags", "[2,8]"},
                  {"clear_flags_s", R"(["auth_revocable","auth_clawback_enabled"])"},
                  {"high_threshold", "255"},
                  {"home_domain", "\"a\\\"\xEF\xBF\xBD\\u0000z\""},
                  {"inflation_dest", Quoted(G(kDestination))},
                  {"low_threshold", "1"},
                  {"master_key_weight", "0"},
                  {"med_threshold", "2"},
                  {"set_flags", "[1,4]"},
                  {"set_flags_s", R"(["auth_required","auth_immutable"])"},
                  {"signer_key", Quoted(G(0x99))},
                  {"signer_weight", "3"}}));
}

TEST(Operations, ShowSignersOfEveryKindAsStrkeys) {
  const std::pair<v::SignerKey, char> keys[] = {
      {v::SignerKey::SIGNER_KEY_TYPE_ED25519(Filled(1)), 'G'},
      {v::SignerKey::SIGNER_KEY_TYPE_PRE_AUTH_TX(Filled(1)), 'T'},
      {v::SignerKey::SIGNER_KEY_TYPE_HASH_X(Filled(1)), 'X'},
      {v::SignerKey::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD({Filled(1), {1, 2, 3}}), 'P'},
  };
  for (const auto& [key, letter] : keys) {
    v::SetOptionsOp op;
    op.signer = {key, 1};
    const std::string text = Cell(*Rows(One(OperationBody::SET_OPTIONS(op))), "signer_key");
    EXPECT_EQ(text.front(), letter);
    EXPECT_TRUE(text::DecodeStrkey(text)) << text;
  }
}

TEST(Operations, OfTypeChangeTrust) {
  const auto credit = Rows(One(OperationBody::CHANGE_TRUST(
      {v::ChangeTrustAsset::ASSET_TYPE_CREDIT_ALPHANUM4(Usd().alphaNum4()), 0})));
  EXPECT_EQ(FilledCells(*credit), (Cells{{"trustor", G(kSource)},
                                         {"trustee", G(kIssuer)},
                                         {"trust_limit", "0"},
                                         {"asset_type", "1"},
                                         {"asset_code", "USD"},
                                         {"asset_issuer", G(kIssuer)}}));
  EXPECT_THAT(Details(*credit), HasSubstr("\"limit\":0,"));
  EXPECT_THAT(Details(*credit), HasSubstr("\"trustee\":\"" + G(kIssuer)));

  const auto parameters =
      v::LiquidityPoolParameters::LIQUIDITY_POOL_CONSTANT_PRODUCT(PoolParameters());
  const auto id = ledger::Sha256Of(v::Encode(parameters));
  const auto pool = Rows(One(
      OperationBody::CHANGE_TRUST({v::ChangeTrustAsset::ASSET_TYPE_POOL_SHARE(parameters), 15})));
  EXPECT_EQ(FilledCells(*pool), (Cells{{"trustor", G(kSource)},
                                       {"trust_limit", "15"},
                                       {"asset_type", "3"},
                                       {"liquidity_pool_id", text::EncodeHex(id)}}));
  EXPECT_EQ(Details(*pool), Json({{"asset_type", "\"liquidity_pool_shares\""},
                                  {"limit", "0.0000015"},
                                  {"liquidity_pool_id", Quoted(text::EncodeHex(id))},
                                  {"liquidity_pool_id_strkey", Quoted(L(id))},
                                  {"trustor", Quoted(G(kSource))}}));
}

TEST(Operations, OfTypeAllowTrust) {
  const auto op = [](uint32_t authorize) {
    return One(OperationBody::ALLOW_TRUST(
        {Account(kTrustor), v::AssetCode::ASSET_TYPE_CREDIT_ALPHANUM4({'U', 'S', 'D', 0}),
         authorize}));
  };
  const Cells cells = {{"trustor", G(kTrustor)},
                       {"trustee", G(kSource)},
                       {"asset_type", "1"},
                       {"asset_code", "USD"},
                       {"asset_issuer", G(kSource)},
                       {"authorize", "2"},
                       {"authorize_to_maintain_liabilities", "true"}};
  EXPECT_EQ(FilledCells(*Rows(op(2))), cells);
  EXPECT_EQ(Cell(*Rows(op(1)), "authorize_to_maintain_liabilities"), "false");
  EXPECT_THAT(Details(*Rows(op(1))), HasSubstr(R"("authorize":true,"trustee")"));
  EXPECT_THAT(Details(*Rows(op(6))),
              HasSubstr(R"("authorize":false,"authorize_to_maintain_liabilities":true,)"
                        R"("clawback_enabled":true,"trustee")"));
}

TEST(Operations, OfTypeAccountMergeTellWhatWasMerged) {
  const Made made =
      One(OperationBody::ACCOUNT_MERGE(Muxed(kDestination, 5)),
          OperationResultTr::ACCOUNT_MERGE(v::AccountMergeResult::ACCOUNT_MERGE_SUCCESS(123)));
  const Cells failed = {{"destination_account", G(kDestination)},
                        {"destination_account_muxed", "5"}};
  Cells cells = failed;
  cells["amount"] = "123";
  EXPECT_EQ(FilledCells(*Rows(made)), cells);
  EXPECT_EQ(FilledCells(*Rows(Failed(made))), failed);
  EXPECT_EQ(Details(*Rows(made)), Json({{"account", Quoted(G(kSource))},
                                        {"into", Quoted(G(kDestination))},
                                        {"into_muxed", Quoted(M(kDestination, 5))},
                                        {"into_muxed_id", "5"}}));
}

TEST(Operations, OfTypeManageDataTellRemovalFromAnEmptyValue) {
  const std::string name("n\xffm", 3);
  const Cells removal = {{"data_name", "n\xEF\xBF\xBDm"}, {"data_name_bytes", "6eff6d"}};
  const auto removed = Rows(One(OperationBody::MANAGE_DATA({name, std::nullopt})));
  EXPECT_EQ(FilledCells(*removed), removal);
  EXPECT_EQ(Details(*removed), "{\"name\":\"n\xEF\xBF\xBDm\",\"value\":null}");
  Cells empty = removal;
  empty["data_value"] = "";
  const auto emptied = Rows(One(OperationBody::MANAGE_DATA({name, std::vector<uint8_t>()})));
  EXPECT_EQ(FilledCells(*emptied), empty);
  EXPECT_THAT(Details(*emptied), HasSubstr(R"("value":"")"));
  Cells set = removal;
  set["data_value"] = "00ff10";
  const auto rows = Rows(One(OperationBody::MANAGE_DATA({name, std::vector<uint8_t>{0, 255, 16}})));
  EXPECT_EQ(FilledCells(*rows), set);
  EXPECT_THAT(Details(*rows), HasSubstr(R"("value":"AP8Q")"));
}

TEST(Operations, OfTypeBumpSequence) {
  const auto rows = Rows(One(OperationBody::BUMP_SEQUENCE({INT64_MAX})));
  EXPECT_EQ(FilledCells(*rows), (Cells{{"bump_to", "9223372036854775807"}}));
  EXPECT_EQ(Details(*rows), R"({"bump_to":"9223372036854775807"})");
}

TEST(Operations, OfTypeCreateClaimableBalanceTellWhoMayClaimAndItsId) {
  using P = v::ClaimPredicate;
  const auto claimant = [](P predicate) {
    return v::Claimant::CLAIMANT_TYPE_V0({Account(kDestination), std::move(predicate)});
  };
  const P not_before = P::CLAIM_PREDICATE_NOT(P::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(1600000000));
  const Made made = One(
      OperationBody::CREATE_CLAIMABLE_BALANCE(
          {Usd(),
           100,
           {claimant(P::CLAIM_PREDICATE_UNCONDITIONAL()),
            claimant(P::CLAIM_PREDICATE_AND(
                {not_before, P::CLAIM_PREDICATE_BEFORE_RELATIVE_TIME(INT64_MAX)})),
            claimant(P::CLAIM_PREDICATE_OR({P::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(253402300800),
                                            P::CLAIM_PREDICATE_NOT({})})),
            claimant(P::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(-1))}}),
      OperationResultTr::CREATE_CLAIMABLE_BALANCE(
          v::CreateClaimableBalanceResult::CREATE_CLAIMABLE_BALANCE_SUCCESS(Balance(kBalance))));
  const Cells failed = {{"asset_type", "1"},
                        {"asset_code", "USD"},
                        {"asset_issuer", G(kIssuer)},
                        {"amount", "100"},
                        {"claimant_count", "4"}};
  Cells cells = failed;
  cells["balance_id"] = Hex(kBalance);
  EXPECT_EQ(FilledCells(*Rows(made)), cells);
  EXPECT_EQ(FilledCells(*Rows(Failed(made))), failed);
  const auto text = [](const std::string& predicate) {
    return R"({"destination":")" + G(kDestination) + R"(","predicate":)" + predicate + "}";
  };
  EXPECT_EQ(
      Details(*Rows(made)),
      Json(
          {{"amount", "0.00001"},
           {"asset", Quoted("USD:" + G(kIssuer))},
           {"claimants",
            "[" + text(R"({"unconditional":true})") + "," +
                text(
                    R"({"and":[{"not":{"abs_before":"2020-09-13T12:26:40Z",)"
                    R"("abs_before_epoch":"1600000000"}},{"rel_before":"9223372036854775807"}]})") +
                "," +
                text(R"({"or":[{"abs_before":"+10000-01-01T00:00:00Z",)"
                     R"("abs_before_epoch":"253402300800"},{"not":null}]})") +
                "," + text(R"({"abs_before":"1969-12-31T23:59:59Z","abs_before_epoch":"-1"})") +
                "]"}}));
}

TEST(Operations, OfClaimsAndClawbacksOfClaimableBalances) {
  const Cells cells = {{"balance_id", Hex(kBalance)}};
  const std::string id = Quoted("00000000" + Hex(kBalance));
  const auto claim = Rows(One(OperationBody::CLAIM_CLAIMABLE_BALANCE({Balance(kBalance)})));
  EXPECT_EQ(FilledCells(*claim), cells);
  EXPECT_EQ(Details(*claim), Json({{"balance_id", id},
                                   {"balance_id_strkey", Quoted(B(kBalance))},
                                   {"claimant", Quoted(G(kSource))}}));
  const auto clawback = Rows(One(OperationBody::CLAWBACK_CLAIMABLE_BALANCE({Balance(kBalance)})));
  EXPECT_EQ(FilledCells(*clawback), cells);
  EXPECT_EQ(Details(*clawback),
            Json({{"balance_id", id}, {"balance_id_strkey", Quoted(B(kBalance))}}));
}

TEST(Operations, OfTypeClawback) {
  const auto rows = Rows(One(OperationBody::CLAWBACK({Usd(), Muxed(kTrustor, 6), 7})));
  EXPECT_EQ(FilledCells(*rows), (Cells{{"asset_type", "1"},
                                       {"asset_code", "USD"},
                                       {"asset_issuer", G(kIssuer)},
                                       {"amount", "7"},
                                       {"from_account", G(kTrustor)},
                                       {"from_account_muxed", "6"}}));
  EXPECT_EQ(Details(*rows), Json({{"amount", "0.0000007"},
                                  {"asset_code", "\"USD\""},
                                  {"asset_id", IdOf(Usd())},
                                  {"asset_issuer", Quoted(G(kIssuer))},
                                  {"asset_type", "\"credit_alphanum4\""},
                                  {"from", Quoted(G(kTrustor))},
                                  {"from_muxed", Quoted(M(kTrustor, 6))},
                                  {"from_muxed_id", "6"}}));
}

TEST(Operations, OfSponsoringFindWhoBeganIt) {
  Made made;
  const auto add = [&made](uint8_t source, OperationBody body) {
    made.operations.push_back({Muxed(source), std::move(body)});
  };
  const auto begin = [](uint8_t sponsored) {
    return OperationBody::BEGIN_SPONSORING_FUTURE_RESERVES({Account(sponsored)});
  };
  add(1, begin(kTrustor));
  add(2, begin(kDestination));
  add(kTrustor, OperationBody::END_SPONSORING_FUTURE_RESERVES());
  add(3, begin(kTrustor));
  add(kTrustor, OperationBody::END_SPONSORING_FUTURE_RESERVES());
  add(4, OperationBody::END_SPONSORING_FUTURE_RESERVES());
  const auto rows = Rows(made);
  EXPECT_EQ(FilledCells(*rows, 0),
            (Cells{{"sponsored_account", G(kTrustor)}, {"sponsor_account", G(1)}}));
  EXPECT_EQ(Details(*rows, 0), Json({{"sponsored_id", Quoted(G(kTrustor))}}));
  EXPECT_EQ(FilledCells(*rows, 2),
            (Cells{{"sponsored_account", G(kTrustor)}, {"sponsor_account", G(1)}}));
  EXPECT_EQ(Details(*rows, 2), Json({{"begin_sponsor", Quoted(G(1))}}));
  EXPECT_EQ(Cell(*rows, "sponsor_account", 4), G(3));  // the nearest one
  EXPECT_EQ(FilledCells(*rows, 5), (Cells{{"sponsored_account", G(4)}}));
  EXPECT_EQ(Details(*rows, 5), "{}");

  const auto failed = Rows(Failed(made));
  EXPECT_EQ(Cell(*failed, "sponsor_account", 0), G(1));
  EXPECT_EQ(FilledCells(*failed, 2), (Cells{{"sponsored_account", G(kTrustor)}}));
  EXPECT_EQ(Details(*failed, 2), "{}");
}

TEST(Operations, OfTypeRevokeSponsorshipTellWhatIsRevoked) {
  using K = v::LedgerKey;
  const auto rows = [](K key) {
    return Rows(One(OperationBody::REVOKE_SPONSORSHIP(
        v::RevokeSponsorshipOp::REVOKE_SPONSORSHIP_LEDGER_ENTRY(std::move(key)))));
  };
  auto row = rows(K::ACCOUNT({Account(kTrustor)}));
  EXPECT_EQ(FilledCells(*row), (Cells{{"sponsored_account", G(kTrustor)}}));
  EXPECT_EQ(Details(*row), Json({{"account_id", Quoted(G(kTrustor))}}));

  row = rows(K::TRUSTLINE(
      {Account(kTrustor), v::TrustLineAsset::ASSET_TYPE_CREDIT_ALPHANUM4(Usd().alphaNum4())}));
  EXPECT_EQ(FilledCells(*row), (Cells{{"trustor", G(kTrustor)},
                                      {"asset_type", "1"},
                                      {"asset_code", "USD"},
                                      {"asset_issuer", G(kIssuer)}}));
  EXPECT_EQ(Details(*row), Json({{"trustline_account_id", Quoted(G(kTrustor))},
                                 {"trustline_asset", Quoted("USD:" + G(kIssuer))}}));

  row = rows(
      K::TRUSTLINE({Account(kTrustor), v::TrustLineAsset::ASSET_TYPE_POOL_SHARE(Filled(kPool))}));
  EXPECT_EQ(
      FilledCells(*row),
      (Cells{{"trustor", G(kTrustor)}, {"asset_type", "3"}, {"liquidity_pool_id", Hex(kPool)}}));
  EXPECT_EQ(Details(*row),
            Json({{"trustline_account_id", Quoted(G(kTrustor))},
                  {"trustline_liquidity_pool_id", Quoted(Hex(kPool))},
                  {"trustline_liquidity_pool_id_strkey", Quoted(L(Filled(kPool)))}}));

  row = rows(K::OFFER({Account(kTrustor), 12}));
  EXPECT_EQ(FilledCells(*row), (Cells{{"sponsored_account", G(kTrustor)}, {"offer_id", "12"}}));
  EXPECT_EQ(Details(*row), R"({"offer_id":12})");

  row = rows(K::DATA({Account(kTrustor), "name"}));
  EXPECT_EQ(FilledCells(*row), (Cells{{"sponsored_account", G(kTrustor)},
                                      {"data_name", "name"},
                                      {"data_name_bytes", "6e616d65"}}));
  EXPECT_EQ(Details(*row),
            Json({{"data_account_id", Quoted(G(kTrustor))}, {"data_name", "\"name\""}}));

  row = rows(K::CLAIMABLE_BALANCE({Balance(kBalance)}));
  EXPECT_EQ(FilledCells(*row), (Cells{{"balance_id", Hex(kBalance)}}));
  EXPECT_EQ(Details(*row), Json({{"claimable_balance_id", Quoted("00000000" + Hex(kBalance))},
                                 {"claimable_balance_id_strkey", Quoted(B(kBalance))}}));

  row = rows(K::LIQUIDITY_POOL({Filled(kPool)}));
  EXPECT_EQ(FilledCells(*row), (Cells{{"liquidity_pool_id", Hex(kPool)}}));
  EXPECT_EQ(Details(*row), Json({{"liquidity_pool_id", Quoted(Hex(kPool))},
                                 {"liquidity_pool_id_strkey", Quoted(L(Filled(kPool)))}}));

  for (const auto type : {xdr::LedgerEntryType::CONTRACT_DATA, xdr::LedgerEntryType::CONTRACT_CODE,
                          xdr::LedgerEntryType::CONFIG_SETTING, xdr::LedgerEntryType::TTL}) {
    row = rows(K::Of(type));
    EXPECT_EQ(FilledCells(*row), Cells());
    EXPECT_EQ(Details(*row), "{}");
  }

  row =
      Rows(One(OperationBody::REVOKE_SPONSORSHIP(v::RevokeSponsorshipOp::REVOKE_SPONSORSHIP_SIGNER(
          {Account(kTrustor), v::SignerKey::SIGNER_KEY_TYPE_ED25519(Filled(0x99))}))));
  EXPECT_EQ(FilledCells(*row),
            (Cells{{"sponsored_account", G(kTrustor)}, {"signer_key", G(0x99)}}));
  EXPECT_EQ(Details(*row),
            Json({{"signer_account_id", Quoted(G(kTrustor))}, {"signer_key", Quoted(G(0x99))}}));
}

TEST(Operations, OfTypeSetTrustLineFlagsTellSetFromClearedFromUntouched) {
  const auto rows = [](uint32_t clear, uint32_t set) {
    return Rows(One(OperationBody::SET_TRUST_LINE_FLAGS({Account(kTrustor), Usd(), clear, set})));
  };
  Cells cells = {{"trustor", G(kTrustor)},
                 {"trustee", G(kIssuer)},
                 {"asset_type", "1"},
                 {"asset_code", "USD"},
                 {"asset_issuer", G(kIssuer)}};
  cells["clear_flags"] = "1";
  cells["set_flags"] = "2";
  cells["authorize_to_maintain_liabilities"] = "true";
  EXPECT_EQ(FilledCells(*rows(1, 2)), cells);
  EXPECT_THAT(Details(*rows(1, 2)),
              HasSubstr(R"("clear_flags":[1],"clear_flags_s":["authorized"],"set_flags":[2],)"
                        R"("set_flags_s":["authorized_to_maintain_liabilities"],"trustor")"));
  cells["clear_flags"] = "6";
  cells["set_flags"] = "0";
  cells["authorize_to_maintain_liabilities"] = "false";
  cells["clawback_enabled"] = "false";
  EXPECT_EQ(FilledCells(*rows(6, 0)), cells);
  EXPECT_THAT(Details(*rows(6, 0)), testing::Not(HasSubstr("\"set_flags\"")));
  EXPECT_EQ(Cell(*rows(0, 0), "authorize_to_maintain_liabilities"), "null");
  EXPECT_EQ(Cell(*rows(0, 0), "clawback_enabled"), "null");
}

TEST(Operations, OfTypeLiquidityPoolDepositTellWhatThePoolGained) {
  const auto body =
      OperationBody::LIQUIDITY_POOL_DEPOSIT({Filled(kPool), 1000, 2000, {1, 2}, {3, 4}});
  const Cells failed = {{"liquidity_pool_id", Hex(kPool)},
                        {"max_amount_a", "1000"},
                        {"max_amount_b", "2000"},
                        {"min_price_n", "1"},
                        {"min_price_d", "2"},
                        {"max_price_n", "3"},
                        {"max_price_d", "4"}};
  Cells cells = failed;
  cells["reserve_a_deposit"] = "900";
  cells["reserve_b_deposit"] = "1800";
  cells["shares_received"] = "1273";
  // Another pool's change does not count.
  const Made made = WithChanges(
      One(body), {State(PoolEntry(7, 7, 7, 0x01)), Updated(PoolEntry(8, 8, 8, 0x01)),
                  State(PoolEntry(100, 200, 300)), Updated(PoolEntry(1000, 2000, 1573))});
  EXPECT_EQ(FilledCells(*Rows(made)), cells);
  EXPECT_EQ(FilledCells(*Rows(Failed(made))), failed);
  const auto details = [](const std::string& a, const std::string& b, const std::string& shares,
                          std::vector<std::pair<std::string, std::string>> more) {
    std::vector<std::pair<std::string, std::string>> members = {
        {"liquidity_pool_id", Quoted(Hex(kPool))},
        {"liquidity_pool_id_strkey", Quoted(L(Filled(kPool)))},
        {"max_price", "0.75"},
        {"max_price_r", R"({"d":4,"n":3})"},
        {"min_price", "0.5"},
        {"min_price_r", R"({"d":2,"n":1})"},
        {"reserve_a_deposit_amount", a},
        {"reserve_a_max_amount", "0.0001"},
        {"reserve_b_deposit_amount", b},
        {"reserve_b_max_amount", "0.0002"},
        {"shares_received", shares}};
    members.insert(members.end(), more.begin(), more.end());
    std::ranges::sort(members);
    return Json(members);
  };
  EXPECT_EQ(Details(*Rows(made)), details("0.00009", "0.00018", "0.0001273",
                                          {{"reserve_a_asset_id", std::string(kNativeId)},
                                           {"reserve_a_asset_type", "\"native\""},
                                           {"reserve_b_asset_code", "\"USD\""},
                                           {"reserve_b_asset_id", IdOf(Usd())},
                                           {"reserve_b_asset_issuer", Quoted(G(kIssuer))},
                                           {"reserve_b_asset_type", "\"credit_alphanum4\""}}));
  EXPECT_EQ(Details(*Rows(Failed(made))), details("null", "null", "null",
                                                  {{"reserve_a_asset_id", "null"},
                                                   {"reserve_a_asset_type", "null"},
                                                   {"reserve_b_asset_id", "null"},
                                                   {"reserve_b_asset_type", "null"}}));
}

TEST(Operations, OfTypeLiquidityPoolWithdrawTellWhatThePoolLost) {
  const auto body = OperationBody::LIQUIDITY_POOL_WITHDRAW({Filled(kPool), 300, 5, 6});
  Cells cells = {{"liquidity_pool_id", Hex(kPool)},
                 {"amount", "300"},
                 {"min_amount_a", "5"},
                 {"min_amount_b", "6"}};
  EXPECT_EQ(FilledCells(*Rows(Failed(One(body)))), cells);
  const auto rows = Rows(
      WithChanges(One(body), {State(PoolEntry(100, 200, 300)), Updated(PoolEntry(40, 50, 0))}));
  cells["reserve_a_withdraw"] = "60";
  cells["reserve_b_withdraw"] = "150";
  EXPECT_EQ(FilledCells(*rows), cells);
  EXPECT_THAT(Details(*rows), HasSubstr(R"("reserve_a_min_amount":0.0000005,)"
                                        R"("reserve_a_withdraw_amount":0.000006,)"));
  EXPECT_THAT(Details(*rows), HasSubstr(R"("reserve_b_withdraw_amount":0.000015,)"));
  EXPECT_THAT(Details(*rows), testing::EndsWith(R"("shares":0.00003})"));
  EXPECT_THAT(Details(*Rows(Failed(One(body)))), HasSubstr(R"("reserve_a_withdraw_amount":null,)"));
}

v::SCVal Symbol(std::string text) { return v::SCVal::SCV_SYMBOL(std::move(text)); }

v::SorobanTransactionData Touching(std::vector<v::LedgerKey> read_only,
                                   std::vector<v::LedgerKey> read_write) {
  v::SorobanTransactionData data;
  data.resources.footprint = {std::move(read_only), std::move(read_write)};
  return data;
}

v::LedgerKey DataOf(v::SCAddress owner) {
  return v::LedgerKey::CONTRACT_DATA({std::move(owner), Symbol("key"), {}});
}
v::SCAddress ContractAddress(uint8_t fill) {
  return v::SCAddress::SC_ADDRESS_TYPE_CONTRACT(Filled(fill));
}
v::SCAddress AccountAddress(uint8_t fill) {
  return v::SCAddress::SC_ADDRESS_TYPE_ACCOUNT(Account(fill));
}

std::string KeyHash(const v::LedgerKey& key) {
  return text::EncodeHex(ledger::Sha256Of(v::Encode(key)));
}

TEST(Operations, OfTypeInvokeHostFunctionThatCall) {
  v::InvokeHostFunctionOp op;
  op.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_INVOKE_CONTRACT(
      {ContractAddress(kContract),
       std::string("f\xff", 2),
       {v::SCVal::SCV_U32(7), v::SCVal::SCV_VEC({{Symbol("x"), v::SCVal::SCV_VOID()}})}});
  op.auth.resize(2);
  Made made = One(OperationBody::INVOKE_HOST_FUNCTION(op));
  const v::LedgerKey read = DataOf(ContractAddress(1));
  const v::LedgerKey written = DataOf(ContractAddress(2));
  made.soroban = Touching({read}, {written});
  const auto rows = Rows(made);
  const std::string arguments = R"([{"u32":7},{"vec":[{"symbol":"x"},"void"]}])";
  EXPECT_EQ(FilledCells(*rows), (Cells{{"host_function_type", "0"},
                                       {"contract_id", Hex(kContract)},
                                       {"function_name", "f\xEF\xBF\xBD"},
                                       {"function_name_bytes", "66ff"},
                                       {"soroban_auth_count", "2"},
                                       {"arguments", arguments}}));
  EXPECT_EQ(
      Details(*rows),
      Json(
          {{"asset_balance_changes", "[]"},
           {"contract_code_hash", "null"},
           {"contract_id", Quoted(C(kContract))},
           {"function", "\"HostFunctionTypeHostFunctionTypeInvokeContract\""},
           {"ledger_key_hash", "[\"" + KeyHash(read) + "\",\"" + KeyHash(written) + "\"]"},
           {"parameters",
            R"([{"type":"Address","value":"AAAAEgAAAAGIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiA=="},)"
            R"({"type":"Sym","value":"AAAADwAAAAJm/wAA"},{"type":"U32","value":"AAAAAwAAAAc="},)"
            R"({"type":"Vec","value":"AAAAEAAAAAEAAAACAAAADwAAAAF4AAAAAAAAAQ=="}])"},
           {"parameters_decoded", R"([{"type":"Address","value":")" + C(kContract) +
                                      "\"},{\"type\":\"Sym\",\"value\":\"f\xEF\xBF\xBD\"},"
                                      R"({"type":"U32","value":"7"},)"
                                      R"({"type":"Vec","value":"[x (void)]"}])"},
           {"parameters_json",
            R"(["AAAAEgAAAAGIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiA==","AAAADwAAAAJm/wAA",)"
            R"("AAAAAwAAAAc=","AAAAEAAAAAEAAAACAAAADwAAAAF4AAAAAAAAAQ=="])"},
           {"parameters_json_decoded",
            R"([{"address":")" + C(kContract) + R"("},{"symbol":"f\\xff"},)" + arguments.substr(1)},
           {"type", "\"invoke_contract\""}}));
}

TEST(Operations, OfTypeInvokeHostFunctionThatCallWhatIsNoContractHaveNoContractId) {
  v::InvokeHostFunctionOp op;
  op.hostFunction =
      v::HostFunction::HOST_FUNCTION_TYPE_INVOKE_CONTRACT({AccountAddress(kDestination), "f", {}});
  const auto rows = Rows(Failed(One(OperationBody::INVOKE_HOST_FUNCTION(op))));
  EXPECT_EQ(Cell(*rows, "contract_id"), "null");
  EXPECT_EQ(Cell(*rows, "arguments"), "[]");
  EXPECT_THAT(Details(*rows), HasSubstr(R"("ledger_key_hash":[])"));
}

// HashIDPreimage of kind CONTRACT_ID.
std::string CreatedContract(const v::ContractIDPreimage& preimage) {
  std::vector<uint8_t> bytes = {0, 0, 0, 8};
  bytes.insert(bytes.end(), TestNetwork().id.begin(), TestNetwork().id.end());
  v::Encode(preimage, &bytes);
  return text::EncodeHex(ledger::Sha256Of(bytes));
}

TEST(Operations, OfTypeInvokeHostFunctionThatCreateContracts) {
  const auto from_address = v::ContractIDPreimage::CONTRACT_ID_PREIMAGE_FROM_ADDRESS(
      {AccountAddress(kDestination), Filled(1)});
  const auto from_asset = v::ContractIDPreimage::CONTRACT_ID_PREIMAGE_FROM_ASSET(Usd());
  v::InvokeHostFunctionOp op;
  op.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT(
      {from_asset, v::ContractExecutable::CONTRACT_EXECUTABLE_STELLAR_ASSET()});
  Made made = One(OperationBody::INVOKE_HOST_FUNCTION(op));
  made.soroban = Touching({}, {DataOf(AccountAddress(1)), DataOf(ContractAddress(2))});
  auto rows = Rows(made);
  EXPECT_EQ(FilledCells(*rows), (Cells{{"host_function_type", "1"},
                                       {"contract_id", CreatedContract(from_asset)},
                                       {"soroban_auth_count", "0"}}));
  EXPECT_THAT(Details(*rows), testing::StartsWith(R"({"asset":"USD:)" + G(kIssuer) +
                                                  R"(","contract_code_hash":null,"contract_id":")" +
                                                  C(2) + R"(","from":"asset","function":")"));
  EXPECT_THAT(Details(*rows), testing::EndsWith(R"("type":"create_contract"})"));

  op.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2(
      {from_address,
       v::ContractExecutable::CONTRACT_EXECUTABLE_WASM(Filled(0xab)),
       {v::SCVal::SCV_BOOL(true)}});
  rows = Rows(One(OperationBody::INVOKE_HOST_FUNCTION(op)));
  EXPECT_EQ(FilledCells(*rows), (Cells{{"host_function_type", "3"},
                                       {"contract_id", CreatedContract(from_address)},
                                       {"contract_code_hash", Hex(0xab)},
                                       {"soroban_auth_count", "0"},
                                       {"arguments", R"([{"bool":true}])"}}));
  EXPECT_EQ(Details(*rows),
            Json({{"address", Quoted(G(kDestination))},
                  {"contract_code_hash", "null"},
                  {"contract_id", "\"\""},
                  {"from", "\"address\""},
                  {"function", "\"HostFunctionTypeHostFunctionTypeCreateContractV2\""},
                  {"ledger_key_hash", "[]"},
                  {"parameters", R"([{"type":"B","value":"AAAAAAAAAAE="}])"},
                  {"parameters_decoded", R"([{"type":"B","value":"true"}])"},
                  {"parameters_json", R"(["AAAAAAAAAAE="])"},
                  {"parameters_json_decoded", R"([{"bool":true}])"},
                  {"type", "\"create_contract_v2\""}}));

  op.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT(
      {from_address, v::ContractExecutable::CONTRACT_EXECUTABLE_EXTERNAL_REF({})});
  EXPECT_EQ(Cell(*Rows(One(OperationBody::INVOKE_HOST_FUNCTION(op))), "contract_code_hash"),
            "null");
}

TEST(Operations, OfTypeInvokeHostFunctionThatUploadCode) {
  v::InvokeHostFunctionOp op;
  const std::vector<uint8_t> wasm = {0, 'a', 's', 'm', 1};
  op.hostFunction = v::HostFunction::HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM(wasm);
  const auto rows = Rows(One(OperationBody::INVOKE_HOST_FUNCTION(op)));
  EXPECT_EQ(FilledCells(*rows),
            (Cells{{"host_function_type", "2"},
                   {"contract_code_hash", text::EncodeHex(ledger::Sha256Of(wasm))},
                   {"soroban_auth_count", "0"}}));
  EXPECT_EQ(Details(*rows),
            Json({{"contract_code_hash", "null"},
                  {"function", "\"HostFunctionTypeHostFunctionTypeUploadContractWasm\""},
                  {"ledger_key_hash", "[]"},
                  {"type", "\"upload_wasm\""}}));
}

TEST(Operations, OfTypeExtendAndRestoreFootprintTakeTheFootprintsContract) {
  v::ExtendFootprintTTLOp extend;
  extend.extendTo = 1000;
  Made made = One(OperationBody::EXTEND_FOOTPRINT_TTL(extend));
  EXPECT_EQ(FilledCells(*Rows(made)), (Cells{{"extend_to", "1000"}}));
  const v::LedgerKey code = v::LedgerKey::CONTRACT_CODE({Filled(5)});
  made.soroban = Touching({code, DataOf(ContractAddress(2))}, {});
  EXPECT_EQ(FilledCells(*Rows(made)), (Cells{{"extend_to", "1000"}, {"contract_id", Hex(2)}}));
  EXPECT_EQ(Details(*Rows(made)),
            Json({{"contract_code_hash", "null"},
                  {"contract_id", Quoted(C(2))},
                  {"extend_to", "1000"},
                  {"ledger_key_hash",
                   "[\"" + KeyHash(code) + "\",\"" + KeyHash(DataOf(ContractAddress(2))) + "\"]"},
                  {"type", "\"extend_footprint_ttl\""}}));
  made.operations[0].body = OperationBody::Of(OperationType::RESTORE_FOOTPRINT);
  made.soroban = Touching({DataOf(ContractAddress(2))}, {DataOf(ContractAddress(3))});
  EXPECT_EQ(FilledCells(*Rows(made)), (Cells{{"contract_id", Hex(3)}}));
  EXPECT_THAT(Details(*Rows(made)), testing::EndsWith(R"("type":"restore_footprint"})"));
}

v::ContractEvent AssetEvent(const v::Asset& asset, std::vector<v::SCVal> topics, v::SCVal data) {
  const auto wire = v::Encode(asset);
  ledger::Sha256 sha;
  v::ContractEvent event;
  event.contractID = ledger::AssetContractId(*xdr::Asset::Check(wire), TestNetwork().id, sha);
  event.type = xdr::ContractEventType::CONTRACT;
  event.body = v::ContractEventBody::v0({std::move(topics), std::move(data)});
  return event;
}

TEST(Operations, TellBalanceChangesByTheEventsOfAssetsOwnContracts) {
  v::InvokeHostFunctionOp op;
  op.hostFunction =
      v::HostFunction::HOST_FUNCTION_TYPE_INVOKE_CONTRACT({ContractAddress(kContract), "f", {}});
  const auto address = [](uint8_t fill) { return v::SCVal::SCV_ADDRESS(AccountAddress(fill)); };
  const auto amount = [](int64_t high, uint64_t low) { return v::SCVal::SCV_I128({high, low}); };
  const v::SCVal usd = v::SCVal::SCV_STRING("USD:" + G(kIssuer));
  const v::SCVal native = v::SCVal::SCV_STRING("native");
  const v::SCVal to_muxed = v::SCVal::SCV_MAP(
      {{{Symbol("amount"), amount(0, 1)}, {Symbol("to_muxed_id"), v::SCVal::SCV_U64(9)}}});
  Made made = One(OperationBody::INVOKE_HOST_FUNCTION(op));
  made.metas.emplace_back();
  auto& events = made.metas.back().events;
  events = {
      AssetEvent(Usd(), {Symbol("transfer"), address(1), address(2), usd}, amount(0, 15000000)),
      AssetEvent(Native(), {Symbol("transfer"), address(1), address(2), native}, to_muxed),
      AssetEvent(Usd(), {Symbol("mint"), address(3), usd}, amount(1, 0)),
      AssetEvent(Usd(), {Symbol("mint"), address(1), address(3), usd}, amount(0, 2)),
      AssetEvent(Usd(), {Symbol("clawback"), address(4), usd}, amount(0, 3)),
      AssetEvent(Usd(), {Symbol("clawback"), address(1), address(4), usd}, amount(0, 4)),
      AssetEvent(Usd(), {Symbol("burn"), address(5), usd}, amount(-1, UINT64_MAX)),
      // None of the rest is one.
      AssetEvent(Native(), {Symbol("burn"), address(5), usd}, amount(0, 1)),  // another's contract
      AssetEvent(Usd(), {Symbol("approve"), address(5), address(5), usd}, amount(0, 1)),
      AssetEvent(Usd(), {Symbol("transfer"), address(5), usd}, amount(0, 1)),
      AssetEvent(Usd(), {Symbol("burn"), address(5), usd}, v::SCVal::SCV_U32(1)),
      AssetEvent(Usd(), {Symbol("burn"), Symbol("a"), usd}, amount(0, 1)),
      AssetEvent(Usd(), {Symbol("burn"), address(5), v::SCVal::SCV_STRING("USD:")}, amount(0, 1)),
      AssetEvent(Usd(), {Symbol("burn"), address(5), v::SCVal::SCV_STRING("no")}, amount(0, 1)),
  };
  const std::string usd_members = R"("asset_code":"USD","asset_issuer":")" + G(kIssuer) +
                                  R"(","asset_type":"credit_alphanum4",)";
  EXPECT_THAT(
      Details(*Rows(made)),
      testing::StartsWith(
          R"({"asset_balance_changes":[{"amount":"1.5000000",)" + usd_members + R"("from":")" +
          G(1) + R"(","to":")" + G(2) + R"(","type":"transfer"},)" +
          R"({"amount":"0.0000001","asset_type":"native","from":")" + G(1) + R"(","to":")" + G(2) +
          R"(","type":"transfer"},)" + R"({"amount":"1844674407370.9551616",)" + usd_members +
          R"("to":")" + G(3) + R"(","type":"mint"},)" + R"({"amount":"0.0000002",)" + usd_members +
          R"("to":")" + G(3) + R"(","type":"mint"},)" + R"({"amount":"0.0000003",)" + usd_members +
          R"("from":")" + G(4) + R"(","type":"clawback"},)" + R"({"amount":"0.0000004",)" +
          usd_members + R"("from":")" + G(4) + R"(","type":"clawback"},)" +
          R"({"amount":"-0.0000001",)" + usd_members + R"("from":")" + G(5) +
          R"(","type":"burn"}],"contract_code_hash")"));
}

TEST(Operations, TellTheSponsorOfWhatTheyCreated) {
  const auto body = OperationBody::CREATE_ACCOUNT({Account(kDestination), 0});
  v::AccountEntry account;
  account.accountID = Account(kDestination);
  v::TrustLineEntry line;
  line.accountID = Account(kDestination);
  const auto sponsored_account = Sponsored(v::LedgerEntryData::ACCOUNT(account), kSponsor);
  const auto sponsored_line = Sponsored(v::LedgerEntryData::TRUSTLINE(line), 0x01);
  auto rows = Rows(WithChanges(One(body), {Created(sponsored_account)}));
  EXPECT_EQ(Cell(*rows, "sponsor"), G(kSponsor));
  EXPECT_THAT(Details(*rows), HasSubstr(R"("sponsor":")" + G(kSponsor) + "\""));
  // By key, not by place: an account's comes before a trust line's.
  rows = Rows(WithChanges(One(body), {Created(sponsored_line), Created(sponsored_account)}));
  EXPECT_EQ(Cell(*rows, "sponsor"), G(kSponsor));
  // What only changed was not created.
  rows = Rows(WithChanges(One(body), {State(sponsored_account), Updated(sponsored_account)}));
  EXPECT_EQ(Cell(*rows, "sponsor"), "null");
  rows = Rows(
      WithChanges(One(body), {v::LedgerEntryChange::LEDGER_ENTRY_RESTORED(sponsored_account)}));
  EXPECT_EQ(Cell(*rows, "sponsor"), G(kSponsor));
}

TEST(Operations, OrderSponsoredEntriesOfEveryKindByKey) {
  v::OfferEntry offer;
  offer.sellerID = Account(1);
  v::DataEntry data;
  data.accountID = Account(1);
  data.dataName = "name";
  v::ClaimableBalanceEntry balance;
  balance.balanceID = Balance(1);
  const std::vector<v::LedgerEntryData> kinds = {
      v::LedgerEntryData::ACCOUNT({}),
      v::LedgerEntryData::TRUSTLINE({}),
      v::LedgerEntryData::OFFER(offer),
      v::LedgerEntryData::DATA(data),
      v::LedgerEntryData::CLAIMABLE_BALANCE(balance),
      v::LedgerEntryData::LIQUIDITY_POOL({}),
  };
  for (size_t first = 0; first < kinds.size(); ++first) {
    v::LedgerEntryChanges changes;
    for (size_t kind = kinds.size(); kind-- > first;) {
      changes.push_back(Created(Sponsored(kinds[kind], static_cast<uint8_t>(kind))));
    }
    const auto rows = Rows(WithChanges(One(OperationBody::INFLATION()), changes));
    EXPECT_EQ(Cell(*rows, "sponsor"), G(static_cast<uint8_t>(first)));
  }
  // Two of one kind: by the name of the data entry, then by the offer's id.
  v::DataEntry later = data;
  later.dataName = "namf";
  v::OfferEntry later_offer = offer;
  later_offer.offerID = 1;
  const std::pair<v::LedgerEntryData, v::LedgerEntryData> pairs[] = {
      {v::LedgerEntryData::DATA(data), v::LedgerEntryData::DATA(later)},
      {v::LedgerEntryData::OFFER(offer), v::LedgerEntryData::OFFER(later_offer)}};
  for (const auto& [less, more] : pairs) {
    const auto rows = Rows(WithChanges(One(OperationBody::INFLATION()),
                                       {Created(Sponsored(more, 1)), Created(Sponsored(less, 2))}));
    EXPECT_EQ(Cell(*rows, "sponsor"), G(2));
  }
}

TEST(Operations, TellTheSponsorOfASignerThatTheySet) {
  v::SetOptionsOp op;
  op.signer = {v::SignerKey::SIGNER_KEY_TYPE_ED25519(Filled(0x99)), 1};
  // An account with another signer first, and then the one that is set.
  const auto entry = [&](std::optional<uint8_t> sponsor, uint8_t id = kSource) {
    v::AccountEntry account;
    account.accountID = Account(id);
    account.signers = {{v::SignerKey::SIGNER_KEY_TYPE_ED25519(Filled(0x98)), 1}, *op.signer};
    v::AccountEntryExtensionV2 v2;
    v2.signerSponsoringIDs = {Account(1), std::nullopt};
    if (sponsor) v2.signerSponsoringIDs[1] = Account(*sponsor);
    account.ext = v::AccountEntryExt::v1({{}, v::AccountEntryExtensionV1Ext::v2(v2)});
    v::LedgerEntry out;
    out.data = v::LedgerEntryData::ACCOUNT(account);
    return out;
  };
  v::LedgerEntry plain;
  plain.data = v::LedgerEntryData::ACCOUNT({});
  plain.data.account().accountID = Account(kSource);
  const auto sponsor = [&](v::LedgerEntryChanges changes) {
    return Cell(*Rows(WithChanges(One(OperationBody::SET_OPTIONS(op)), std::move(changes))),
                "sponsor");
  };
  EXPECT_EQ(sponsor({State(plain), Updated(entry(kSponsor))}), G(kSponsor));
  EXPECT_EQ(sponsor({State(entry(2)), Updated(entry(kSponsor))}), G(kSponsor));
  EXPECT_EQ(sponsor({State(entry(kSponsor)), Updated(entry(kSponsor))}), "null");
  EXPECT_EQ(sponsor({State(entry(kSponsor)), Updated(entry(std::nullopt))}), "null");
  EXPECT_EQ(sponsor({State(entry(kSponsor, 3)), Updated(entry(kSponsor, 3)), State(plain),
                     Updated(entry(kSponsor))}),
            G(kSponsor));
}

TEST(Operations, RefuseResultsThatAreNotTheirs) {
  const Made other = One(OperationBody::INFLATION(), OperationResultTr::Of(OperationType::PAYMENT));
  const auto status = TryRows(LedgerWire(other)).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  EXPECT_EQ(DetailOf(status)->ledger(), 7u);
  EXPECT_THAT(status.message(), HasSubstr("ledger 7: transaction 1: operation 0 has a result of"));
  Made more = One(OperationBody::INFLATION(), OperationResultTr::Of(OperationType::INFLATION));
  more.results->push_back(more.results->front());
  EXPECT_THAT(TryRows(LedgerWire(more)).status().message(),
              HasSubstr("ledger 7: transaction 1: 1 operations, but 2 results"));
}

// What a flipped bit makes of results and metas is either refused or has rows; a sanitizer would
// tell of a read outside.
TEST(Operations, ReadNothingOutsideTheBytesWhicheverBitIsFlipped) {
  Made made;
  for (int32_t i = 0; i <= static_cast<int32_t>(OperationType::RESTORE_FOOTPRINT); ++i) {
    made.operations.push_back({std::nullopt, OperationBody::Of(static_cast<OperationType>(i))});
    made.metas.emplace_back();
    made.metas.back().changes = {State(PoolEntry(1, 1, 1, 0)), Updated(PoolEntry(2, 2, 2, 0))};
    made.metas.back().events = {AssetEvent(
        Native(),
        {Symbol("burn"), v::SCVal::SCV_ADDRESS(AccountAddress(1)), v::SCVal::SCV_STRING("native")},
        v::SCVal::SCV_I128({0, 1}))};
  }
  const auto original = LedgerWire(made);
  ASSERT_TRUE(TryRows(original).ok());
  size_t with_rows = 0;
  for (size_t bit = 0; bit < original.size() * 8; bit += 13) {
    auto wire = original;
    wire[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    if (TryRows(wire).ok()) ++with_rows;
  }
  EXPECT_GT(with_rows, 0u);
}

TEST(Operations, GiveTheSameCellsAlone) {
  v::SetOptionsOp op;
  op.homeDomain = "stellar.org";
  const auto wire = LedgerWire(One(OperationBody::SET_OPTIONS(op)));
  const auto all = TryRows(wire).ValueOrDie();
  for (const auto& name : all->schema()->field_names()) {
    const auto one = TryRows(wire, {name}).ValueOrDie();
    ASSERT_EQ(one->num_columns(), 1);
    EXPECT_TRUE(one->column(0)->Equals(*all->GetColumnByName(name))) << name;
  }
}

TEST(Operations, AllocateNothingForARowInBuffersThatAreLargeEnough) {
  Made made;
  for (int32_t i = 0; i <= static_cast<int32_t>(OperationType::RESTORE_FOOTPRINT); ++i) {
    made.operations.push_back({std::nullopt, OperationBody::Of(static_cast<OperationType>(i))});
  }
  const auto wire = LedgerWire(made);
  ledger::Ledger ledger;
  ASSERT_TRUE(ledger.Open(wire).ok());
  ledger::Sha256 sha;
  ASSERT_TRUE(ledger.Pair(TestNetwork(), sha).ok());
  const auto all = OperationsTable().Schema({}).ValueOrDie()->field_names();
  std::vector<std::string> columns;
  for (const auto& name : all) {
    if (name != "details" && name != "arguments") columns.push_back(name);
  }
  const auto appender =
      OperationsTable().MakeAppender({columns}, arrow::default_memory_pool()).ValueOrDie();
  constexpr int kLedgers = 100;
  for (int i = 0; i < kLedgers; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  ASSERT_TRUE(appender->Finish().ok());
  // Reserve what the batch before needed: for nulls that follow values when the next value comes.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  const int64_t allocations = support::Allocations();
  const int64_t pool_allocations = arrow::default_memory_pool()->num_allocations();
  for (int i = 2; i < kLedgers; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  EXPECT_EQ(support::Allocations(), allocations);
  EXPECT_EQ(arrow::default_memory_pool()->num_allocations(), pool_allocations);
}

}  // namespace
}  // namespace stellar_arrow::tables

// ttp_events: one row per token-transfer event, fees included, in the official Go SDK's order. The
// first 19 columns are the original's, to the letter; what was added follows them.
#include "stellar_arrow/tables/ttp_events.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/column.h"
#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/asset.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/toid.h"
#include "stellar_arrow/ledger/token_transfer.h"
#include "stellar_arrow/tables/key_text.h"
#include "stellar_arrow/tables/ledger_table.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/text/utf8.h"

namespace stellar_arrow::tables {
namespace {

using columnar::Binary;
using columnar::Bool;
using columnar::Column;
using columnar::Hash32;
using columnar::I64;
using columnar::Text;
using columnar::Timestamp;
using columnar::U32;
using columnar::U64;
using ledger::AppliedOperation;
using ledger::AppliedTransaction;
using ledger::Holder;
using ledger::Int128;
using ledger::Ledger;
using ledger::TokenTransfer;

using OptionalText = std::optional<std::string_view>;

// Decimals of all classic assets, and so of the contracts that stand for them.
constexpr uint32_t kAssetDecimals = 7;
// The first protocol whose results state what a Soroban fee bump cost; before, they left the refund
// out.
constexpr uint32_t kFeeBumpsStated = 21;

// What cells are made in; a cell's text is valid until the next one is made.
struct Scratch {
  KeyText keys;
  std::string text;
  text::Strkey strkey;
  std::array<char, 40> digits;  // an Int128 and its sign
};

struct Event {
  Event(const TokenTransfer& transfer, const AppliedTransaction& transaction, uint32_t index,
        Scratch& scratch)
      : transfer(transfer), transaction(transaction), index(index), scratch(scratch) {}

  const TokenTransfer& transfer;
  AppliedTransaction transaction;
  uint32_t index;  // counts from 0 in the ledger
  Scratch& scratch;

  const Ledger& ledger() const { return transaction.ledger(); }
  std::optional<AppliedOperation> operation() const {
    if (transfer.operation == 0) return std::nullopt;
    return transaction.operation(transfer.operation - 1);
  }
};

text::Key KeyOf(const uint8_t* key) { return text::Key(key, 32); }

std::string_view Address(const Event& event, const Holder& holder) {
  Scratch& scratch = event.scratch;
  switch (holder.kind) {
    case Holder::Kind::kNone:
      return "";
    case Holder::Kind::kAccount:
      return scratch.keys.Account(KeyOf(holder.key));
    case Holder::Kind::kContract:
      return scratch.keys.Contract(KeyOf(holder.key));
    case Holder::Kind::kLiquidityPool:
      return scratch.keys.Pool(KeyOf(holder.key));
    case Holder::Kind::kMuxedAccount:
      scratch.strkey = text::EncodeMuxedAccount(KeyOf(holder.key), holder.id);
      break;
    case Holder::Kind::kMuxedContract:
      scratch.strkey = text::EncodeMuxedContract(KeyOf(holder.key), holder.id);
      break;
    case Holder::Kind::kClaimableBalance:
      scratch.strkey = text::EncodeClaimableBalance(KeyOf(holder.key));
      break;
  }
  return scratch.strkey.view();
}

int64_t Saturated(Int128 amount) {
  using Limits = std::numeric_limits<int64_t>;
  return static_cast<int64_t>(std::clamp<Int128>(amount, Limits::min(), Limits::max()));
}

std::string_view Decimal(Int128 amount, std::array<char, 40>& digits) {
  __extension__ using Magnitude = unsigned __int128;
  Magnitude rest = amount < 0 ? -static_cast<Magnitude>(amount) : static_cast<Magnitude>(amount);
  size_t begin = digits.size();
  do {
    digits[--begin] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (amount < 0) digits[--begin] = '-';
  return {digits.data() + begin, digits.size() - begin};
}

std::string_view Hex(std::span<const uint8_t> bytes, Scratch& scratch) {
  scratch.text.clear();
  text::AppendHex(bytes, scratch.text);
  return scratch.text;
}

OptionalText MemoText(const Event& event) {
  const xdr::Memo memo = event.transaction.memo();
  Scratch& scratch = event.scratch;
  switch (memo.type()) {
    case xdr::MemoType::MEMO_NONE:
      break;
    case xdr::MemoType::MEMO_TEXT:
      return text::ValidUtf8(memo.text(), &scratch.text);
    case xdr::MemoType::MEMO_ID:
      return Decimal(memo.id(), scratch.digits);
    case xdr::MemoType::MEMO_HASH:
      return Hex(memo.hash(), scratch);
    case xdr::MemoType::MEMO_RETURN:
      return Hex(memo.retHash(), scratch);
  }
  return std::nullopt;
}

OptionalText MemoType(const Event& event) {
  switch (event.transaction.memo().type()) {
    case xdr::MemoType::MEMO_NONE:
      return "none";
    case xdr::MemoType::MEMO_TEXT:
      return "text";
    case xdr::MemoType::MEMO_ID:
      return "id";
    case xdr::MemoType::MEMO_HASH:
      return "hash";
    case xdr::MemoType::MEMO_RETURN:
      return "return";
  }
  return std::nullopt;
}

OptionalText OperationSource(const Event& event) {
  const auto operation = event.operation();
  if (!operation) return std::nullopt;
  return event.scratch.keys.Account(operation->source().ed25519);
}

std::optional<uint32_t> PathLength(const Event& event) {
  const auto operation = event.operation();
  if (!operation) return std::nullopt;
  const xdr::OperationBody body = operation->body();
  if (auto receive = body.ifPathPaymentStrictReceiveOp()) {
    return static_cast<uint32_t>(receive->path().size());
  }
  if (auto send = body.ifPathPaymentStrictSendOp()) {
    return static_cast<uint32_t>(send->path().size());
  }
  return std::nullopt;
}

bool IsPathPayment(const Event& event) {
  const auto operation = event.operation();
  if (!operation) return false;
  const xdr::OperationType type = operation->body().type();
  return type == xdr::OperationType::PATH_PAYMENT_STRICT_RECEIVE ||
         type == xdr::OperationType::PATH_PAYMENT_STRICT_SEND;
}

int64_t FeeCharged(const Event& event) {
  const AppliedTransaction& transaction = event.transaction;
  if (event.ledger().header().ledgerVersion() < kFeeBumpsStated && transaction.is_fee_bump() &&
      transaction.soroban_data()) {
    return ledger::SorobanFeePaid(transaction);
  }
  return transaction.fee_charged();
}

std::optional<int64_t> OperationId(const Event& event) {
  if (event.transfer.operation == 0) return std::nullopt;
  return ledger::Toid(event.ledger().sequence(), event.transaction.application_order(),
                      event.transfer.operation);
}

// Text of the asset, where the token is one.
OptionalText OfAsset(const Event& event, const std::string ledger::KnownAsset::* text) {
  if (event.transfer.asset == nullptr) return std::nullopt;
  return event.transfer.asset->*text;
}

OptionalText OfIssuedAsset(const Event& event, const std::string ledger::KnownAsset::* text) {
  if (event.transfer.asset == nullptr || event.transfer.asset->native()) return std::nullopt;
  return event.transfer.asset->*text;
}

OptionalText AssetType(const Event& event) {
  if (event.transfer.asset == nullptr) return std::nullopt;
  return ledger::AssetTypeName(event.transfer.asset->type);
}

OptionalText ToMuxed(const Event& event) {
  const TokenTransfer& transfer = event.transfer;
  if (transfer.muxed != TokenTransfer::MuxedKind::kId ||
      transfer.to.kind != Holder::Kind::kAccount) {
    return std::nullopt;
  }
  event.scratch.strkey = text::EncodeMuxedAccount(KeyOf(transfer.to.key), transfer.muxed_id);
  return event.scratch.strkey.view();
}

std::optional<uint64_t> ToMuxedId(const Event& event) {
  if (event.transfer.muxed != TokenTransfer::MuxedKind::kId) return std::nullopt;
  return event.transfer.muxed_id;
}

OptionalText ToMemoText(const Event& event) {
  if (event.transfer.muxed != TokenTransfer::MuxedKind::kText) return std::nullopt;
  const auto bytes = event.transfer.muxed_bytes;
  return text::ValidUtf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                         &event.scratch.text);
}

std::optional<std::span<const uint8_t>> MuxedBytes(const Event& event,
                                                   TokenTransfer::MuxedKind kind) {
  if (event.transfer.muxed != kind) return std::nullopt;
  return event.transfer.muxed_bytes;
}

template <typename Type, typename Extract>
constexpr Column<Event> Col(std::string_view name, Type type, std::string_view doc,
                            Extract extract) {
  return columnar::Col<Event>(name, type, doc, extract);
}

// clang-format off
constexpr Column<Event> kColumns[] = {
    Col("ledger_sequence", U32{}, "Number of the ledger",
        [](const Event& e) { return e.ledger().sequence(); }),
    Col("ledger_close_time", Timestamp{}, "When the ledger closed",
        [](const Event& e) { return e.ledger().close_time(); }),
    Col("transaction_hash", Hash32{}, "Hash of the transaction; of the outer one of a fee bump",
        [](const Event& e) { return e.transaction.hash(); }),
    Col("operation_index", U32{}, "Order of the operation in its transaction, from 1; 0 for fees and refunds",
        [](const Event& e) { return e.transfer.operation; }),
    Col("event_type", Text{}, "transfer, mint, burn, clawback or fee",
        [](const Event& e) { return ledger::TransferTypeName(e.transfer.type); }),
    Col("from_account", Text{}, "Whose balance fell: G... account, C... contract, B... claimable balance, L... pool; empty for mint",
        [](const Event& e) { return Address(e, e.transfer.from); }),
    Col("to_account", Text{}, "Whose balance rose, likewise; empty for burn, clawback and fee",
        [](const Event& e) { return Address(e, e.transfer.to); }),
    Col("asset_code", Text{}, "Code of an issued asset; null for native and for tokens that are no classic asset",
        [](const Event& e) { return OfIssuedAsset(e, &ledger::KnownAsset::code); }),
    Col("asset_issuer", Text{}, "Its issuer (G...)",
        [](const Event& e) { return OfIssuedAsset(e, &ledger::KnownAsset::issuer_text); }),
    Col("amount", I64{}, "In the token's least unit (stroops); refunds are negative fees; the nearest int64 where it is none",
        [](const Event& e) { return Saturated(e.transfer.amount); }),
    Col("amount_precision", U32{}, "Decimals of the amount: 7 for classic assets; 0 for other tokens, whose decimals a ledger does not tell",
        [](const Event& e) { return e.transfer.asset != nullptr ? kAssetDecimals : uint32_t{0}; }),
    Col("memo", Text{}, "The transaction's memo: text (invalid UTF-8 replaced), id in decimal, hash in hex; null if none",
        [](const Event& e) { return MemoText(e); }),
    Col("memo_type", Text{}, "none, text, id, hash or return",
        [](const Event& e) { return MemoType(e); }),
    Col("operation_source_account", Text{}, "Source of the operation, or else of the transaction (G...); null for fees and refunds",
        [](const Event& e) { return OperationSource(e); }),
    Col("is_native_asset", Bool{}, "Whether lumens moved",
        [](const Event& e) { return e.transfer.asset != nullptr && e.transfer.asset->native(); }),
    Col("is_path_payment", Bool{}, "Whether the operation is a path payment",
        [](const Event& e) { return IsPathPayment(e); }),
    Col("path_length", U32{}, "Assets in the path of a path payment; null for all others",
        [](const Event& e) { return PathLength(e); }),
    Col("fee_charged", I64{}, "What the transaction cost in the end, stroops",
        [](const Event& e) { return FeeCharged(e); }),
    Col("max_fee", I64{}, "What its payer offered, stroops: the outer fee of a fee bump",
        [](const Event& e) { return e.transaction.fee_bid(); }),
    // What the original did not have.
    Col("event_index", U32{}, "Order of the event in its ledger, from 0: with ledger_sequence the row's key",
        [](const Event& e) { return e.index; }),
    Col("transaction_index", U32{}, "Order of the transaction in its ledger, from 1",
        [](const Event& e) { return e.transaction.application_order(); }),
    Col("transaction_id", I64{}, "TOID of the transaction (SEP-35)",
        [](const Event& e) { return ledger::Toid(e.ledger().sequence(), e.transaction.application_order()); }),
    Col("operation_id", I64{}, "TOID of the operation; null for fees and refunds",
        [](const Event& e) { return OperationId(e); }),
    Col("amount_raw", Text{}, "The exact amount in decimal",
        [](const Event& e) { return Decimal(e.transfer.amount, e.scratch.digits); }),
    Col("contract_id", Text{}, "Contract of the token (C...); of a classic asset the one that stands for it",
        [](const Event& e) { return e.scratch.keys.Contract(KeyOf(e.transfer.contract)); }),
    Col("asset", Text{}, "native or CODE:ISSUER; null for tokens that are no classic asset",
        [](const Event& e) { return OfAsset(e, &ledger::KnownAsset::canonical); }),
    Col("asset_type", Text{}, "native, credit_alphanum4 or credit_alphanum12; null likewise",
        [](const Event& e) { return AssetType(e); }),
    Col("to_muxed", Text{}, "to_account and to_muxed_id as one (M...); null where there is no id, or no account",
        [](const Event& e) { return ToMuxed(e); }),
    Col("to_muxed_id", U64{}, "Who of those behind to_account: the muxed account's id, or the memo's (CAP-67)",
        [](const Event& e) { return ToMuxedId(e); }),
    Col("to_memo_text", Text{}, "The same as text, invalid UTF-8 replaced",
        [](const Event& e) { return ToMemoText(e); }),
    Col("to_memo_text_bytes", Binary{}, "That text, byte for byte",
        [](const Event& e) { return MuxedBytes(e, TokenTransfer::MuxedKind::kText); }),
    Col("to_memo_hash", Binary{}, "The same as bytes: 32 of a memo, any number of a contract",
        [](const Event& e) { return MuxedBytes(e, TokenTransfer::MuxedKind::kBytes); }),
};
// clang-format on

class Rows {
 public:
  using Row = Event;
  static constexpr bool kOneRowPerLedger = false;
  static constexpr bool kNeedsTransactions = true;

  template <typename Append>
  arrow::Status Visit(const Ledger& ledger, Append&& append) {
    const uint32_t sequence = ledger.sequence();
    if (ledger.transaction_count() > ledger::kMaxToidTransaction) {
      return LedgerError(ErrorCode::kResourceExhausted, sequence, "ledger ", sequence, " has ",
                         ledger.transaction_count(), " transactions; TOIDs tell ",
                         ledger::kMaxToidTransaction, " apart");
    }
    ARROW_RETURN_NOT_OK(transfers_.Read(ledger));
    scratch_.keys.StartLedger();
    uint32_t index = 0;
    for (const TokenTransfer& transfer : transfers_.transfers()) {
      ARROW_RETURN_NOT_OK(block_.Add(append, transfer, ledger.transaction(transfer.transaction),
                                     index++, scratch_));
    }
    return block_.Flush(append);
  }

 private:
  ledger::TokenTransfers transfers_;
  Scratch scratch_;
  RowBlock<Event> block_;
};

}  // namespace

const Table& TtpEventsTable() {
  static const LedgerTable<Rows> table(
      "ttp_events", "1.1.0",
      "One row per token-transfer event: transfers, mints, burns, clawbacks, fees and refunds.",
      kColumns);
  return table;
}

}  // namespace stellar_arrow::tables

// stellar_ledger: one row per ledger. The first 14 columns are the original's, to the letter; what
// was added follows them.
#include "stellar_arrow/tables/stellar_ledger.h"

#include <openssl/evp.h>

#include <chrono>
#include <optional>
#include <string>

#include "stellar_arrow/columnar/column.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/toid.h"
#include "stellar_arrow/tables/ledger_table.h"
#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::tables {
namespace {

using columnar::Binary;
using columnar::Column;
using columnar::Hash32;
using columnar::I64;
using columnar::Text;
using columnar::TextList;
using columnar::Timestamp;
using columnar::U32;
using columnar::U64;
using ledger::Ledger;

// Who signed the value that closed the ledger, and how.
std::optional<xdr::LedgerCloseValueSignature> CloseSignature(const Ledger& ledger) {
  const xdr::StellarValueExt ext = ledger.header().scpValue().ext();
  switch (ext.v()) {
    case xdr::StellarValueType::STELLAR_VALUE_BASIC:
      return std::nullopt;
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED:
      return ext.lcValueSignature();
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET:
      return ext.proposedValue().lcValueSignature();
    case xdr::StellarValueType::STELLAR_VALUE_SIGNED_MS:
      return ext.signedMsValue().lcValueSignature();
    case xdr::StellarValueType::STELLAR_VALUE_EMPTY_TX_SET_MS:
      return ext.proposedMsValue().lcValueSignature();
  }
  return std::nullopt;
}

std::optional<text::Strkey> NodeId(const Ledger& ledger) {
  const auto signature = CloseSignature(ledger);
  if (!signature) return std::nullopt;
  return text::EncodeAccount(signature->nodeID().ed25519());
}

std::optional<std::span<const uint8_t>> Signature(const Ledger& ledger) {
  const auto signature = CloseSignature(ledger);
  if (!signature) return std::nullopt;
  return signature->signature();
}

std::optional<uint32_t> HeaderFlags(const Ledger& ledger) {
  const auto v1 = ledger.header().ext().ifV1();
  if (!v1) return std::nullopt;
  return v1->flags();
}

// The names that stellar-etl gives entry types.
std::string_view EntryTypeName(xdr::LedgerEntryType type) {
  switch (type) {
    case xdr::LedgerEntryType::ACCOUNT:
      return "LedgerEntryTypeAccount";
    case xdr::LedgerEntryType::TRUSTLINE:
      return "LedgerEntryTypeTrustline";
    case xdr::LedgerEntryType::OFFER:
      return "LedgerEntryTypeOffer";
    case xdr::LedgerEntryType::DATA:
      return "LedgerEntryTypeData";
    case xdr::LedgerEntryType::CLAIMABLE_BALANCE:
      return "LedgerEntryTypeClaimableBalance";
    case xdr::LedgerEntryType::LIQUIDITY_POOL:
      return "LedgerEntryTypeLiquidityPool";
    case xdr::LedgerEntryType::CONTRACT_DATA:
      return "LedgerEntryTypeContractData";
    case xdr::LedgerEntryType::CONTRACT_CODE:
      return "LedgerEntryTypeContractCode";
    case xdr::LedgerEntryType::CONFIG_SETTING:
      return "LedgerEntryTypeConfigSetting";
    case xdr::LedgerEntryType::TTL:
      return "LedgerEntryTypeTtl";
  }
  return "";
}

void EvictedKeyTypes(const Ledger& ledger, TextList::Builder& out) {
  for (const xdr::LedgerKey key : ledger.evicted_keys()) {
    out.Add(EntryTypeName(key.type()));
  }
}

void EvictedKeys(const Ledger& ledger, TextList::Builder& out) {
  std::string base64;  // evictions are few, and most ledgers have none
  for (const xdr::LedgerKey key : ledger.evicted_keys()) {
    const xdr::Bytes wire = key.wire();
    base64.resize(4 * ((wire.size() + 2) / 3) + 1);  // OpenSSL ends it with a zero
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), wire.data(),
                                       static_cast<int>(wire.size()));
    out.Add({base64.data(), static_cast<size_t>(length)});
  }
}

template <typename Type, typename Extract>
constexpr Column<Ledger> Col(std::string_view name, Type type, std::string_view doc,
                             Extract extract) {
  return columnar::Col<Ledger>(name, type, doc, extract);
}

// clang-format off
constexpr Column<Ledger> kColumns[] = {
    Col("ledger_sequence", U32{}, "Number of the ledger",
        [](const Ledger& l) { return l.sequence(); }),
    Col("ledger_close_time", Timestamp{}, "When the ledger closed; whole seconds before close times in milliseconds",
        [](const Ledger& l) { return l.close_time(); }),
    Col("ledger_hash", Hash32{}, "SHA-256 of the ledger header",
        [](const Ledger& l) { return l.hash(); }),
    Col("previous_ledger_hash", Hash32{}, "Hash of the ledger before",
        [](const Ledger& l) { return l.header().previousLedgerHash(); }),
    Col("transaction_count", U32{}, "Transactions applied, failed ones included",
        [](const Ledger& l) { return static_cast<uint32_t>(l.transaction_count()); }),
    Col("operation_count", U32{}, "Operations of successful transactions",
        [](const Ledger& l) { return l.operation_count(); }),
    Col("successful_transaction_count", U32{}, "Transactions with code txSUCCESS or txFEE_BUMP_INNER_SUCCESS",
        [](const Ledger& l) { return l.successful_transaction_count(); }),
    Col("failed_transaction_count", U32{}, "All other transactions",
        [](const Ledger& l) { return static_cast<uint32_t>(l.transaction_count()) - l.successful_transaction_count(); }),
    Col("protocol_version", U32{}, "Protocol version in the header",
        [](const Ledger& l) { return l.header().ledgerVersion(); }),
    Col("base_fee", U32{}, "Least fee for an operation, stroops",
        [](const Ledger& l) { return l.header().baseFee(); }),
    Col("base_reserve", U32{}, "Reserve for a ledger entry, stroops",
        [](const Ledger& l) { return l.header().baseReserve(); }),
    Col("max_tx_set_size", U32{}, "Most operations in a set (transactions before protocol 11)",
        [](const Ledger& l) { return l.header().maxTxSetSize(); }),
    Col("close_time_resolution", U32{}, "Always 1: the resolution of closeTime in seconds",
        [](const Ledger&) { return uint32_t{1}; }),
    Col("ledger_close_meta_xdr", Binary{}, "The LedgerCloseMeta, byte for byte as it was read",
        [](const Ledger& l) { return l.wire(); }),
    // What the original did not have.
    Col("tx_set_operation_count", U32{}, "Operations of all envelopes in the transaction set",
        [](const Ledger& l) { return l.tx_set_operation_count(); }),
    Col("soroban_op_count", U32{}, "Of these, invoke_host_function, extend_footprint_ttl and restore_footprint",
        [](const Ledger& l) { return l.soroban_operation_count(); }),
    Col("id", I64{}, "TOID of the ledger (SEP-35)",
        [](const Ledger& l) { return ledger::Toid(l.sequence()); }),
    Col("total_coins", I64{}, "Lumens in existence, stroops",
        [](const Ledger& l) { return l.header().totalCoins(); }),
    Col("fee_pool", I64{}, "Fees collected so far, stroops",
        [](const Ledger& l) { return l.header().feePool(); }),
    Col("total_fee_charged", I64{}, "Sum of feeCharged over all results, stroops",
        [](const Ledger& l) { return l.total_fee_charged(); }),
    Col("inflation_seq", U32{}, "Number of the last inflation run",
        [](const Ledger& l) { return l.header().inflationSeq(); }),
    Col("id_pool", U64{}, "Last id that was given to an offer or the like",
        [](const Ledger& l) { return l.header().idPool(); }),
    Col("bucket_list_hash", Hash32{}, "Hash of the ledger's state",
        [](const Ledger& l) { return l.header().bucketListHash(); }),
    Col("tx_set_hash", Hash32{}, "Hash of the transaction set",
        [](const Ledger& l) { return l.header().scpValue().txSetHash(); }),
    Col("tx_set_result_hash", Hash32{}, "Hash of the result set",
        [](const Ledger& l) { return l.header().txSetResultHash(); }),
    Col("header_flags", U32{}, "LedgerHeaderFlags: 1 trading, 2 deposit, 4 withdrawal disabled; null if the header has none",
        [](const Ledger& l) { return HeaderFlags(l); }),
    Col("node_id", Text{}, "Validator that signed the value (G...); null if it is not signed",
        [](const Ledger& l) { return NodeId(l); }),
    Col("signature", Binary{}, "Its signature; null if the value is not signed",
        [](const Ledger& l) { return Signature(l); }),
    Col("soroban_fee_write_1kb", I64{}, "Fee for writing 1 KiB, stroops; null unless core was told to write it",
        [](const Ledger& l) { return l.soroban_fee_write_1kb(); }),
    Col("total_byte_size_of_live_soroban_state", U64{}, "Bytes of live Soroban state; null before LedgerCloseMeta V1",
        [](const Ledger& l) { return l.live_soroban_state_bytes(); }),
    Col("evicted_keys_count", U32{}, "Entries evicted from the live state",
        [](const Ledger& l) { return static_cast<uint32_t>(l.evicted_keys().size()); }),
    Col("evicted_ledger_keys_type", TextList{}, "Their types, by stellar-etl's names",
        [](const Ledger& l, TextList::Builder& out) { return EvictedKeyTypes(l, out); }),
    Col("evicted_ledger_keys_hash", TextList{}, "Their keys: base64 of XDR LedgerKey (stellar-etl's name)",
        [](const Ledger& l, TextList::Builder& out) { return EvictedKeys(l, out); }),
    Col("contract_events_count", U32{}, "Contract events of transactions and operations, without diagnostic ones",
        [](const Ledger& l) { return l.contract_event_count(); }),
    Col("ledger_header_xdr", Binary{}, "The LedgerHeader's XDR, without its hash",
        [](const Ledger& l) { return l.header().wire(); }),
};
// clang-format on

struct Rows {
  using Row = Ledger;
  static constexpr bool kOneRowPerLedger = true;
  static constexpr bool kNeedsTransactions = false;
  template <typename Append>
  arrow::Status Visit(const Ledger& ledger, Append&& append) {
    return append(std::span(&ledger, 1));
  }
};

}  // namespace

const Table& StellarLedgerTable() {
  static const LedgerTable<Rows> table(
      "stellar_ledger", "1.1.0",
      "One row per ledger: its header, counts, and the whole LedgerCloseMeta.", kColumns);
  return table;
}

}  // namespace stellar_arrow::tables

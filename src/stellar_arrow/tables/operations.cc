// operations: one row per operation of every transaction, failed ones included. The first 71
// columns are the original's, to the letter; what was added follows them. What an operation of
// which type says is in operation_facts.cc; here it only gets its column.
#include "stellar_arrow/tables/operations.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/column.h"
#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/asset.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/toid.h"
#include "stellar_arrow/tables/key_text.h"
#include "stellar_arrow/tables/ledger_table.h"
#include "stellar_arrow/tables/names.h"
#include "stellar_arrow/tables/operation_details.h"
#include "stellar_arrow/tables/operation_facts.h"
#include "stellar_arrow/text/utf8.h"
#include "stellar_arrow/xdr/json.h"

namespace stellar_arrow::tables {
namespace {

using columnar::Binary;
using columnar::Bool;
using columnar::Column;
using columnar::Hash32;
using columnar::I32;
using columnar::I64;
using columnar::Only;
using columnar::Timestamp;
using columnar::U32;
using columnar::U64;
using columnar::U8;
using ledger::Account;
using ledger::AppliedOperation;
using ledger::AppliedTransaction;
using ledger::AssetParts;
using ledger::Hash256;
using OptionalKey = std::optional<xdr::uint256>;
using OptionalText = std::optional<std::string_view>;

// What all rows share: buffers and caches.
struct Workshop {
  Workshop() = default;
  Workshop(const Workshop&) = delete;  // its parts know each other by place
  Workshop& operator=(const Workshop&) = delete;

  KeyText keys;
  ledger::Sha256 sha;
  std::string text;       // of the cell that is being made
  std::string arguments;  // JSON of those of all rows at hand
  OperationDetails details{&keys, &sha};
};

// One operation, with what its transaction says of all of them. What several columns need is found
// when the first one asks.
class OperationRow {
 public:
  OperationRow(const AppliedTransaction& transaction, const AppliedOperation& operation,
               Workshop* workshop)
      : transaction_(transaction),
        operation_(operation),
        type_(operation.body().type()),
        workshop_(*workshop) {}

  // The operation's type.
  size_t kind() const { return static_cast<size_t>(type_); }
  xdr::OperationType type() const { return type_; }
  const AppliedTransaction& transaction() const { return transaction_; }
  const AppliedOperation& operation() const { return operation_; }
  const ledger::Ledger& ledger() const { return transaction_.ledger(); }
  const OperationFacts& facts() const {
    if (!facts_) ReadFacts(transaction_, operation_, &facts_.emplace());
    return *facts_;
  }
  const OptionalKey& sponsor() const {
    if (!sponsor_) sponsor_ = NewSponsor(facts(), operation_.changes());
    return *sponsor_;
  }
  // The operation's own code; absent where it has none.
  const std::optional<int32_t>& inner_code() const {
    if (!inner_code_) inner_code_ = InnerResultCode(operation_);
    return *inner_code_;
  }
  KeyText& keys() const { return workshop_.keys; }
  ledger::Sha256& sha() const { return workshop_.sha; }
  // Empty, and valid until the next cell.
  std::string& scratch() const {
    workshop_.text.clear();
    return workshop_.text;
  }
  // As JSON, which two columns need; empty where there are none. Valid until the next call.
  std::string_view arguments() const {
    const auto& values = facts().arguments;
    if (!values) return {};
    std::string& texts = workshop_.arguments;
    if (arguments_end_ == 0) {
      arguments_begin_ = texts.size();
      AppendArguments(*values, &texts);
      arguments_end_ = texts.size();
    }
    return std::string_view(texts).substr(arguments_begin_, arguments_end_ - arguments_begin_);
  }
  std::string_view details() const {
    return workshop_.details.Text(transaction_, operation_, facts(), sponsor(), arguments());
  }

 private:
  const AppliedTransaction transaction_;
  const AppliedOperation operation_;
  const xdr::OperationType type_;
  Workshop& workshop_;
  mutable std::optional<std::optional<int32_t>> inner_code_;
  mutable std::optional<OptionalKey> sponsor_;
  mutable std::optional<OperationFacts> facts_;
  mutable size_t arguments_begin_ = 0;
  mutable size_t arguments_end_ = 0;  // 0 = not made yet
};

int64_t TransactionId(const OperationRow& r) {
  return ledger::Toid(r.ledger().sequence(), r.transaction().application_order());
}

int64_t OperationId(const OperationRow& r) { return TransactionId(r) + r.operation().index() + 1; }

std::string_view TypeName(xdr::OperationType type) {
  static const EnumNames names("OperationType", EnumNames::Style::kSnake);
  return names[static_cast<int32_t>(type)];
}

// Names of the codes that the operations of one type have. A passive offer's result may be told in
// the form of another, but the codes are the same.
class ResultCodeNames {
 public:
  explicit ResultCodeNames(EnumNames::Style style) {
    for (size_t type = 0; type < kTypes; ++type) {
      names_[type].emplace(InnerResultCodeType(static_cast<xdr::OperationType>(type)), style);
    }
  }
  std::string_view Name(xdr::OperationType type, int32_t code) const {
    return (*names_[static_cast<size_t>(type)])[code];
  }

 private:
  static constexpr size_t kTypes = static_cast<size_t>(xdr::OperationType::RESTORE_FOOTPRINT) + 1;
  std::array<std::optional<EnumNames>, kTypes> names_;
};

bool Succeeded(const OperationRow& r) { return r.inner_code() == 0; }

// The most particular code there is: the operation's own, or why it was refused, or why the whole
// transaction was.
int32_t ResultCode(const OperationRow& r) {
  if (const auto inner = r.inner_code()) return *inner;
  if (const auto result = r.operation().result()) return static_cast<int32_t>(result->code());
  return static_cast<int32_t>(r.transaction().result_code());
}

std::string_view ResultCodeName(const OperationRow& r) {
  static const ResultCodeNames inner_names(EnumNames::Style::kSnake);
  static const EnumNames names("OperationResultCode", EnumNames::Style::kSnake);
  static const EnumNames transaction_names("TransactionResultCode", EnumNames::Style::kSnake);
  if (const auto inner = r.inner_code()) {
    return inner_names.Name(r.type(), *inner);
  }
  if (const auto result = r.operation().result()) {
    return names[static_cast<int32_t>(result->code())];
  }
  return transaction_names[static_cast<int32_t>(r.transaction().result_code())];
}

OptionalText OperationCodeName(const OperationRow& r) {
  static const EnumNames names("OperationResultCode", EnumNames::Style::kGo);
  const auto result = r.operation().result();
  if (!result) return std::nullopt;
  return names[static_cast<int32_t>(result->code())];
}

OptionalText TraceCodeName(const OperationRow& r) {
  static const ResultCodeNames names(EnumNames::Style::kGo);
  const auto inner = r.inner_code();
  if (!inner) return std::nullopt;
  return names.Name(r.type(), *inner);
}

xdr::Bytes ResultXdr(const OperationRow& r) {
  const auto result = r.operation().result();
  return result ? result->wire() : xdr::Bytes();
}

OptionalText AccountText(const OperationRow& r, const OptionalKey& key) {
  if (!key) return std::nullopt;
  return r.keys().Account(*key);
}

OptionalText AccountText(const OperationRow& r, const std::optional<Account>& account) {
  if (!account) return std::nullopt;
  return r.keys().Account(account->ed25519);
}

std::optional<uint64_t> MuxedId(const std::optional<Account>& account) {
  return account ? account->muxed_id : std::nullopt;
}

OptionalText ValidText(const OperationRow& r, const OptionalText& bytes) {
  if (!bytes) return std::nullopt;
  return text::ValidUtf8(*bytes, &r.scratch());
}

std::optional<xdr::Bytes> BytesOf(const OptionalText& text) {
  if (!text) return std::nullopt;
  return xdr::Bytes(reinterpret_cast<const uint8_t*>(text->data()), text->size());
}

std::optional<uint8_t> AssetType(const std::optional<AssetParts>& asset) {
  if (!asset) return std::nullopt;
  return static_cast<uint8_t>(asset->type);
}

OptionalText AssetCode(const OperationRow& r, const std::optional<AssetParts>& asset) {
  if (!asset || !asset->issuer) return std::nullopt;
  return ValidText(r, asset->code);
}

OptionalText AssetIssuer(const OperationRow& r, const std::optional<AssetParts>& asset) {
  return asset ? AccountText(r, asset->issuer) : std::nullopt;
}

std::optional<int32_t> Numerator(const std::optional<xdr::Price>& price) {
  if (!price) return std::nullopt;
  return price->n();
}

std::optional<int32_t> Denominator(const std::optional<xdr::Price>& price) {
  if (!price) return std::nullopt;
  return price->d();
}

// The value of an enum's member.
template <typename Enum>
std::optional<uint32_t> Value(const std::optional<Enum>& member) {
  if (!member) return std::nullopt;
  return static_cast<uint32_t>(*member);
}

std::optional<uint32_t> PathLength(const OperationRow& r) {
  const auto& path = r.facts().path;
  if (!path) return std::nullopt;
  return static_cast<uint32_t>(path->size());
}

OptionalText SignerText(const OperationRow& r) {
  const auto& key = r.facts().signer_key;
  if (!key) return std::nullopt;
  std::string& out = r.scratch();
  xdr::AppendJson(xdr::SignerKey::Info(), key->wire(), out);
  return std::string_view(out).substr(1, out.size() - 2);  // without the quotes
}

Hash256 ToHash(xdr::Hash bytes) {
  Hash256 hash;
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

std::optional<Hash256> Pool(const OperationRow& r) {
  const OperationFacts& facts = r.facts();
  if (facts.pool) return ToHash(*facts.pool);
  if (facts.pool_parameters) return ledger::PoolId(*facts.pool_parameters, r.sha());
  return std::nullopt;
}

// Of a deposit or a withdrawal of a successful transaction.
std::optional<PoolChange> PoolChangeOf(const OperationRow& r, xdr::OperationType type) {
  if (r.type() != type) return std::nullopt;
  return ChangeOf(*r.facts().pool, r.operation().changes());
}

std::optional<int64_t> Deposit(const OperationRow& r, int64_t PoolChange::* member) {
  const auto change = PoolChangeOf(r, xdr::OperationType::LIQUIDITY_POOL_DEPOSIT);
  if (!change) return std::nullopt;
  return (*change).*member;
}

std::optional<int64_t> Withdrawal(const OperationRow& r, int64_t PoolChange::* member) {
  const auto change = PoolChangeOf(r, xdr::OperationType::LIQUIDITY_POOL_WITHDRAW);
  if (!change) return std::nullopt;
  return static_cast<int64_t>(0 - static_cast<uint64_t>((*change).*member));
}

std::optional<Hash256> Contract(const OperationRow& r) {
  const OperationFacts& facts = r.facts();
  if (facts.contract) return ToHash(*facts.contract);
  if (facts.contract_preimage) {
    // HashIDPreimage of kind CONTRACT_ID.
    static constexpr uint8_t kContractId[4] = {0, 0, 0, 8};
    r.sha().Update(kContractId);
    r.sha().Update(r.ledger().network_id());
    r.sha().Update(facts.contract_preimage->wire());
    return r.sha().Finish();
  }
  if (facts.contract_by_footprint) {
    if (const auto contract = FootprintContract(r.transaction())) return ToHash(*contract);
  }
  return std::nullopt;
}

std::optional<Hash256> CodeHash(const OperationRow& r) {
  const OperationFacts& facts = r.facts();
  if (facts.code_hash) return ToHash(*facts.code_hash);
  if (facts.wasm) {
    r.sha().Update(*facts.wasm);
    return r.sha().Finish();
  }
  return std::nullopt;
}

OptionalText Arguments(const OperationRow& r) {
  if (!r.facts().arguments) return std::nullopt;
  return r.arguments();
}

// columnar::Text, by a name that leaves `text` to the folder.
using Utf8 = columnar::Text;

template <typename Type, typename Extract>
constexpr Column<OperationRow> Col(std::string_view name, Type type, std::string_view doc,
                                   Extract extract) {
  return columnar::Col<OperationRow>(name, type, doc, extract);
}

// Types of operations, as bits; those that have a cell in a column.
using enum xdr::OperationType;
constexpr uint64_t Of(std::initializer_list<xdr::OperationType> types) {
  uint64_t bits = 0;
  for (const xdr::OperationType type : types) bits |= uint64_t{1} << static_cast<int>(type);
  return bits;
}
constexpr uint64_t kDestinations = Of({CREATE_ACCOUNT, PAYMENT, PATH_PAYMENT_STRICT_RECEIVE,
                                       PATH_PAYMENT_STRICT_SEND, ACCOUNT_MERGE});
constexpr uint64_t kAmounts =
    Of({PAYMENT, PATH_PAYMENT_STRICT_RECEIVE, PATH_PAYMENT_STRICT_SEND, MANAGE_SELL_OFFER,
        CREATE_PASSIVE_SELL_OFFER, MANAGE_BUY_OFFER, ACCOUNT_MERGE, CREATE_CLAIMABLE_BALANCE,
        CLAWBACK, LIQUIDITY_POOL_WITHDRAW});
constexpr uint64_t kAssets =
    Of({PAYMENT, PATH_PAYMENT_STRICT_RECEIVE, PATH_PAYMENT_STRICT_SEND, CHANGE_TRUST, ALLOW_TRUST,
        CREATE_CLAIMABLE_BALANCE, CLAWBACK, SET_TRUST_LINE_FLAGS, REVOKE_SPONSORSHIP});
constexpr uint64_t kPathPayments = Of({PATH_PAYMENT_STRICT_RECEIVE, PATH_PAYMENT_STRICT_SEND});
constexpr uint64_t kTrustees = Of({CHANGE_TRUST, ALLOW_TRUST, SET_TRUST_LINE_FLAGS});
constexpr uint64_t kTrustors =
    Of({CHANGE_TRUST, ALLOW_TRUST, SET_TRUST_LINE_FLAGS, REVOKE_SPONSORSHIP});
constexpr uint64_t kOffers = Of({MANAGE_SELL_OFFER, CREATE_PASSIVE_SELL_OFFER, MANAGE_BUY_OFFER});
constexpr uint64_t kOfferIds = Of({MANAGE_SELL_OFFER, MANAGE_BUY_OFFER, REVOKE_SPONSORSHIP});
constexpr uint64_t kFlags = Of({SET_OPTIONS, SET_TRUST_LINE_FLAGS});
constexpr uint64_t kSigners = Of({SET_OPTIONS, REVOKE_SPONSORSHIP});
constexpr uint64_t kDataNames = Of({MANAGE_DATA, REVOKE_SPONSORSHIP});
constexpr uint64_t kBalances = Of({CREATE_CLAIMABLE_BALANCE, CLAIM_CLAIMABLE_BALANCE,
                                   CLAWBACK_CLAIMABLE_BALANCE, REVOKE_SPONSORSHIP});
constexpr uint64_t kSponsors =
    Of({BEGIN_SPONSORING_FUTURE_RESERVES, END_SPONSORING_FUTURE_RESERVES});
constexpr uint64_t kSponsored =
    Of({BEGIN_SPONSORING_FUTURE_RESERVES, END_SPONSORING_FUTURE_RESERVES, REVOKE_SPONSORSHIP});
constexpr uint64_t kPools =
    Of({CHANGE_TRUST, LIQUIDITY_POOL_DEPOSIT, LIQUIDITY_POOL_WITHDRAW, REVOKE_SPONSORSHIP});
constexpr uint64_t kContracts = Of({INVOKE_HOST_FUNCTION, EXTEND_FOOTPRINT_TTL, RESTORE_FOOTPRINT});

// clang-format off
using Row = OperationRow;
constexpr Column<Row> kColumns[] = {
    Col("ledger_sequence", U32{}, "Number of the ledger",
        [](const Row& r) { return r.ledger().sequence(); }),
    Col("transaction_hash", Hash32{}, "Hash of the transaction; of a fee bump, the outer one's",
        [](const Row& r) { return r.transaction().hash(); }),
    Col("transaction_index", U32{}, "Place of the transaction in the order of application, from 1",
        [](const Row& r) { return r.transaction().application_order(); }),
    Col("operation_index", U32{}, "Place of the operation in its transaction, from 0",
        [](const Row& r) { return r.operation().index(); }),
    Col("operation_id", I64{}, "TOID of the operation (SEP-35), in which it counts from 1",
        [](const Row& r) { return OperationId(r); }),
    Col("ledger_close_time", Timestamp{}, "When the ledger closed",
        [](const Row& r) { return r.ledger().close_time(); }),
    Col("operation_type", U32{}, "Number of the type",
        [](const Row& r) { return static_cast<uint32_t>(r.type()); }),
    Col("operation_type_string", Utf8{}, "Name of the type: payment, invoke_host_function",
        [](const Row& r) { return TypeName(r.type()); }),
    Col("source_account", Utf8{}, "Source of the operation (G...); the transaction's where it has none of its own",
        [](const Row& r) { return AccountText(r, std::optional(r.operation().source())); }),
    Col("source_account_ed25519", Hash32{}, "Its public key",
        [](const Row& r) { return OptionalKey(r.operation().source().ed25519); }),
    Col("source_account_muxed", U64{}, "Id of a muxed source; null for others",
        [](const Row& r) { return r.operation().source().muxed_id; }),
    Col("transaction_successful", Bool{}, "Whether the transaction succeeded: if not, nothing of the operation remains",
        [](const Row& r) { return r.transaction().successful(); }),
    Col("transaction_source_account", Utf8{}, "Source of the transaction (G...); of a fee bump, the inner one's",
        [](const Row& r) { return r.keys().Account(r.transaction().source().ed25519); }),
    Col("successful", Bool{}, "Whether the operation itself succeeded; where its transaction did not, it was rolled back",
        [](const Row& r) { return Succeeded(r); }),
    Col("result_code", I32{}, "Code of the operation's own kind, else its OperationResultCode, else the TransactionResultCode (where no operation was tried)",
        [](const Row& r) { return ResultCode(r); }),
    Col("result_code_string", Utf8{}, "Its name: payment_underfunded, op_no_account, tx_bad_seq",
        [](const Row& r) { return ResultCodeName(r); }),
    Only(kDestinations, Col("destination_account", Utf8{}, "Who receives or is created (G...): create_account, payments, account_merge",
        [](const Row& r) { return AccountText(r, r.facts().destination); })),
    Only(kAmounts, Col("amount", I64{}, "Stroops, or shares of a pool: what is paid, offered, locked, clawed back or withdrawn. Of path_payment_strict_send and account_merge what the result says, null if the transaction failed",
        [](const Row& r) { return r.facts().amount; })),
    Only(kAssets, Col("asset_type", U8{}, "Of the asset paid, received, trusted, locked or clawed back: 0 native, 1 credit_alphanum4, 2 credit_alphanum12, 3 pool share",
        [](const Row& r) { return AssetType(r.facts().asset); })),
    Only(kAssets, Col("asset_code", Utf8{}, "Its code; null for native and pool shares",
        [](const Row& r) { return AssetCode(r, r.facts().asset); })),
    Only(kAssets, Col("asset_issuer", Utf8{}, "Its issuer (G...)",
        [](const Row& r) { return AssetIssuer(r, r.facts().asset); })),
    Only(kPathPayments, Col("send_asset_type", U8{}, "Of the asset that a path payment sends",
        [](const Row& r) { return AssetType(r.facts().send_asset); })),
    Only(kPathPayments, Col("send_asset_code", Utf8{}, "Its code",
        [](const Row& r) { return AssetCode(r, r.facts().send_asset); })),
    Only(kPathPayments, Col("send_asset_issuer", Utf8{}, "Its issuer (G...)",
        [](const Row& r) { return AssetIssuer(r, r.facts().send_asset); })),
    Only(kPathPayments, Col("send_amount", I64{}, "What a path payment sent, stroops. Of path_payment_strict_receive what the result says, null if the transaction failed",
        [](const Row& r) { return r.facts().send_amount; })),
    Only(Of({PATH_PAYMENT_STRICT_SEND}), Col("dest_min", I64{}, "Least that path_payment_strict_send may deliver, stroops",
        [](const Row& r) { return r.facts().dest_min; })),
    Only(kPathPayments, Col("path_length", U32{}, "Assets between the first and the last of a path payment",
        [](const Row& r) { return PathLength(r); })),
    Only(kTrustors, Col("trustor", Utf8{}, "Whose trust line it is (G...)",
        [](const Row& r) { return AccountText(r, r.facts().trustor); })),
    Only(kTrustees, Col("trustee", Utf8{}, "Issuer of what is trusted (G...)",
        [](const Row& r) { return AccountText(r, r.facts().trustee); })),
    Only(Of({CHANGE_TRUST}), Col("trust_limit", I64{}, "Limit of a trust line, stroops; 0 removes it",
        [](const Row& r) { return r.facts().trust_limit; })),
    Only(Of({ALLOW_TRUST, SET_TRUST_LINE_FLAGS}), Col("authorize_to_maintain_liabilities", Bool{}, "allow_trust: whether the flag is set; set_trust_line_flags: true where it is set, false where cleared, else null",
        [](const Row& r) { return r.facts().authorize_to_maintain_liabilities; })),
    Only(Of({SET_TRUST_LINE_FLAGS}), Col("clawback_enabled", Bool{}, "set_trust_line_flags: false where the flag is cleared, else null",
        [](const Row& r) { return r.facts().clawback_enabled; })),
    Only(kOfferIds, Col("offer_id", I64{}, "Offer that is managed, 0 for a new one; of revoke_sponsorship the sponsored one",
        [](const Row& r) { return r.facts().offer_id; })),
    Only(kOffers, Col("buying_asset_type", U8{}, "Of the asset that an offer buys",
        [](const Row& r) { return AssetType(r.facts().buying); })),
    Only(kOffers, Col("buying_asset_code", Utf8{}, "Its code",
        [](const Row& r) { return AssetCode(r, r.facts().buying); })),
    Only(kOffers, Col("buying_asset_issuer", Utf8{}, "Its issuer (G...)",
        [](const Row& r) { return AssetIssuer(r, r.facts().buying); })),
    Only(kOffers, Col("selling_asset_type", U8{}, "Of the asset that an offer sells",
        [](const Row& r) { return AssetType(r.facts().selling); })),
    Only(kOffers, Col("selling_asset_code", Utf8{}, "Its code",
        [](const Row& r) { return AssetCode(r, r.facts().selling); })),
    Only(kOffers, Col("selling_asset_issuer", Utf8{}, "Its issuer (G...)",
        [](const Row& r) { return AssetIssuer(r, r.facts().selling); })),
    Only(kOffers, Col("price_n", I32{}, "Numerator of an offer's price: of what is sold in what is bought; manage_buy_offer the other way round",
        [](const Row& r) { return Numerator(r.facts().price); })),
    Only(kOffers, Col("price_d", I32{}, "Its denominator",
        [](const Row& r) { return Denominator(r.facts().price); })),
    Only(Of({CREATE_ACCOUNT}), Col("starting_balance", I64{}, "What a new account gets, stroops",
        [](const Row& r) { return r.facts().starting_balance; })),
    Only(Of({SET_OPTIONS}), Col("home_domain", Utf8{}, "set_options: the account's domain; ill-formed UTF-8 replaced",
        [](const Row& r) { return ValidText(r, r.facts().home_domain); })),
    Only(Of({SET_OPTIONS}), Col("inflation_dest", Utf8{}, "set_options: who receives the account's inflation (G...)",
        [](const Row& r) { return AccountText(r, r.facts().inflation_dest); })),
    Only(Of({SET_OPTIONS}), Col("master_weight", U32{}, "set_options: weight of the account's own key",
        [](const Row& r) { return r.facts().master_weight; })),
    Only(Of({SET_OPTIONS}), Col("threshold_low", U32{}, "set_options: low threshold",
        [](const Row& r) { return r.facts().threshold_low; })),
    Only(Of({SET_OPTIONS}), Col("threshold_medium", U32{}, "set_options: medium threshold",
        [](const Row& r) { return r.facts().threshold_medium; })),
    Only(Of({SET_OPTIONS}), Col("threshold_high", U32{}, "set_options: high threshold",
        [](const Row& r) { return r.facts().threshold_high; })),
    Only(kSigners, Col("signer_key", Utf8{}, "set_options: signer to add or change (G..., T..., X..., P...); revoke_sponsorship: the sponsored one",
        [](const Row& r) { return SignerText(r); })),
    Only(Of({SET_OPTIONS}), Col("signer_weight", U32{}, "set_options: its weight; 0 removes it",
        [](const Row& r) { return r.facts().signer_weight; })),
    Only(kDataNames, Col("data_name", Utf8{}, "Name of a data entry: manage_data, revoke_sponsorship; ill-formed UTF-8 replaced",
        [](const Row& r) { return ValidText(r, r.facts().data_name); })),
    Only(Of({MANAGE_DATA}), Col("data_value", Binary{}, "manage_data: its value; null removes the entry",
        [](const Row& r) { return r.facts().data_value; })),
    Only(kBalances, Col("balance_id", Hash32{}, "Id of a claimable balance, without its type; of create_claimable_balance what the result says, null if the transaction failed",
        [](const Row& r) { return r.facts().balance_id; })),
    Only(Of({CREATE_CLAIMABLE_BALANCE}), Col("claimant_count", U32{}, "create_claimable_balance: how many may claim it",
        [](const Row& r) { return r.facts().claimant_count; })),
    Only(kSponsored, Col("sponsored_account", Utf8{}, "Whose reserves are, or were, paid by another (G...)",
        [](const Row& r) { return AccountText(r, r.facts().sponsored); })),
    Only(kSponsors, Col("sponsor_account", Utf8{}, "begin_ and end_sponsoring_future_reserves: who pays (G...); of the end null if the transaction failed",
        [](const Row& r) { return AccountText(r, r.facts().sponsor); })),
    Only(kPools, Col("liquidity_pool_id", Hash32{}, "Id of a pool: deposits, withdrawals, trust lines of pool shares, revoke_sponsorship",
        [](const Row& r) { return Pool(r); })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("reserve_a_deposit", I64{}, "What a deposit added of the pool's first asset, stroops; null if the transaction failed",
        [](const Row& r) { return Deposit(r, &PoolChange::reserve_a); })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("reserve_b_deposit", I64{}, "The same of its second asset",
        [](const Row& r) { return Deposit(r, &PoolChange::reserve_b); })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("min_price_n", I32{}, "Numerator of the least price of a deposit",
        [](const Row& r) { return Numerator(r.facts().min_price); })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("min_price_d", I32{}, "Its denominator",
        [](const Row& r) { return Denominator(r.facts().min_price); })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("max_price_n", I32{}, "Numerator of the highest price of a deposit",
        [](const Row& r) { return Numerator(r.facts().max_price); })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("max_price_d", I32{}, "Its denominator",
        [](const Row& r) { return Denominator(r.facts().max_price); })),
    Only(Of({INVOKE_HOST_FUNCTION}), Col("host_function_type", U32{}, "invoke_host_function: 0 call, 1 and 3 creation of a contract, 2 upload of code",
        [](const Row& r) { return Value(r.facts().host_function); })),
    Only(kContracts, Col("contract_id", Hash32{}, "Contract that is called or created; of extend_footprint_ttl and restore_footprint the footprint's first",
        [](const Row& r) { return Contract(r); })),
    Only(Of({INVOKE_HOST_FUNCTION}), Col("contract_code_hash", Hash32{}, "SHA-256 of the code that is uploaded, or that the created contract runs; null for the built-in contract of an asset",
        [](const Row& r) { return CodeHash(r); })),
    Only(Of({INVOKE_HOST_FUNCTION}), Col("function_name", Utf8{}, "Function that is called; ill-formed UTF-8 replaced",
        [](const Row& r) { return ValidText(r, r.facts().function_name); })),
    Only(Of({INVOKE_HOST_FUNCTION}), Col("soroban_auth_count", U32{}, "invoke_host_function: authorization entries",
        [](const Row& r) { return r.facts().auth_count; })),
    Col("operation_xdr", Binary{}, "XDR Operation",
        [](const Row& r) { return r.operation().wire(); }),
    Col("operation_result_xdr", Binary{}, "XDR OperationResult; empty where no operation of the transaction was tried",
        [](const Row& r) { return ResultXdr(r); }),
    Col("operation_meta_xdr", Binary{}, "XDR OperationMeta, or OperationMetaV2 if meta_version is 4; empty if the transaction failed",
        [](const Row& r) { return r.operation().meta_wire(); }),
    // What the original did not have.
    Col("transaction_id", I64{}, "TOID of the transaction (SEP-35)",
        [](const Row& r) { return TransactionId(r); }),
    Col("meta_version", U32{}, "Version of the transaction's meta, 0 to 4",
        [](const Row& r) { return static_cast<uint32_t>(r.transaction().meta().v()); }),
    Col("operation_result_code", Utf8{}, "OperationResultCode by stellar-etl's name: OperationResultCodeOpInner; null where no operation was tried",
        [](const Row& r) { return OperationCodeName(r); }),
    Col("operation_trace_code", Utf8{}, "Code of the operation's own kind by stellar-etl's name: PaymentResultCodePaymentSuccess; null where there is none",
        [](const Row& r) { return TraceCodeName(r); }),
    Only(kDestinations, Col("destination_account_muxed", U64{}, "Id of a muxed destination",
        [](const Row& r) { return MuxedId(r.facts().destination); })),
    Only(Of({CLAWBACK}), Col("from_account", Utf8{}, "clawback: who loses the amount (G...)",
        [](const Row& r) { return AccountText(r, r.facts().from); })),
    Only(Of({CLAWBACK}), Col("from_account_muxed", U64{}, "Its id, if it is muxed",
        [](const Row& r) { return MuxedId(r.facts().from); })),
    Only(Of({PATH_PAYMENT_STRICT_RECEIVE}), Col("send_max", I64{}, "Most that path_payment_strict_receive may send, stroops",
        [](const Row& r) { return r.facts().send_max; })),
    Only(Of({ALLOW_TRUST}), Col("authorize", U32{}, "allow_trust: the flags, 1 authorized, 2 authorized to maintain liabilities",
        [](const Row& r) { return r.facts().authorize; })),
    Only(kFlags, Col("set_flags", U32{}, "set_options, set_trust_line_flags: flags to set",
        [](const Row& r) { return r.facts().set_flags; })),
    Only(kFlags, Col("clear_flags", U32{}, "set_options, set_trust_line_flags: flags to clear",
        [](const Row& r) { return r.facts().clear_flags; })),
    Only(kOffers, Col("result_offer_effect", U32{}, "What became of the offer: 0 created, 1 updated, 2 deleted (or never made); null if the transaction failed",
        [](const Row& r) { return Value(r.facts().result_offer_effect); })),
    Only(kOffers, Col("result_offer_id", I64{}, "Offer that was created or updated",
        [](const Row& r) { return r.facts().result_offer_id; })),
    Only(Of({BUMP_SEQUENCE}), Col("bump_to", I64{}, "bump_sequence: the new sequence number",
        [](const Row& r) { return r.facts().bump_to; })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("max_amount_a", I64{}, "Most that a deposit may add of the pool's first asset, stroops",
        [](const Row& r) { return r.facts().max_amount_a; })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("max_amount_b", I64{}, "The same of its second asset",
        [](const Row& r) { return r.facts().max_amount_b; })),
    Only(Of({LIQUIDITY_POOL_DEPOSIT}), Col("shares_received", I64{}, "Pool shares that a deposit brought; null if the transaction failed",
        [](const Row& r) { return Deposit(r, &PoolChange::shares); })),
    Only(Of({LIQUIDITY_POOL_WITHDRAW}), Col("min_amount_a", I64{}, "Least that a withdrawal may bring of the pool's first asset, stroops",
        [](const Row& r) { return r.facts().min_amount_a; })),
    Only(Of({LIQUIDITY_POOL_WITHDRAW}), Col("min_amount_b", I64{}, "The same of its second asset",
        [](const Row& r) { return r.facts().min_amount_b; })),
    Only(Of({LIQUIDITY_POOL_WITHDRAW}), Col("reserve_a_withdraw", I64{}, "What a withdrawal brought of the pool's first asset, stroops; null if the transaction failed",
        [](const Row& r) { return Withdrawal(r, &PoolChange::reserve_a); })),
    Only(Of({LIQUIDITY_POOL_WITHDRAW}), Col("reserve_b_withdraw", I64{}, "The same of its second asset",
        [](const Row& r) { return Withdrawal(r, &PoolChange::reserve_b); })),
    Only(Of({EXTEND_FOOTPRINT_TTL}), Col("extend_to", U32{}, "extend_footprint_ttl: ledgers that the entries are to live at least",
        [](const Row& r) { return r.facts().extend_to; })),
    Col("sponsor", Utf8{}, "Who pays the reserve of what the operation created (G...); null where its owner does",
        [](const Row& r) { return AccountText(r, r.sponsor()); }),
    Only(Of({SET_OPTIONS}), Col("home_domain_bytes", Binary{}, "Exactly the bytes of home_domain",
        [](const Row& r) { return BytesOf(r.facts().home_domain); })),
    Only(kDataNames, Col("data_name_bytes", Binary{}, "Exactly the bytes of data_name",
        [](const Row& r) { return BytesOf(r.facts().data_name); })),
    Only(Of({INVOKE_HOST_FUNCTION}), Col("function_name_bytes", Binary{}, "Exactly the bytes of function_name",
        [](const Row& r) { return BytesOf(r.facts().function_name); })),
    Only(Of({INVOKE_HOST_FUNCTION}), Col("arguments", Utf8{}, "Arguments of the called function or of the created contract's constructor: JSON array, each in SEP-51's form",
        [](const Row& r) { return Arguments(r); })),
    Col("details", Utf8{}, "All of it as one JSON object with stellar-etl's keys, sorted; amounts in whole units (see docs/differences.md)",
        [](const Row& r) { return r.details(); }),
};
// clang-format on

// Whether the result, if there is one, is of the operation's own type.
bool ResultFits(const AppliedOperation& operation) {
  const auto result = operation.result();
  if (!result) return true;
  const auto tr = result->ifTr();
  if (!tr) return true;
  const xdr::OperationType type = operation.body().type();
  // stellar-core tells passive offers' results as those of other offers, which are of the same
  // form.
  return tr->type() == type || (type == xdr::OperationType::CREATE_PASSIVE_SELL_OFFER &&
                                tr->type() == xdr::OperationType::MANAGE_SELL_OFFER);
}

class Rows {
 public:
  using Row = OperationRow;
  static constexpr bool kOneRowPerLedger = false;
  static constexpr bool kNeedsTransactions = true;

  template <typename Append>
  arrow::Status Visit(const ledger::Ledger& ledger, Append&& append) {
    if (ledger.transaction_count() > ledger::kMaxToidTransaction) {
      return LedgerError(ErrorCode::kDataLoss, ledger.sequence(), "ledger ", ledger.sequence(),
                         ": ", ledger.transaction_count(),
                         " transactions, more than operation_id can tell apart (",
                         ledger::kMaxToidTransaction, ")");
    }
    workshop_.keys.StartLedger();
    for (size_t i = 0; i < ledger.transaction_count(); ++i) {
      const AppliedTransaction transaction = ledger.transaction(i);
      const size_t results = ledger.results()[i].operation_results;
      if (results != 0 && results != transaction.operation_count()) {
        return Contradiction(transaction, transaction.operation_count(), " operations, but ",
                             results, " results");
      }
      for (size_t j = 0; j < transaction.operation_count(); ++j) {
        const AppliedOperation operation = transaction.operation(j);
        if (!ResultFits(operation)) {
          return Contradiction(transaction, "operation ", j, " has a result of another type");
        }
        if (block_.empty()) workshop_.arguments.clear();
        ARROW_RETURN_NOT_OK(block_.Add(append, transaction, operation, &workshop_));
      }
    }
    return block_.Flush(append);
  }

 private:
  template <typename... Parts>
  static arrow::Status Contradiction(const AppliedTransaction& transaction, const Parts&... parts) {
    const uint32_t sequence = transaction.ledger().sequence();
    return LedgerError(ErrorCode::kDataLoss, sequence, "ledger ", sequence, ": transaction ",
                       transaction.application_order(), ": ", parts...);
  }

  Workshop workshop_;
  RowBlock<OperationRow> block_;
};

}  // namespace

const Table& OperationsTable() {
  static const LedgerTable<Rows> table("operations", "1.1.0",
                                       "One row per operation of every transaction, failed ones "
                                       "included, in the order of application.",
                                       kColumns);
  return table;
}

}  // namespace stellar_arrow::tables

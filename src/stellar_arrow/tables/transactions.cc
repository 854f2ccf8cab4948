// transactions: one row per applied transaction, failed ones included, in the order of application.
// The first 43 columns are the original's, to the letter; what was added follows them.
#include "stellar_arrow/tables/transactions.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/column.h"
#include "stellar_arrow/ledger/applied_transaction.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/ledger/toid.h"
#include "stellar_arrow/tables/key_text.h"
#include "stellar_arrow/tables/ledger_table.h"
#include "stellar_arrow/tables/names.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/text/utf8.h"

namespace stellar_arrow::tables {
namespace {

using columnar::Binary;
using columnar::Bool;
using columnar::Column;
using columnar::Hash32;
using columnar::I32;
using columnar::I64;
using columnar::Text;
using columnar::TextList;
using columnar::Timestamp;
using columnar::U32;
using columnar::U32List;
using columnar::U64;
using columnar::U8;
using ledger::Account;
using ledger::AppliedTransaction;
using std::chrono::microseconds;

// The last protocol version whose results state a wrong feeCharged for fee bumps of Soroban
// transactions: https://github.com/stellar/stellar-core/issues/4188.
constexpr uint32_t kLastProtocolOfWrongSorobanFeeBumps = 20;

// What rows share, so that none allocates.
struct Shared {
  KeyText keys;
  ledger::Sha256 sha;
  ledger::Hash256 hash{};
  std::string utf8;             // of text that is none
  std::array<char, 64> text{};  // longest: bounds of two uint64s
};

// Sums and differences of the protocol's int64s; what no int64 can hold wraps.
int64_t Plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// By how many stroops `changes` changed the balance of `account`; absent where they did not touch
// it. Accounts are compared by their keys: a payer may be named by a muxed address.
std::optional<int64_t> BalanceChange(const xdr::LedgerEntryChanges& changes, xdr::uint256 account) {
  std::optional<int64_t> change;
  int64_t before = 0;
  for (const xdr::LedgerEntryChange entry_change : changes) {
    const auto state = entry_change.ifState();
    const auto entry = state ? state : entry_change.ifUpdated();
    if (!entry) continue;
    const auto entry_account = entry->data().ifAccount();
    if (!entry_account) continue;
    if (!std::ranges::equal(entry_account->accountID().ed25519(), account)) continue;
    if (state) {
      before = entry_account->balance();
    } else {
      change = Plus(change.value_or(0), Minus(entry_account->balance(), before));
      before = entry_account->balance();
    }
  }
  return change;
}

// A transaction, and what several columns need of it, found when the first one asks.
class Row {
 public:
  Row(const ledger::Ledger& ledger, size_t index, Shared& shared)
      : tx_(ledger, index), shared_(shared) {}

  const AppliedTransaction& tx() const { return tx_; }
  const ledger::Ledger& ledger() const { return tx_.ledger(); }
  // Each text lasts until the next one is asked for, keys' until the next ledger.
  Shared& shared() const { return shared_; }

  const std::optional<ledger::DeclaredResources>& resources() const {
    if (!resources_known_) {
      resources_ = tx_.declared_resources();
      resources_known_ = true;
    }
    return resources_;
  }
  bool is_soroban() const { return resources().has_value(); }

  // What was taken from the payer before the transaction was applied.
  std::optional<int64_t> initial_fee() const {
    if (!initial_fee_known_) {
      const auto change = BalanceChange(tx_.fee_changes(), tx_.fee_source().ed25519);
      if (change) initial_fee_ = Minus(0, *change);
      initial_fee_known_ = true;
    }
    return initial_fee_;
  }

  // What the payer of a Soroban transaction got back: after it in protocols 20 to 22, after all
  // transactions of the ledger since.
  int64_t refund() const {
    if (!refund_) {
      const xdr::uint256 payer = tx_.fee_source().ed25519;
      refund_ = 0;
      for (const auto& changes : {tx_.changes_after(), tx_.post_fee_changes()}) {
        if (changes) refund_ = Plus(*refund_, BalanceChange(*changes, payer).value_or(0));
      }
    }
    return *refund_;
  }

 private:
  const AppliedTransaction tx_;
  Shared& shared_;
  mutable std::optional<ledger::DeclaredResources> resources_;
  mutable std::optional<int64_t> initial_fee_;
  mutable std::optional<int64_t> refund_;
  mutable bool resources_known_ = false;
  mutable bool initial_fee_known_ = false;
};

uint32_t Size(size_t size) { return static_cast<uint32_t>(size); }

// Seconds that microseconds in an int64 cannot tell become the last time that they can.
microseconds Time(uint64_t seconds) {
  constexpr uint64_t kMicros = 1'000'000;
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return microseconds(static_cast<int64_t>(seconds > kMost / kMicros ? kMost : seconds * kMicros));
}

std::optional<microseconds> MinTime(const Row& row) {
  const auto bounds = row.tx().conditions().time_bounds;
  if (!bounds) return std::nullopt;
  return Time(bounds->minTime());
}

std::optional<microseconds> MaxTime(const Row& row) {
  const auto bounds = row.tx().conditions().time_bounds;
  if (!bounds || bounds->maxTime() == 0) return std::nullopt;  // 0 is no bound
  return Time(bounds->maxTime());
}

std::optional<xdr::LedgerBounds> LedgerBounds(const Row& row) {
  const auto v2 = row.tx().conditions().v2;
  return v2 ? v2->ledgerBounds() : std::nullopt;
}

// "[min,max)"; an absent max is left out.
std::string_view BoundsText(uint64_t min, std::optional<uint64_t> max, std::span<char> out) {
  char* at = out.data();
  char* const end = at + out.size();
  *at++ = '[';
  at = std::to_chars(at, end, min).ptr;
  *at++ = ',';
  if (max) at = std::to_chars(at, end, *max).ptr;
  *at++ = ')';
  return {out.data(), static_cast<size_t>(at - out.data())};
}

std::optional<std::string_view> TimeBoundsText(const Row& row) {
  const auto bounds = row.tx().conditions().time_bounds;
  if (!bounds) return std::nullopt;
  const std::optional<uint64_t> max = bounds->maxTime();
  return BoundsText(bounds->minTime(), *max == 0 ? std::nullopt : max, row.shared().text);
}

std::optional<std::string_view> LedgerBoundsText(const Row& row) {
  const auto bounds = LedgerBounds(row);
  if (!bounds) return std::nullopt;
  return BoundsText(bounds->minLedger(), bounds->maxLedger(), row.shared().text);
}

std::string_view AccountText(const Row& row, const Account& account) {
  return row.shared().keys.Account(account.ed25519);
}

std::optional<text::Strkey> MuxedText(const Account& account) {
  if (!account.muxed_id) return std::nullopt;
  return text::EncodeMuxedAccount(account.ed25519, *account.muxed_id);
}

// A fee bump whose own conditions failed has a result without an inner one.
std::optional<std::span<const uint8_t, 32>> InnerHash(const Row& row) {
  const AppliedTransaction& tx = row.tx();
  if (const auto hash = tx.inner_hash()) return *hash;
  const auto fee_bump = tx.envelope().ifFeeBump();
  if (!fee_bump) return std::nullopt;
  static constexpr uint8_t kEnvelopeTypeTx[] = {0, 0, 0, 2};
  Shared& shared = row.shared();
  shared.sha.Update(row.ledger().network_id());
  shared.sha.Update(kEnvelopeTypeTx);
  shared.sha.Update(fee_bump->tx().innerTx().v1().tx().wire());
  shared.hash = shared.sha.Finish();
  return shared.hash;
}

int64_t FeeCharged(const Row& row) {
  const AppliedTransaction& tx = row.tx();
  if (row.ledger().header().ledgerVersion() <= kLastProtocolOfWrongSorobanFeeBumps &&
      tx.is_fee_bump() && row.is_soroban() && row.initial_fee()) {
    return Minus(*row.initial_fee(), row.refund());
  }
  return tx.fee_charged();
}

std::optional<int64_t> SorobanResourceFee(const Row& row) {
  if (!row.is_soroban()) return std::nullopt;
  return Minus(row.resources()->resource_fee, row.refund());
}

std::optional<int64_t> InclusionFeeBid(const Row& row) {
  if (!row.is_soroban()) return std::nullopt;
  return Minus(row.tx().fee_bid(), row.resources()->resource_fee);
}

std::optional<int64_t> InclusionFeeCharged(const Row& row) {
  if (!row.is_soroban() || !row.initial_fee()) return std::nullopt;
  return Minus(*row.initial_fee(), row.resources()->resource_fee);
}

std::optional<int64_t> ResourceFeeRefund(const Row& row) {
  if (!row.is_soroban()) return std::nullopt;
  return row.refund();
}

std::optional<xdr::SorobanTransactionMetaExtV1> FeesByPart(const Row& row) {
  if (const auto meta = row.tx().soroban_meta()) return meta->ext().ifV1();
  if (const auto meta = row.tx().soroban_meta_v2()) return meta->ext().ifV1();
  return std::nullopt;
}

template <typename T, typename Part>
auto PartOf(const std::optional<T>& whole, Part part) {
  using Result = decltype(part(*whole));
  return whole ? std::optional<Result>(part(*whole)) : std::nullopt;
}

std::string_view ResultName(const Row& row, EnumNames::Style style) {
  static const EnumNames snake("TransactionResultCode", EnumNames::Style::kSnake);
  static const EnumNames go("TransactionResultCode", EnumNames::Style::kGo);
  return (style == EnumNames::Style::kSnake ? snake
                                            : go)[static_cast<int32_t>(row.tx().result_code())];
}

std::optional<int32_t> InnerResultCode(const Row& row) {
  const auto inner = row.tx().result_pair().result().result().ifInnerResultPair();
  if (!inner) return std::nullopt;
  return static_cast<int32_t>(inner->result().result().code());
}

std::optional<std::string_view> MemoText(const Row& row) {
  const auto text = row.tx().memo().ifText();
  if (!text) return std::nullopt;
  return text::ValidUtf8(*text, &row.shared().utf8);
}

std::optional<xdr::Bytes> MemoTextBytes(const Row& row) {
  const auto text = row.tx().memo().ifText();
  if (!text) return std::nullopt;
  return xdr::Bytes(reinterpret_cast<const uint8_t*>(text->data()), text->size());
}

std::optional<std::string_view> MemoOfAnyKind(const Row& row) {
  std::array<char, 64>& out = row.shared().text;
  const auto base64 = [&out](xdr::Hash hash) {
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), hash.data(),
                                       static_cast<int>(hash.size()));
    return std::string_view(out.data(), static_cast<size_t>(length));
  };
  const xdr::Memo memo = row.tx().memo();
  switch (memo.type()) {
    case xdr::MemoType::MEMO_NONE:
      return std::nullopt;
    case xdr::MemoType::MEMO_TEXT:
      return MemoText(row);
    case xdr::MemoType::MEMO_ID:
      return std::string_view(
          out.data(),
          static_cast<size_t>(std::to_chars(out.data(), out.data() + out.size(), memo.id()).ptr -
                              out.data()));
    case xdr::MemoType::MEMO_HASH:
      return base64(memo.hash());
    case xdr::MemoType::MEMO_RETURN:
      return base64(memo.retHash());
  }
  return std::nullopt;
}

text::Strkey SignerText(const xdr::SignerKey& signer) {
  switch (signer.type()) {
    case xdr::SignerKeyType::SIGNER_KEY_TYPE_ED25519:
      return text::EncodeAccount(signer.ed25519());
    case xdr::SignerKeyType::SIGNER_KEY_TYPE_PRE_AUTH_TX:
      return text::EncodeStrkey(text::StrkeyKind::kPreAuthTx, signer.preAuthTx());
    case xdr::SignerKeyType::SIGNER_KEY_TYPE_HASH_X:
      return text::EncodeStrkey(text::StrkeyKind::kHashX, signer.hashX());
    case xdr::SignerKeyType::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD: {
      const auto signed_payload = signer.ed25519SignedPayload();
      return text::EncodeSignedPayload(signed_payload.ed25519(), signed_payload.payload());
    }
  }
  return {};
}

void ExtraSigners(const Row& row, TextList::Builder& out) {
  const auto v2 = row.tx().conditions().v2;
  if (!v2) return;
  for (const xdr::SignerKey signer : v2->extraSigners()) {
    out.Add(SignerText(signer));
  }
}

void Hints(const xdr::List<xdr::DecoratedSignature>& signatures, TextList::Builder& out) {
  for (const xdr::DecoratedSignature signature : signatures) {
    // 8 digits fit into a string without an allocation.
    out.Add(text::EncodeHex(signature.hint()));
  }
}

void ArchivedEntries(const Row& row, U32List::Builder& out) {
  const auto data = row.tx().soroban_data();
  const auto ext = data ? data->ext().ifResourceExt() : std::nullopt;
  if (!ext) return;
  for (const uint32_t entry : ext->archivedSorobanEntries()) {
    out.Add(entry);
  }
}

// Calls `visit` with each of the transaction's operations.
template <typename Visit>
void ForEachOperation(const Row& row, Visit visit) {
  const size_t count = row.tx().operation_count();
  for (size_t i = 0; i < count; ++i) visit(row.tx().operation(i));
}

std::optional<uint32_t> SorobanOperations(const Row& row) {
  uint32_t count = 0;
  ForEachOperation(row, [&count](const ledger::AppliedOperation& operation) {
    const xdr::OperationType type = operation.body().type();
    count += type == xdr::OperationType::INVOKE_HOST_FUNCTION ||
             type == xdr::OperationType::EXTEND_FOOTPRINT_TTL ||
             type == xdr::OperationType::RESTORE_FOOTPRINT;
  });
  if (count == 0) return std::nullopt;
  return count;
}

bool CreatesAccount(const Row& row) {
  bool creates = false;
  ForEachOperation(row, [&creates](const ledger::AppliedOperation& operation) {
    creates |= operation.body().type() == xdr::OperationType::CREATE_ACCOUNT;
  });
  return creates;
}

// The first of the transaction: the protocol allows one.
std::optional<xdr::HostFunction> HostFunction(const Row& row) {
  if (!row.is_soroban()) return std::nullopt;
  std::optional<xdr::HostFunction> function;
  ForEachOperation(row, [&function](const ledger::AppliedOperation& operation) {
    const auto invoke = operation.body().ifInvokeHostFunctionOp();
    if (invoke && !function) function = invoke->hostFunction();
  });
  return function;
}

std::optional<std::string_view> InvokedContract(const Row& row) {
  const auto function = HostFunction(row);
  const auto invoke = function ? function->ifInvokeContract() : std::nullopt;
  const auto contract = invoke ? invoke->contractAddress().ifContractId() : std::nullopt;
  if (!contract) return std::nullopt;
  return row.shared().keys.Contract(*contract);
}

// Every contract has one entry for its instance.
std::optional<uint32_t> CreatedContracts(const Row& row) {
  if (!row.is_soroban()) return std::nullopt;
  uint32_t count = 0;
  ForEachOperation(row, [&count](const ledger::AppliedOperation& operation) {
    for (const xdr::LedgerEntryChange change : operation.changes()) {
      const auto created = change.ifCreated();
      const auto data = created ? created->data().ifContractData() : std::nullopt;
      count += data && data->key().type() == xdr::SCValType::SCV_LEDGER_KEY_CONTRACT_INSTANCE;
    }
  });
  return count;
}

uint32_t ContractEvents(const Row& row) {
  if (const auto meta = row.tx().soroban_meta()) return Size(meta->events().size());
  uint32_t count = 0;
  ForEachOperation(row, [&count](const ledger::AppliedOperation& operation) {
    count += Size(operation.events().size());
  });
  return count;
}

template <typename Type, typename Extract>
constexpr Column<Row> Col(std::string_view name, Type type, std::string_view doc, Extract extract) {
  return columnar::Col<Row>(name, type, doc, extract);
}

// clang-format off
constexpr Column<Row> kColumns[] = {
    Col("ledger_sequence", U32{}, "Number of the ledger",
        [](const Row& r) { return r.ledger().sequence(); }),
    Col("transaction_hash", Hash32{}, "Hash of the transaction; of a fee bump, the outer one's",
        [](const Row& r) { return r.tx().hash(); }),
    Col("transaction_index", U32{}, "Place in the order of application, from 1 on",
        [](const Row& r) { return r.tx().application_order(); }),
    Col("ledger_close_time", Timestamp{}, "When the ledger closed",
        [](const Row& r) { return r.ledger().close_time(); }),
    Col("source_account", Text{}, "Source of the (inner) transaction (G...)",
        [](const Row& r) { return AccountText(r, r.tx().source()); }),
    Col("source_account_ed25519", Hash32{}, "Its public key",
        [](const Row& r) { return std::optional(r.tx().source().ed25519); }),
    Col("source_account_muxed", U64{}, "Its muxed id; null if it has none",
        [](const Row& r) { return r.tx().source().muxed_id; }),
    Col("sequence_number", I64{}, "Sequence number that the transaction uses up",
        [](const Row& r) { return r.tx().sequence_number(); }),
    Col("fee_charged", I64{}, "What the payer paid in the end, stroops; the result's feeCharged, except for Soroban fee bumps of protocol 20, where that is wrong",
        [](const Row& r) { return FeeCharged(r); }),
    Col("max_fee", I64{}, "Most that the payer offered, stroops; of a fee bump, the outer fee",
        [](const Row& r) { return r.tx().fee_bid(); }),
    Col("resource_fee", I64{}, "Resource fee that a Soroban transaction declares, stroops; null for others",
        [](const Row& r) { return PartOf(r.resources(), [](const auto& s) { return s.resource_fee; }); }),
    Col("soroban_resource_fee", I64{}, "Resource fee that was charged: resource_fee less the refund, stroops; null unless Soroban",
        [](const Row& r) { return SorobanResourceFee(r); }),
    Col("successful", Bool{}, "Whether the code is txSUCCESS or txFEE_BUMP_INNER_SUCCESS",
        [](const Row& r) { return r.tx().successful(); }),
    Col("result_code", I32{}, "TransactionResultCode; of a fee bump, the outer one",
        [](const Row& r) { return static_cast<int32_t>(r.tx().result_code()); }),
    Col("result_code_string", Text{}, "Its name, such as tx_success",
        [](const Row& r) { return ResultName(r, EnumNames::Style::kSnake); }),
    Col("operation_count", U32{}, "Operations in the envelope, whether they were applied or not",
        [](const Row& r) { return Size(r.tx().operation_count()); }),
    Col("created_contract_count", U32{}, "Contract instances that were created; null unless Soroban",
        [](const Row& r) { return CreatedContracts(r); }),
    Col("time_bounds_min", Timestamp{}, "Not valid before; null without time bounds. Times that int64 microseconds cannot tell become the last that they can",
        [](const Row& r) { return MinTime(r); }),
    Col("time_bounds_max", Timestamp{}, "Not valid after; null without such a bound",
        [](const Row& r) { return MaxTime(r); }),
    Col("ledger_bounds_min", U32{}, "Not valid before this ledger; null without ledger bounds",
        [](const Row& r) { return PartOf(LedgerBounds(r), [](const auto& b) { return b.minLedger(); }); }),
    Col("ledger_bounds_max", U32{}, "Not valid from this ledger on, 0 without end; null without ledger bounds",
        [](const Row& r) { return PartOf(LedgerBounds(r), [](const auto& b) { return b.maxLedger(); }); }),
    Col("min_account_sequence", I64{}, "Least sequence number of the source account; null for the one before the transaction's",
        [](const Row& r) { return PartOf(r.tx().conditions().v2, [](const auto& v2) { return v2.minSeqNum(); }).value_or(std::nullopt); }),
    Col("min_account_sequence_age", U64{}, "Seconds since the account's sequence number changed, at least; null unless the conditions are PRECOND_V2",
        [](const Row& r) { return PartOf(r.tx().conditions().v2, [](const auto& v2) { return v2.minSeqAge(); }); }),
    Col("min_account_sequence_ledger_gap", U32{}, "Ledgers since then, at least; null unless PRECOND_V2",
        [](const Row& r) { return PartOf(r.tx().conditions().v2, [](const auto& v2) { return v2.minSeqLedgerGap(); }); }),
    Col("extra_signers_count", U32{}, "Signers that must have signed beside the accounts'; null unless PRECOND_V2",
        [](const Row& r) { return PartOf(r.tx().conditions().v2, [](const auto& v2) { return Size(v2.extraSigners().size()); }); }),
    Col("signature_count", U32{}, "Signatures of the (inner) transaction",
        [](const Row& r) { return Size(r.tx().signatures().size()); }),
    Col("inner_transaction_hash", Hash32{}, "Hash of the inner transaction; null unless fee bump",
        [](const Row& r) { return InnerHash(r); }),
    Col("fee_source", Text{}, "Payer of a fee bump (G...); null for others, whose source pays",
        [](const Row& r) { return r.tx().is_fee_bump() ? std::optional(AccountText(r, r.tx().fee_source())) : std::nullopt; }),
    Col("memo_type", U8{}, "MemoType: 0 none, 1 text, 2 id, 3 hash, 4 return",
        [](const Row& r) { return static_cast<uint8_t>(r.tx().memo().type()); }),
    Col("memo_text", Text{}, "A text memo as valid UTF-8, U+FFFD for what is none; memo_text_bytes is exact",
        [](const Row& r) { return MemoText(r); }),
    Col("memo_id", U64{}, "An id memo",
        [](const Row& r) { return r.tx().memo().ifId(); }),
    Col("memo_hash", Hash32{}, "A hash memo",
        [](const Row& r) { return r.tx().memo().ifHash(); }),
    Col("memo_return_hash", Hash32{}, "A return memo: hash of the transaction that is paid back",
        [](const Row& r) { return r.tx().memo().ifRetHash(); }),
    Col("protocol_version", U32{}, "Protocol version in the ledger's header",
        [](const Row& r) { return r.ledger().header().ledgerVersion(); }),
    Col("transaction_envelope_type", U32{}, "EnvelopeType: 0 transaction V0, 2 transaction, 5 fee bump",
        [](const Row& r) { return static_cast<uint32_t>(r.tx().envelope().type()); }),
    Col("soroban_operations_count", U32{}, "invoke_host_function, extend_footprint_ttl and restore_footprint in the envelope; null if none",
        [](const Row& r) { return SorobanOperations(r); }),
    Col("soroban_resources_instructions", U32{}, "Declared instructions; null unless Soroban",
        [](const Row& r) { return PartOf(r.resources(), [](const auto& s) { return s.instructions; }); }),
    Col("soroban_resources_read_bytes", U32{}, "Declared bytes to read (from disk, since protocol 23); null unless Soroban",
        [](const Row& r) { return PartOf(r.resources(), [](const auto& s) { return s.disk_read_bytes; }); }),
    Col("soroban_resources_write_bytes", U32{}, "Declared bytes to write; null unless Soroban",
        [](const Row& r) { return PartOf(r.resources(), [](const auto& s) { return s.write_bytes; }); }),
    Col("soroban_resources_metadata_size_bytes", U32{}, "Always null: the protocol had such a field before its release only",
        [](const Row&) { return std::optional<uint32_t>(); }),
    Col("transaction_envelope_xdr", Binary{}, "The TransactionEnvelope's XDR",
        [](const Row& r) { return r.tx().envelope_wire(); }),
    Col("transaction_result_xdr", Binary{}, "The TransactionResult's XDR",
        [](const Row& r) { return r.tx().result_wire(); }),
    Col("transaction_meta_xdr", Binary{}, "The TransactionMeta's XDR",
        [](const Row& r) { return r.tx().meta_wire(); }),
    // What the original did not have.
    Col("transaction_id", I64{}, "TOID of the transaction (SEP-35)",
        [](const Row& r) { return ledger::Toid(r.ledger().sequence(), r.tx().application_order()); }),
    Col("account_muxed", Text{}, "Muxed address of the source (M...); null if it is not muxed",
        [](const Row& r) { return MuxedText(r.tx().source()); }),
    Col("fee_account_muxed", Text{}, "Muxed address of a fee bump's payer (M...); null if it is not muxed, and for others",
        [](const Row& r) { return r.tx().is_fee_bump() ? MuxedText(r.tx().fee_source()) : std::nullopt; }),
    Col("new_max_fee", I64{}, "Fee that a fee bump offers, stroops; null for others",
        [](const Row& r) { return r.tx().is_fee_bump() ? std::optional(r.tx().fee_bid()) : std::nullopt; }),
    Col("inner_max_fee", I64{}, "Fee that the (inner) transaction offers, stroops",
        [](const Row& r) { return int64_t{r.tx().inner_fee_bid()}; }),
    Col("memo", Text{}, "The memo of any kind: text, id in decimal, hashes in base64; null if none",
        [](const Row& r) { return MemoOfAnyKind(r); }),
    Col("memo_text_bytes", Binary{}, "A text memo, byte for byte",
        [](const Row& r) { return MemoTextBytes(r); }),
    Col("time_bounds", Text{}, "Time bounds in seconds as [min,max), or [min,) without end; null if none",
        [](const Row& r) { return TimeBoundsText(r); }),
    Col("ledger_bounds", Text{}, "Ledger bounds as [min,max), where a max of 0 is no end; null if none",
        [](const Row& r) { return LedgerBoundsText(r); }),
    Col("extra_signers", TextList{}, "Signers that must have signed beside the accounts' (G..., T..., X..., P...)",
        [](const Row& r, TextList::Builder& out) { return ExtraSigners(r, out); }),
    Col("soroban_resources_disk_read_bytes", U32{}, "The same as soroban_resources_read_bytes, by its name since protocol 23",
        [](const Row& r) { return PartOf(r.resources(), [](const auto& s) { return s.disk_read_bytes; }); }),
    Col("soroban_resources_archived_entries", U32List{}, "Archived entries to restore, as places in the footprint's readWrite",
        [](const Row& r, U32List::Builder& out) { return ArchivedEntries(r, out); }),
    Col("inclusion_fee_bid", I64{}, "max_fee less resource_fee, stroops; null unless Soroban",
        [](const Row& r) { return InclusionFeeBid(r); }),
    Col("inclusion_fee_charged", I64{}, "What was taken from the payer at first, less resource_fee, stroops; null unless Soroban",
        [](const Row& r) { return InclusionFeeCharged(r); }),
    Col("resource_fee_refund", I64{}, "What the payer got back of it, stroops; null unless Soroban",
        [](const Row& r) { return ResourceFeeRefund(r); }),
    Col("non_refundable_resource_fee_charged", I64{}, "Part of soroban_resource_fee, stroops; null unless core was told to write it",
        [](const Row& r) { return PartOf(FeesByPart(r), [](const auto& f) { return f.totalNonRefundableResourceFeeCharged(); }); }),
    Col("refundable_resource_fee_charged", I64{}, "The other part, stroops; null unless core was told to write it",
        [](const Row& r) { return PartOf(FeesByPart(r), [](const auto& f) { return f.totalRefundableResourceFeeCharged(); }); }),
    Col("rent_fee_charged", I64{}, "Of the other part, the fee for rent, stroops; null unless core was told to write it",
        [](const Row& r) { return PartOf(FeesByPart(r), [](const auto& f) { return f.rentFeeCharged(); }); }),
    Col("fee_meta_xdr", Binary{}, "XDR of the LedgerEntryChanges by which the fee was taken",
        [](const Row& r) { return r.tx().fee_changes().wire(); }),
    Col("post_fee_meta_xdr", Binary{}, "XDR of the LedgerEntryChanges after all transactions of the ledger (refunds); null before LedgerCloseMeta V2",
        [](const Row& r) { return PartOf(r.tx().post_fee_changes(), [](const auto& c) { return c.wire(); }); }),
    Col("transaction_result_code", Text{}, "Name of result_code as stellar-etl writes it",
        [](const Row& r) { return ResultName(r, EnumNames::Style::kGo); }),
    Col("inner_result_code", I32{}, "TransactionResultCode of the inner transaction; null where a result has none",
        [](const Row& r) { return InnerResultCode(r); }),
    Col("signature_hints", TextList{}, "Of each signature of the (inner) transaction, the last 4 bytes of its key, in hex",
        [](const Row& r, TextList::Builder& out) { return Hints(r.tx().signatures(), out); }),
    Col("fee_bump_signature_count", U32{}, "Signatures of the fee bump itself; null for others",
        [](const Row& r) { return r.tx().is_fee_bump() ? std::optional(Size(r.tx().fee_bump_signatures().size())) : std::nullopt; }),
    Col("fee_bump_signature_hints", TextList{}, "Their hints",
        [](const Row& r, TextList::Builder& out) { return Hints(r.tx().fee_bump_signatures(), out); }),
    Col("soroban_host_function_type", U32{}, "HostFunctionType: 0 invoke, 1 create, 2 upload, 3 create V2; null without host function",
        [](const Row& r) { return PartOf(HostFunction(r), [](const auto& f) { return static_cast<uint32_t>(f.type()); }); }),
    Col("soroban_contract_id", Text{}, "Contract that is invoked (C...); null if none is",
        [](const Row& r) { return InvokedContract(r); }),
    Col("contract_events_count", U32{}, "Contract events of the operations, without diagnostic ones",
        [](const Row& r) { return ContractEvents(r); }),
    Col("new_account", Bool{}, "Whether an operation is create_account",
        [](const Row& r) { return CreatesAccount(r); }),
};
// clang-format on

struct Rows {
  using Row = tables::Row;
  static constexpr bool kOneRowPerLedger = false;
  static constexpr bool kNeedsTransactions = true;

  template <typename Append>
  arrow::Status Visit(const ledger::Ledger& ledger, Append&& append) {
    const size_t count = ledger.transaction_count();
    if (count > ledger::kMaxToidTransaction) {
      return LedgerError(ErrorCode::kResourceExhausted, ledger.sequence(), "ledger ",
                         ledger.sequence(), " has ", count, " transactions; ids tell ",
                         ledger::kMaxToidTransaction, " apart");
    }
    shared.keys.StartLedger();
    for (size_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(block.Add(append, ledger, i, shared));
    return block.Flush(append);
  }

  Shared shared;
  RowBlock<Row> block;
};

}  // namespace

const Table& TransactionsTable() {
  static const LedgerTable<Rows> table(
      "transactions", "1.1.0",
      "One row per applied transaction, failed ones included, in the order of application.",
      kColumns);
  return table;
}

}  // namespace stellar_arrow::tables

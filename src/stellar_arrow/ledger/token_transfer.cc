#include "stellar_arrow/ledger/token_transfer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/asset.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/utf8.h"

namespace stellar_arrow::ledger {
namespace {

using Kind = Holder::Kind;
using MuxedKind = TokenTransfer::MuxedKind;

constexpr size_t kHash = 32;              // bytes
constexpr uint32_t kRefundsLast = 23;     // first protocol that pays refunds after all transactions
constexpr uint32_t kNoReconciling = 8;    // first protocol whose operations tell all XLM they move
constexpr size_t kMaxKeptAssets = 16384;  // more than any ledger has

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool SameKey(const uint8_t* a, const uint8_t* b) { return std::memcmp(a, b, kHash) == 0; }

Holder AccountHolder(xdr::uint256 key) { return {Kind::kAccount, key.data(), 0}; }
Holder PoolHolder(xdr::PoolID id) { return {Kind::kLiquidityPool, id.data(), 0}; }

Holder BalanceHolder(const xdr::ClaimableBalanceID& id) {
  switch (id.type()) {
    case xdr::ClaimableBalanceIDType::CLAIMABLE_BALANCE_ID_TYPE_V0:
      break;
  }
  return {Kind::kClaimableBalance, id.v0().data(), 0};
}

Holder HolderOf(const xdr::SCAddress& address) {
  switch (address.type()) {
    case xdr::SCAddressType::SC_ADDRESS_TYPE_ACCOUNT:
      return AccountHolder(address.accountId().ed25519());
    case xdr::SCAddressType::SC_ADDRESS_TYPE_CONTRACT:
      return {Kind::kContract, address.contractId().data(), 0};
    case xdr::SCAddressType::SC_ADDRESS_TYPE_MUXED_ACCOUNT: {
      const xdr::MuxedEd25519Account muxed = address.muxedAccount();
      return {Kind::kMuxedAccount, muxed.ed25519().data(), muxed.id()};
    }
    case xdr::SCAddressType::SC_ADDRESS_TYPE_CLAIMABLE_BALANCE:
      return BalanceHolder(address.claimableBalanceId());
    case xdr::SCAddressType::SC_ADDRESS_TYPE_LIQUIDITY_POOL:
      return PoolHolder(address.liquidityPoolId());
    case xdr::SCAddressType::SC_ADDRESS_TYPE_MUXED_CONTRACT: {
      const xdr::MuxedContract muxed = address.muxedContract();
      return {Kind::kMuxedContract, muxed.contractId().data(), muxed.id()};
    }
  }
  return {};
}

bool IsAccount(const Holder& holder) {
  return holder.kind == Kind::kAccount || holder.kind == Kind::kMuxedAccount;
}

bool Issues(const Holder& holder, const KnownAsset& asset) {
  return IsAccount(holder) && !asset.native() && SameKey(holder.key, asset.issuer.data());
}

// Where an account is muxed, the account itself.
Holder Plain(Holder holder) {
  if (holder.kind == Kind::kMuxedAccount) return {Kind::kAccount, holder.key, 0};
  return holder;
}

// Where money goes; an account that is muxed keeps its id.
struct Destination {
  Holder holder;
  std::optional<uint64_t> muxed_id;
};

Destination DestinationOf(const xdr::MuxedAccount& account) {
  if (auto muxed = account.ifMed25519()) return {AccountHolder(muxed->ed25519()), muxed->id()};
  return {AccountHolder(account.ed25519()), std::nullopt};
}

Int128 AmountOf(const xdr::Int128Parts& parts) { return Int128{parts.hi()} << 64 | parts.lo(); }

std::optional<Int128> AmountOf(const xdr::SCVal& value) {
  const auto parts = value.ifI128();
  if (!parts) return std::nullopt;
  return AmountOf(*parts);
}

// The event's topics and data, if it is a contract's.
std::optional<xdr::ContractEventV0> ContractEventBody(const xdr::ContractEvent& event) {
  if (event.type() != xdr::ContractEventType::CONTRACT || !event.contractID()) return std::nullopt;
  return event.body().ifV0();
}

bool IsFeeEvent(const xdr::ContractEvent& event) {
  const auto body = ContractEventBody(event);
  if (!body || body->topics().empty()) return false;
  const auto name = (*body->topics().begin()).ifSym();
  return name && *name == "fee";
}

// Whether every transaction has a fee event in its meta: core was told to write classic events.
bool HasAllFeeEvents(const Ledger& ledger) {
  for (const ResultSpan& result : ledger.results()) {
    if (result.transaction_events == nullptr) return false;
  }
  for (size_t i = 0; i < ledger.transaction_count(); ++i) {
    const xdr::List<xdr::TransactionEvent> events = ledger.transaction(i).meta_parts().events;
    const auto is_fee = [](const xdr::TransactionEvent& event) {
      return IsFeeEvent(event.event());
    };
    if (std::none_of(events.begin(), events.end(), is_fee)) return false;
  }
  return true;
}

// One entry before and after; what did not exist then is absent.
struct EntryChange {
  xdr::LedgerEntryChangeType type;
  std::optional<xdr::LedgerEntry> before;
  std::optional<xdr::LedgerEntry> after;

  // LedgerEntryData of one of the two.
  xdr::LedgerEntryData data() const { return after ? after->data() : before->data(); }
};

// Joins each change with the state that stands before it. False, having stopped there, if an update
// or a removal has none, or one of another type.
template <typename Visit>
bool ForEachChange(const xdr::LedgerEntryChanges& changes, Visit visit) {
  std::optional<xdr::LedgerEntry> before;
  for (const xdr::LedgerEntryChange& change : changes) {
    const xdr::LedgerEntryChangeType type = change.type();
    switch (type) {
      case xdr::LedgerEntryChangeType::LEDGER_ENTRY_STATE:
        before = change.state();
        break;
      case xdr::LedgerEntryChangeType::LEDGER_ENTRY_CREATED:
        visit(EntryChange{type, std::nullopt, change.created()});
        before.reset();
        break;
      case xdr::LedgerEntryChangeType::LEDGER_ENTRY_RESTORED:
        visit(EntryChange{type, std::nullopt, change.restored()});
        before = change.restored();
        break;
      case xdr::LedgerEntryChangeType::LEDGER_ENTRY_UPDATED:
        if (!before || before->data().type() != change.updated().data().type()) return false;
        visit(EntryChange{type, before, change.updated()});
        before.reset();
        break;
      case xdr::LedgerEntryChangeType::LEDGER_ENTRY_REMOVED:
        if (!before || before->data().type() != change.removed().type()) return false;
        visit(EntryChange{type, before, std::nullopt});
        before.reset();
        break;
    }
  }
  return true;
}

// The last balances of `account` that were stated and updated to.
struct Balances {
  int64_t before = 0;
  int64_t after = 0;

  void Follow(const xdr::LedgerEntryChanges& changes, const Holder& account) {
    for (const xdr::LedgerEntryChange& change : changes) {
      const auto state = change.ifState();
      const auto updated = change.ifUpdated();
      if (!state && !updated) continue;
      const auto entry = (state ? *state : *updated).data().ifAccount();
      if (!entry || !SameKey(entry->accountID().ed25519().data(), account.key)) continue;
      (state ? before : after) = entry->balance();
    }
  }
  Int128 gained() const { return Int128{after} - before; }
};

Balances FeeDebit(const AppliedTransaction& transaction, const Holder& payer) {
  Balances balances;
  balances.Follow(transaction.fee_changes(), payer);
  return balances;
}

// Refunds are among the changes after the transaction, and after all transactions since protocol
// 23; only one of them has any.
Balances FeeRefund(const AppliedTransaction& transaction, const Holder& payer) {
  Balances balances;
  const MetaParts meta = transaction.meta_parts();
  if (meta.changes_after) balances.Follow(*meta.changes_after, payer);
  if (auto changes = transaction.post_fee_changes()) balances.Follow(*changes, payer);
  return balances;
}

// What a token event of SEP-41 says beyond who and how much.
struct EventData {
  Int128 amount = 0;
  MuxedKind muxed = MuxedKind::kNone;
  uint64_t muxed_id = 0;
  std::span<const uint8_t> muxed_bytes;
};

std::optional<EventData> DataOfMap(const xdr::SCMap& map) {
  EventData data;
  bool found = false;
  for (const xdr::SCMapEntry& entry : map) {
    const auto key = entry.key().ifSym();
    if (!key) return std::nullopt;
    const xdr::SCVal value = entry.val();
    if (*key == "amount") {
      const auto amount = AmountOf(value);
      if (!amount) return std::nullopt;
      data.amount = *amount;
      found = true;
    } else if (*key == "to_muxed_id") {
      if (auto id = value.ifU64()) {
        data.muxed = MuxedKind::kId;
        data.muxed_id = *id;
      } else if (auto bytes = value.ifBytes()) {
        data.muxed = MuxedKind::kBytes;
        data.muxed_bytes = *bytes;
      } else if (auto text = value.ifStr()) {
        data.muxed = MuxedKind::kText;
        data.muxed_bytes = {reinterpret_cast<const uint8_t*>(text->data()), text->size()};
      } else if (value.type() != xdr::SCValType::SCV_VOID) {
        return std::nullopt;
      }
    }
  }
  if (!found) return std::nullopt;
  return data;
}

std::optional<EventData> DataOf(const xdr::SCVal& value, bool may_be_map) {
  if (may_be_map) {
    if (auto map = value.ifMap()) return *map ? DataOfMap(**map) : std::nullopt;
  }
  const auto amount = AmountOf(value);
  if (!amount) return std::nullopt;
  EventData data;
  data.amount = *amount;
  return data;
}

std::optional<TransferType> TokenEventType(std::string_view name) {
  if (name == "transfer") return TransferType::kTransfer;
  if (name == "mint") return TransferType::kMint;
  if (name == "burn") return TransferType::kBurn;
  if (name == "clawback") return TransferType::kClawback;
  return std::nullopt;
}

// "fee" is no SEP-41 event, so it is not among these.
struct EventShape {
  size_t parties;  // addresses that follow the name
  size_t party;    // the topic with the one party of a mint, burn or clawback
};

// Before protocol 23 the administrator stood before the party of mints and clawbacks.
EventShape ShapeOf(TransferType type, bool has_admin) {
  switch (type) {
    case TransferType::kTransfer:
      return {2, 0};
    case TransferType::kMint:
    case TransferType::kClawback:
      return has_admin ? EventShape{2, 2} : EventShape{1, 1};
    case TransferType::kBurn:
    case TransferType::kFee:
      break;
  }
  return {1, 1};
}

}  // namespace

std::string_view TransferTypeName(TransferType type) {
  switch (type) {
    case TransferType::kTransfer:
      return "transfer";
    case TransferType::kMint:
      return "mint";
    case TransferType::kBurn:
      return "burn";
    case TransferType::kClawback:
      return "clawback";
    case TransferType::kFee:
      return "fee";
  }
  return "";
}

void KnownAssets::Start(const Hash256& network_id) {
  if (network_id_ == network_id && assets_.size() <= kMaxKeptAssets) return;
  network_id_ = network_id;
  by_xdr_.clear();
  by_contract_.clear();
  assets_.clear();
  static constexpr uint8_t kNative[4] = {0, 0, 0, 0};
  native_ = Get(*xdr::Asset::Check(kNative));
}

const KnownAsset* KnownAssets::Get(const xdr::Asset& asset) {
  const auto found = by_xdr_.find(TextOf(asset.wire()));
  if (found != by_xdr_.end()) return found->second;
  return Add(asset, AssetContractId(asset, *network_id_, sha_));
}

const KnownAsset* KnownAssets::Add(const xdr::Asset& asset, const Hash256& contract_id) {
  KnownAsset& known = assets_.emplace_back();
  const AssetParts parts = PartsOf(asset);
  known.type = parts.type;
  known.contract_id = contract_id;
  known.canonical = "native";
  if (parts.issuer) {
    std::ranges::copy(*parts.issuer, known.issuer.begin());
    known.issuer_text = text::EncodeAccount(*parts.issuer).view();
    std::string scratch;
    known.code = text::ValidUtf8(parts.code, &scratch);
    known.canonical = known.code + ":" + known.issuer_text;
    const auto is_plain = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    };
    const bool is_long = parts.type == xdr::AssetType::ASSET_TYPE_CREDIT_ALPHANUM12;
    known.plain = std::ranges::all_of(parts.code, is_plain) && !parts.code.empty() &&
                  is_long == (parts.code.size() > 4);
  }
  by_xdr_.emplace(TextOf(asset.wire()), &known);
  by_contract_.emplace(TextOf(contract_id), &known);
  return &known;
}

const KnownAsset* KnownAssets::Named(std::string_view name,
                                     std::span<const uint8_t, 32> contract_id) {
  const auto found = by_contract_.find(TextOf(contract_id));
  if (found != by_contract_.end()) {
    const KnownAsset& asset = *found->second;
    return asset.plain && asset.canonical == name ? &asset : nullptr;
  }
  AssetWire wire;
  const auto asset = AssetNamed(name, &wire);
  if (!asset) return nullptr;
  const Hash256 want = AssetContractId(*asset, *network_id_, sha_);
  if (!std::ranges::equal(want, contract_id)) return nullptr;
  const KnownAsset* const known = Add(*asset, want);
  return known->plain ? known : nullptr;
}

// One ledger's walk.
class TokenTransfers::Reading {
 public:
  Reading(TokenTransfers& out, const Ledger& ledger)
      : out_(out), ledger_(ledger), unified_(out.unified_) {}

  arrow::Status Run() {
    const size_t count = ledger_.transaction_count();
    for (size_t i = 0; i < count; ++i) {
      const AppliedTransaction transaction = ledger_.transaction(i);
      Enter(transaction);
      ARROW_RETURN_NOT_OK(unified_ ? FeeEvents() : DerivedFees());
    }
    const bool refunds_last = ledger_.header().ledgerVersion() >= kRefundsLast;
    auto refund = out_.refunds_.begin();
    for (size_t i = 0; i < count; ++i) {
      const AppliedTransaction transaction = ledger_.transaction(i);
      Enter(transaction);
      if (transaction.successful()) ARROW_RETURN_NOT_OK(Operations());
      if (refunds_last) continue;
      for (; refund != out_.refunds_.end() && refund->transaction == i; ++refund) {
        out_.transfers_.push_back(*refund);
      }
    }
    out_.transfers_.insert(out_.transfers_.end(), refund, out_.refunds_.end());
    return arrow::Status::OK();
  }

 private:
  void Enter(const AppliedTransaction& transaction) {
    transaction_ = &transaction;
    operation_ = 0;
  }

  template <typename... Parts>
  arrow::Status Fail(std::string_view path, const Parts&... what) const {
    return LedgerError(ErrorCode::kDataLoss, ledger_.sequence(), "ledger ", ledger_.sequence(),
                       ": transaction ", text::EncodeHex(transaction_->hash()), ": v",
                       ledger_.meta_version(), ".txProcessing[",
                       transaction_->application_order() - 1, "].", path, ": ", what...,
                       "; its token transfers cannot be told");
  }

  std::string MetaPath(std::string_view part) const {
    const int32_t version = transaction_->meta().v();
    return version == 0 ? Concat("txApplyProcessing.", part)
                        : Concat("txApplyProcessing.v", version, ".", part);
  }

  arrow::Status BadChanges(std::string_view what) const {
    return Fail(MetaPath(Concat("operations[", operation_ - 1, "].changes")), what);
  }

  arrow::Status BadResult() const {
    const bool is_inner =
        transaction_->result_pair().result().result().ifInnerResultPair().has_value();
    return Fail(Concat("result.result.result.", is_inner ? "innerResultPair.result.result." : "",
                       "results[", operation_ - 1, "]"),
                "no result of this operation's success, though the transaction succeeded");
  }

  TokenTransfer& Add(TransferType type, const KnownAsset* asset, Int128 amount) {
    TokenTransfer& transfer = out_.transfers_.emplace_back();
    transfer.type = type;
    transfer.transaction = transaction_->application_order() - 1;
    transfer.operation = operation_;
    transfer.amount = amount;
    transfer.asset = asset;
    if (asset != nullptr) transfer.contract = asset->contract_id.data();
    return transfer;
  }

  // Money of a classic asset that goes from one to the other: what comes from its issuer is made,
  // what goes there ceases to be. Between the issuer and itself it only passes.
  TokenTransfer& Move(const KnownAsset* asset, Int128 amount, const Holder& from,
                      const Holder& to) {
    TokenTransfer& transfer = Add(TransferType::kTransfer, asset, amount);
    SetParties(transfer, from, to);
    return transfer;
  }

  static void SetParties(TokenTransfer& transfer, const Holder& from, const Holder& to) {
    const bool made = Issues(from, *transfer.asset);
    const bool unmade = Issues(to, *transfer.asset);
    transfer.type = made == unmade ? TransferType::kTransfer
                    : made         ? TransferType::kMint
                                   : TransferType::kBurn;
    if (transfer.type != TransferType::kMint) transfer.from = Plain(from);
    if (transfer.type != TransferType::kBurn) transfer.to = Plain(to);
  }

  // The same to an account that may be muxed, or else the memo tells who it is for.
  void MoveTo(const KnownAsset* asset, Int128 amount, const Holder& from, const Destination& to) {
    TokenTransfer& transfer = Move(asset, amount, from, to.holder);
    if (transfer.type == TransferType::kBurn) return;
    if (to.muxed_id) {
      transfer.muxed = MuxedKind::kId;
      transfer.muxed_id = *to.muxed_id;
      return;
    }
    const xdr::Memo memo = transaction_->memo();
    switch (memo.type()) {
      case xdr::MemoType::MEMO_NONE:
        break;
      case xdr::MemoType::MEMO_TEXT: {
        const std::string_view text = memo.text();
        transfer.muxed = MuxedKind::kText;
        transfer.muxed_bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
        break;
      }
      case xdr::MemoType::MEMO_ID:
        transfer.muxed = MuxedKind::kId;
        transfer.muxed_id = memo.id();
        break;
      case xdr::MemoType::MEMO_HASH:
        transfer.muxed = MuxedKind::kBytes;
        transfer.muxed_bytes = memo.hash();
        break;
      case xdr::MemoType::MEMO_RETURN:
        transfer.muxed = MuxedKind::kBytes;
        transfer.muxed_bytes = memo.retHash();
        break;
    }
  }

  arrow::Status FeeEvents() {
    const xdr::List<xdr::TransactionEvent> events = transaction_->meta_parts().events;
    size_t fees = 0;
    size_t index = 0;
    for (const xdr::TransactionEvent& one : events) {
      const auto bad = [&](std::string_view what) {
        return Fail(MetaPath(Concat("events[", index, "]")), what);
      };
      const xdr::ContractEvent event = one.event();
      const auto body = ContractEventBody(event);
      if (!body || body->topics().empty()) return bad("not an event of a contract with a name");
      if (IsFeeEvent(event)) {
        const auto topics = body->topics();
        if (topics.size() != 2) return bad("a fee event has a name and an account");
        const auto from = topics[1].ifAddress();
        if (!from) return bad("a fee is paid by an address");
        const auto amount = AmountOf(body->data());
        if (!amount) return bad("the amount of a fee is an i128");
        const KnownAsset* const native = out_.assets_.native();
        if (!SameKey(event.contractID()->data(), native->contract_id.data())) {
          return bad("a fee is paid in the native asset's contract of this network");
        }
        if (++fees > 2) return bad("a transaction has one fee and at most one refund");
        Fee(*amount, HolderOf(*from), fees == 2);
      }
      ++index;
    }
    if (fees == 0) return Fail(MetaPath("events"), "no fee event");
    return arrow::Status::OK();
  }

  void Fee(Int128 amount, const Holder& from, bool is_refund) {
    Add(TransferType::kFee, out_.assets_.native(), amount).from = from;
    if (!is_refund) return;
    out_.refunds_.push_back(out_.transfers_.back());
    out_.transfers_.pop_back();
  }

  arrow::Status DerivedFees() {
    const Holder payer = AccountHolder(transaction_->fee_source().ed25519);
    if (!transaction_->soroban_data()) {
      Fee(transaction_->fee_charged(), payer, false);
      return arrow::Status::OK();
    }
    const Int128 debit = -FeeDebit(*transaction_, payer).gained();
    if (debit < 0) return Fail("feeProcessing", "a fee that makes its payer richer");
    Fee(debit, payer, false);
    const Int128 refund = FeeRefund(*transaction_, payer).gained();
    if (refund < 0) {
      return Fail(transaction_->post_fee_changes() ? "postTxApplyFeeProcessing"
                                                   : MetaPath("txChangesAfter"),
                  "a refund that makes its receiver poorer");
    }
    if (refund > 0) Fee(-refund, payer, true);
    return arrow::Status::OK();
  }

  arrow::Status Operations() {
    const size_t count = transaction_->operation_count();
    for (size_t i = 0; i < count; ++i) {
      const AppliedOperation operation = transaction_->operation(i);
      operation_ = static_cast<uint32_t>(i + 1);
      if (unified_) {
        ContractEvents(operation);
      } else {
        ARROW_RETURN_NOT_OK(Derive(operation));
      }
    }
    operation_ = 0;
    return arrow::Status::OK();
  }

  void ContractEvents(const AppliedOperation& operation) {
    if (!operation.has_meta()) return;
    const bool is_v4 = transaction_->meta().v() >= 4;
    for (const xdr::ContractEvent& event : operation.events()) ContractEvent(event, is_v4);
  }

  // Takes an event of SEP-41; leaves all others alone.
  void ContractEvent(const xdr::ContractEvent& event, bool is_v4) {
    const auto body = ContractEventBody(event);
    if (!body) return;
    constexpr size_t kMost = 4;  // topics that are looked at
    const xdr::List<xdr::SCVal> topics = body->topics();
    std::array<std::optional<xdr::SCVal>, kMost> topic;
    size_t count = 0;
    for (const xdr::SCVal& one : topics) {
      topic[count++] = one;
      if (count == kMost) break;
    }
    if (topics.size() < 2) return;
    const auto name = topic[0]->ifSym();
    const auto type = name ? TokenEventType(*name) : std::nullopt;
    if (!type) return;
    const EventShape shape = ShapeOf(*type, !is_v4);
    if (topics.size() <= shape.parties) return;
    std::array<Holder, 3> party;
    for (size_t i = 1; i <= shape.parties; ++i) {
      const auto address = topic[i]->ifAddress();
      if (!address) return;
      party[i] = HolderOf(*address);
    }
    const auto data = DataOf(body->data(), is_v4);
    if (!data) return;

    TokenTransfer& transfer = Add(*type, nullptr, data->amount);
    transfer.contract = event.contractID()->data();
    transfer.muxed = data->muxed;
    transfer.muxed_id = data->muxed_id;
    transfer.muxed_bytes = data->muxed_bytes;
    switch (*type) {
      case TransferType::kTransfer:
        transfer.from = party[1];
        transfer.to = party[2];
        break;
      case TransferType::kMint:
        transfer.to = party[shape.party];
        break;
      case TransferType::kBurn:
      case TransferType::kClawback:
      case TransferType::kFee:
        transfer.from = party[shape.party];
        break;
    }
    // The asset's name is exactly one topic more.
    if (topics.size() != shape.parties + 2) return;
    const auto asset_name = topic[shape.parties + 1]->ifStr();
    if (!asset_name) return;
    transfer.asset = out_.assets_.Named(*asset_name, *event.contractID());
    if (transfer.asset == nullptr || is_v4 || *type != TransferType::kTransfer) return;
    // The contract of an asset did not tell mints and burns by the issuer apart before protocol 23.
    transfer.from = transfer.to = {};
    SetParties(transfer, party[1], party[2]);
  }

  arrow::Status Derive(const AppliedOperation& operation) {
    using Type = xdr::OperationType;
    const size_t first = out_.transfers_.size();
    const xdr::OperationBody body = operation.body();
    switch (body.type()) {
      case Type::CREATE_ACCOUNT: {
        const xdr::CreateAccountOp op = body.createAccountOp();
        MoveTo(out_.assets_.native(), op.startingBalance(), Source(operation),
               {AccountHolder(op.destination().ed25519()), std::nullopt});
        break;
      }
      case Type::PAYMENT: {
        const xdr::PaymentOp op = body.paymentOp();
        MoveTo(out_.assets_.Get(op.asset()), op.amount(), Source(operation),
               DestinationOf(op.destination()));
        break;
      }
      case Type::PATH_PAYMENT_STRICT_RECEIVE: {
        const auto result =
            ResultOf(operation, &xdr::OperationResultTr::ifPathPaymentStrictReceiveResult);
        const auto success = result ? result->ifSuccess() : std::nullopt;
        if (!success) return BadResult();
        const xdr::PathPaymentStrictReceiveOp op = body.pathPaymentStrictReceiveOp();
        Trades(operation, success->offers());
        MoveTo(out_.assets_.Get(op.destAsset()), op.destAmount(), Source(operation),
               DestinationOf(op.destination()));
        break;
      }
      case Type::PATH_PAYMENT_STRICT_SEND: {
        const auto result =
            ResultOf(operation, &xdr::OperationResultTr::ifPathPaymentStrictSendResult);
        const auto success = result ? result->ifSuccess() : std::nullopt;
        if (!success) return BadResult();
        const xdr::PathPaymentStrictSendOp op = body.pathPaymentStrictSendOp();
        Trades(operation, success->offers());
        MoveTo(out_.assets_.Get(op.destAsset()), success->last().amount(), Source(operation),
               DestinationOf(op.destination()));
        break;
      }
      case Type::MANAGE_SELL_OFFER:
      case Type::CREATE_PASSIVE_SELL_OFFER: {
        // Core writes passive offers' results under either type.
        auto result = ResultOf(operation, &xdr::OperationResultTr::ifManageSellOfferResult);
        if (!result) {
          result = ResultOf(operation, &xdr::OperationResultTr::ifCreatePassiveSellOfferResult);
        }
        const auto success = result ? result->ifSuccess() : std::nullopt;
        if (!success) return BadResult();
        Trades(operation, success->offersClaimed());
        break;
      }
      case Type::MANAGE_BUY_OFFER: {
        const auto result = ResultOf(operation, &xdr::OperationResultTr::ifManageBuyOfferResult);
        const auto success = result ? result->ifSuccess() : std::nullopt;
        if (!success) return BadResult();
        Trades(operation, success->offersClaimed());
        break;
      }
      case Type::ACCOUNT_MERGE: {
        const auto result = ResultOf(operation, &xdr::OperationResultTr::ifAccountMergeResult);
        const auto balance = result ? result->ifSourceAccountBalance() : std::nullopt;
        if (!balance) return BadResult();
        MoveTo(out_.assets_.native(), *balance, Source(operation),
               DestinationOf(body.destination()));
        break;
      }
      case Type::INFLATION: {
        const auto result = ResultOf(operation, &xdr::OperationResultTr::ifInflationResult);
        const auto payouts = result ? result->ifPayouts() : std::nullopt;
        if (!payouts) return BadResult();
        for (const xdr::InflationPayout& payout : *payouts) {
          Add(TransferType::kMint, out_.assets_.native(), payout.amount()).to =
              AccountHolder(payout.destination().ed25519());
        }
        break;
      }
      case Type::CREATE_CLAIMABLE_BALANCE: {
        const auto result =
            ResultOf(operation, &xdr::OperationResultTr::ifCreateClaimableBalanceResult);
        const auto id = result ? result->ifBalanceID() : std::nullopt;
        if (!id) return BadResult();
        const xdr::CreateClaimableBalanceOp op = body.createClaimableBalanceOp();
        Move(out_.assets_.Get(op.asset()), op.amount(), Source(operation), BalanceHolder(*id));
        break;
      }
      case Type::CLAIM_CLAIMABLE_BALANCE: {
        ARROW_RETURN_NOT_OK(FindRemovedBalance(operation));
        const xdr::ClaimableBalanceEntry& entry = out_.balances_.front();
        const Account source = operation.source();
        MoveTo(out_.assets_.Get(entry.asset()), entry.amount(),
               BalanceHolder(body.claimClaimableBalanceOp().balanceID()),
               {AccountHolder(source.ed25519), source.muxed_id});
        break;
      }
      case Type::CLAWBACK: {
        const xdr::ClawbackOp op = body.clawbackOp();
        Add(TransferType::kClawback, out_.assets_.Get(op.asset()), op.amount()).from =
            DestinationOf(op.from()).holder;
        break;
      }
      case Type::CLAWBACK_CLAIMABLE_BALANCE: {
        ARROW_RETURN_NOT_OK(FindRemovedBalance(operation));
        const xdr::ClaimableBalanceEntry& entry = out_.balances_.front();
        Add(TransferType::kClawback, out_.assets_.Get(entry.asset()), entry.amount()).from =
            BalanceHolder(body.clawbackClaimableBalanceOp().balanceID());
        break;
      }
      case Type::ALLOW_TRUST:
      case Type::SET_TRUST_LINE_FLAGS:
        ARROW_RETURN_NOT_OK(RevokedPoolShares(operation));
        break;
      case Type::LIQUIDITY_POOL_DEPOSIT: {
        ARROW_RETURN_NOT_OK(FindOnePool(operation));
        const PoolChange& pool = out_.pools_.front();
        if (pool.amount_a <= 0 || pool.amount_b <= 0) {
          return BadChanges("a deposit that leaves a reserve as it was");
        }
        const auto params = pool.entry.body().constantProduct().params();
        const Holder to = PoolHolder(pool.entry.liquidityPoolID());
        Move(out_.assets_.Get(params.assetA()), pool.amount_a, Source(operation), to);
        Move(out_.assets_.Get(params.assetB()), pool.amount_b, Source(operation), to);
        break;
      }
      case Type::LIQUIDITY_POOL_WITHDRAW: {
        ARROW_RETURN_NOT_OK(FindOnePool(operation));
        const PoolChange& pool = out_.pools_.front();
        const auto params = pool.entry.body().constantProduct().params();
        const Holder from = PoolHolder(pool.entry.liquidityPoolID());
        const Account source = operation.source();
        const Destination to = {AccountHolder(source.ed25519), source.muxed_id};
        MoveTo(out_.assets_.Get(params.assetA()), pool.amount_a, from, to);
        MoveTo(out_.assets_.Get(params.assetB()), pool.amount_b, from, to);
        break;
      }
      case Type::INVOKE_HOST_FUNCTION:
        ContractEvents(operation);
        return arrow::Status::OK();  // no contracts were there when XLM had to be reconciled
      case Type::SET_OPTIONS:
      case Type::CHANGE_TRUST:
      case Type::MANAGE_DATA:
      case Type::BUMP_SEQUENCE:
      case Type::BEGIN_SPONSORING_FUTURE_RESERVES:
      case Type::END_SPONSORING_FUTURE_RESERVES:
      case Type::REVOKE_SPONSORSHIP:
      case Type::EXTEND_FOOTPRINT_TTL:
      case Type::RESTORE_FOOTPRINT:
        return arrow::Status::OK();  // move nothing
    }
    if (ledger_.header().ledgerVersion() >= kNoReconciling) return arrow::Status::OK();
    return Reconcile(operation, first);
  }

  static Holder Source(const AppliedOperation& operation) {
    return AccountHolder(operation.source().ed25519);
  }

  // The arm of the operation's result that `arm` reads, if it is the one.
  template <typename Result>
  static std::optional<Result> ResultOf(const AppliedOperation& operation,
                                        std::optional<Result> (xdr::OperationResultTr::*arm)()
                                            const) {
    const auto result = operation.result();
    const auto tr = result ? result->ifTr() : std::nullopt;
    return tr ? ((*tr).*arm)() : std::nullopt;
  }

  // Two moves for each: what the maker sold, then what was paid for it. Even if it is nothing.
  void Trades(const AppliedOperation& operation, const xdr::List<xdr::ClaimAtom>& atoms) {
    const Holder taker = Source(operation);
    const auto trade = [&](const Holder& maker, const auto& atom) {
      Move(out_.assets_.Get(atom.assetSold()), atom.amountSold(), maker, taker);
      Move(out_.assets_.Get(atom.assetBought()), atom.amountBought(), taker, maker);
    };
    for (const xdr::ClaimAtom& atom : atoms) {
      switch (atom.type()) {
        case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_V0:
          trade(AccountHolder(atom.v0().sellerEd25519()), atom.v0());
          break;
        case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_ORDER_BOOK:
          trade(AccountHolder(atom.orderBook().sellerID().ed25519()), atom.orderBook());
          break;
        case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_LIQUIDITY_POOL:
          trade(PoolHolder(atom.liquidityPool().liquidityPoolID()), atom.liquidityPool());
          break;
      }
    }
  }

  arrow::Status Orphan() const {
    return BadChanges("an entry was updated or removed whose state does not stand before");
  }

  arrow::Status FindBalances(const AppliedOperation& operation, xdr::LedgerEntryChangeType type) {
    out_.balances_.clear();
    const bool whole = ForEachChange(operation.changes(), [&](const EntryChange& change) {
      if (change.type != type) return;
      if (auto entry = change.data().ifClaimableBalance()) out_.balances_.push_back(*entry);
    });
    return whole ? arrow::Status::OK() : Orphan();
  }

  arrow::Status FindRemovedBalance(const AppliedOperation& operation) {
    ARROW_RETURN_NOT_OK(FindBalances(operation, xdr::LedgerEntryChangeType::LEDGER_ENTRY_REMOVED));
    if (out_.balances_.size() == 1) return arrow::Status::OK();
    return BadChanges(out_.balances_.empty() ? "no claimable balance was removed"
                                             : "more than one claimable balance was removed");
  }

  // Pools in the order of their ids.
  arrow::Status FindPools(const AppliedOperation& operation) {
    std::vector<PoolChange>& pools = out_.pools_;
    pools.clear();
    const bool whole = ForEachChange(operation.changes(), [&](const EntryChange& change) {
      const auto entry = change.data().ifLiquidityPool();
      if (!entry) return;
      const auto reserves = [](const std::optional<xdr::LedgerEntry>& at) {
        if (!at) return std::pair<Int128, Int128>();
        const auto pool = at->data().liquidityPool().body().constantProduct();
        return std::pair<Int128, Int128>(pool.reserveA(), pool.reserveB());
      };
      const auto before = reserves(change.before);
      const auto after = reserves(change.after);
      const auto distance = [](Int128 a, Int128 b) { return a < b ? b - a : a - b; };
      const PoolChange pool = {*entry, distance(before.first, after.first),
                               distance(before.second, after.second)};
      // Few, and core writes them in order more often than not.
      const auto is_less = [](const PoolChange& a, const PoolChange& b) {
        return std::memcmp(a.entry.liquidityPoolID().data(), b.entry.liquidityPoolID().data(),
                           kHash) < 0;
      };
      pools.insert(std::upper_bound(pools.begin(), pools.end(), pool, is_less), pool);
    });
    return whole ? arrow::Status::OK() : Orphan();
  }

  arrow::Status FindOnePool(const AppliedOperation& operation) {
    ARROW_RETURN_NOT_OK(FindPools(operation));
    if (out_.pools_.size() == 1) return arrow::Status::OK();
    return BadChanges(out_.pools_.empty() ? "no liquidity pool changed"
                                          : "more than one liquidity pool changed");
  }

  // Who is no longer authorized gets pool shares back as claimable balances (CAP-38), one for each
  // asset but those that the owner of the shares issues. Only its id ties a balance to its pool.
  arrow::Status RevokedPoolShares(const AppliedOperation& operation) {
    ARROW_RETURN_NOT_OK(FindPools(operation));
    if (out_.pools_.empty()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(FindBalances(operation, xdr::LedgerEntryChangeType::LEDGER_ENTRY_CREATED));
    if (out_.balances_.empty()) return arrow::Status::OK();
    for (const PoolChange& pool : out_.pools_) {
      const auto params = pool.entry.body().constantProduct().params();
      const Holder from = PoolHolder(pool.entry.liquidityPoolID());
      const auto balance_a = RevokedBalance(pool.entry, params.assetA());
      const auto balance_b = RevokedBalance(pool.entry, params.assetB());
      for (const auto& balance : {balance_a, balance_b}) {
        if (!balance) continue;
        Move(out_.assets_.Get(balance->asset()), balance->amount(), from,
             BalanceHolder(balance->balanceID()));
      }
      if (balance_a.has_value() == balance_b.has_value()) continue;
      Add(TransferType::kBurn, out_.assets_.Get(balance_a ? params.assetB() : params.assetA()),
          balance_a ? pool.amount_b : pool.amount_a)
          .from = from;
    }
    return arrow::Status::OK();
  }

  // The balance created for the share of `asset` in `pool`.
  std::optional<xdr::ClaimableBalanceEntry> RevokedBalance(const xdr::LiquidityPoolEntry& pool,
                                                           const xdr::Asset& asset) {
    // HashIDPreimage of kind POOL_REVOKE_OP_ID.
    std::array<uint8_t, 4 + 4 + kHash + 8 + 4> head{};
    const auto put = [&head](size_t place, uint64_t value, size_t size) {
      for (size_t i = 0; i < size; ++i) {
        head[place + i] = static_cast<uint8_t>(value >> 8 * (size - 1 - i));
      }
    };
    put(0, 7, 4);
    std::memcpy(head.data() + 8, transaction_->source().ed25519.data(), kHash);
    put(8 + kHash, static_cast<uint64_t>(transaction_->sequence_number()), 8);
    put(16 + kHash, operation_ - 1, 4);
    out_.sha_.Update(head);
    out_.sha_.Update(pool.liquidityPoolID());
    out_.sha_.Update(asset.wire());
    const Hash256 id = out_.sha_.Finish();
    // The last of those that have one id, though none do.
    const auto found =
        std::find_if(out_.balances_.rbegin(), out_.balances_.rend(), [&id](const auto& entry) {
          return SameKey(BalanceHolder(entry.balanceID()).key, id.data());
        });
    if (found == out_.balances_.rend()) return std::nullopt;
    return *found;
  }

  // Before protocol 8 operations could make and lose XLM. Whatever the source's account gained
  // beyond the operation's events (those from `first` on) was made before them, or lost after them.
  arrow::Status Reconcile(const AppliedOperation& operation, size_t first) {
    const Holder source = Source(operation);
    Int128 gained = 0;
    const bool whole = ForEachChange(operation.changes(), [&](const EntryChange& change) {
      const auto entry = change.data().ifAccount();
      if (!entry || !SameKey(entry->accountID().ed25519().data(), source.key)) return;
      if (change.after) gained += change.after->data().account().balance();
      if (change.before) gained -= change.before->data().account().balance();
    });
    if (!whole) return Orphan();
    const auto is_source = [&source](const Holder& holder) {
      return holder.kind == Kind::kAccount && SameKey(holder.key, source.key);
    };
    for (size_t i = first; i < out_.transfers_.size(); ++i) {
      const TokenTransfer& transfer = out_.transfers_[i];
      if (transfer.asset == nullptr || !transfer.asset->native()) continue;
      if (is_source(transfer.from)) gained += transfer.amount;
      if (is_source(transfer.to)) gained -= transfer.amount;
    }
    if (gained < 0) Add(TransferType::kBurn, out_.assets_.native(), -gained).from = source;
    if (gained > 0) {
      Add(TransferType::kMint, out_.assets_.native(), gained).to = source;
      const auto begin = out_.transfers_.begin() + static_cast<ptrdiff_t>(first);
      std::rotate(begin, out_.transfers_.end() - 1, out_.transfers_.end());
    }
    return arrow::Status::OK();
  }

  TokenTransfers& out_;
  const Ledger& ledger_;
  const bool unified_;
  const AppliedTransaction* transaction_ = nullptr;
  uint32_t operation_ = 0;  // counts from 1; 0 outside of operations
};

arrow::Status TokenTransfers::Read(const Ledger& ledger, Source source) {
  transfers_.clear();
  refunds_.clear();
  assets_.Start(ledger.network_id());
  unified_ = source == Source::kUnified || (source == Source::kAuto && HasAllFeeEvents(ledger));
  return Reading(*this, ledger).Run();
}

int64_t SorobanFeePaid(const AppliedTransaction& transaction) {
  const Holder payer = AccountHolder(transaction.fee_source().ed25519);
  return static_cast<int64_t>(-FeeDebit(transaction, payer).gained() -
                              FeeRefund(transaction, payer).gained());
}

}  // namespace stellar_arrow::ledger

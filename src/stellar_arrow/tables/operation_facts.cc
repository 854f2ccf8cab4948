#include "stellar_arrow/tables/operation_facts.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace stellar_arrow::tables {

using ledger::Account;
using ledger::AccountOf;
using ledger::AppliedOperation;
using ledger::AppliedTransaction;
using ledger::PartsOf;
using xdr::OperationType;

namespace {

// Flags of trust lines.
constexpr uint32_t kMaintainLiabilities = 2;
constexpr uint32_t kClawbackEnabled = 4;

using Result = xdr::OperationResultTr;

// What `read` finds in the result; absent without one, and where it is another operation's.
template <typename Own>
std::optional<Own> ArmOf(const std::optional<Result>& result,
                         std::optional<Own> (Result::*read)() const) {
  return result ? ((*result).*read)() : std::nullopt;
}

bool SameKey(xdr::uint256 a, xdr::uint256 b) { return std::ranges::equal(a, b); }

// What the takers of `atom` paid for it.
int64_t Paid(const xdr::ClaimAtom& atom) {
  switch (atom.type()) {
    case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_V0:
      return atom.v0().amountBought();
    case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_ORDER_BOOK:
      return atom.orderBook().amountBought();
    case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_LIQUIDITY_POOL:
      return atom.liquidityPool().amountBought();
  }
  return 0;
}

xdr::Bytes PaidAsset(const xdr::ClaimAtom& atom) {
  switch (atom.type()) {
    case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_V0:
      return atom.v0().assetBought().wire();
    case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_ORDER_BOOK:
      return atom.orderBook().assetBought().wire();
    case xdr::ClaimAtomType::CLAIM_ATOM_TYPE_LIQUIDITY_POOL:
      return atom.liquidityPool().assetBought().wire();
  }
  return {};
}

// What was sent: the first hop's atoms, which all take the asset that was sent, tell it; without
// any the payment took no hop.
int64_t SentAmount(const xdr::PathPaymentStrictReceiveResultSuccess& success) {
  const xdr::List<xdr::ClaimAtom> atoms = success.offers();
  if (atoms.empty()) return success.last().amount();
  const xdr::Bytes sent = PaidAsset(*atoms.begin());
  uint64_t sum = 0;  // of a valid result no more than an int64 holds
  for (const xdr::ClaimAtom atom : atoms) {
    if (!std::ranges::equal(PaidAsset(atom), sent)) break;
    sum += static_cast<uint64_t>(Paid(atom));
  }
  return static_cast<int64_t>(sum);
}

// Of the three operations that make offers.
template <typename Op, typename Own>
void ReadOffer(const Op& op, const std::optional<Own>& result, OperationFacts* facts) {
  facts->selling = PartsOf(op.selling());
  facts->buying = PartsOf(op.buying());
  facts->price = op.price();
  if (!result) return;
  const auto success = result->ifSuccess();
  if (!success) return;
  const xdr::ManageOfferSuccessResultOffer offer = success->offer();
  facts->result_offer_effect = offer.effect();
  if (const auto entry = offer.ifOffer()) facts->result_offer_id = entry->offerID();
}

void ReadOptions(const xdr::SetOptionsOp& op, OperationFacts* facts) {
  if (const auto destination = op.inflationDest()) facts->inflation_dest = destination->ed25519();
  facts->clear_flags = op.clearFlags();
  facts->set_flags = op.setFlags();
  facts->master_weight = op.masterWeight();
  facts->threshold_low = op.lowThreshold();
  facts->threshold_medium = op.medThreshold();
  facts->threshold_high = op.highThreshold();
  facts->home_domain = op.homeDomain();
  if (const auto signer = op.signer()) {
    facts->signer_key = signer->key();
    facts->signer_weight = signer->weight();
  }
}

void ReadTrustLineAsset(const xdr::TrustLineAsset& asset, OperationFacts* facts) {
  facts->asset = PartsOf(asset);
  facts->pool = asset.ifLiquidityPoolID();
}

// Whose sponsorship is revoked.
void ReadRevocation(const xdr::RevokeSponsorshipOp& op, OperationFacts* facts) {
  if (const auto signer = op.ifSigner()) {
    facts->sponsored = signer->accountID().ed25519();
    facts->signer_key = signer->signerKey();
    return;
  }
  const xdr::LedgerKey key = op.ledgerKey();
  switch (key.type()) {
    case xdr::LedgerEntryType::ACCOUNT:
      facts->sponsored = key.account().accountID().ed25519();
      return;
    case xdr::LedgerEntryType::TRUSTLINE:
      facts->trustor = key.trustLine().accountID().ed25519();
      ReadTrustLineAsset(key.trustLine().asset(), facts);
      return;
    case xdr::LedgerEntryType::OFFER:
      facts->sponsored = key.offer().sellerID().ed25519();
      facts->offer_id = key.offer().offerID();
      return;
    case xdr::LedgerEntryType::DATA:
      facts->sponsored = key.data().accountID().ed25519();
      facts->data_name = key.data().dataName();
      return;
    case xdr::LedgerEntryType::CLAIMABLE_BALANCE:
      facts->balance_id = key.claimableBalance().balanceID().v0();
      return;
    case xdr::LedgerEntryType::LIQUIDITY_POOL:
      facts->pool = key.liquidityPool().liquidityPoolID();
      return;
    case xdr::LedgerEntryType::CONTRACT_DATA:
    case xdr::LedgerEntryType::CONTRACT_CODE:
    case xdr::LedgerEntryType::CONFIG_SETTING:
    case xdr::LedgerEntryType::TTL:
      return;  // never sponsored; the operation fails
  }
}

void ReadCreation(const xdr::ContractIDPreimage& preimage,
                  const xdr::ContractExecutable& executable, OperationFacts* facts) {
  facts->contract_preimage = preimage;
  facts->code_hash = executable.ifWasm_hash();
}

void ReadHostFunction(const xdr::InvokeHostFunctionOp& op, OperationFacts* facts) {
  facts->auth_count = static_cast<uint32_t>(op.auth().size());
  const xdr::HostFunction function = op.hostFunction();
  facts->host_function = function.type();
  switch (function.type()) {
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_INVOKE_CONTRACT: {
      const xdr::InvokeContractArgs call = function.invokeContract();
      facts->contract = call.contractAddress().ifContractId();
      facts->function_name = call.functionName();
      facts->arguments = call.args();
      return;
    }
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_CREATE_CONTRACT: {
      const xdr::CreateContractArgs create = function.createContract();
      ReadCreation(create.contractIDPreimage(), create.executable(), facts);
      return;
    }
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM:
      facts->wasm = function.wasm();
      return;
    case xdr::HostFunctionType::HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2: {
      const xdr::CreateContractArgsV2 create = function.createContractV2();
      ReadCreation(create.contractIDPreimage(), create.executable(), facts);
      facts->arguments = create.constructorArgs();
      return;
    }
  }
}

// Who began to sponsor the source of `end`. What a failed transaction meant to begin is not told:
// its operations need not belong together.
std::optional<Account> BeginSponsor(const AppliedTransaction& transaction,
                                    const AppliedOperation& end) {
  if (!transaction.successful()) return std::nullopt;
  const Account sponsored = end.source();
  for (size_t i = end.index(); i-- > 0;) {
    const AppliedOperation earlier = transaction.operation(i);
    const auto begin = earlier.body().ifBeginSponsoringFutureReservesOp();
    if (begin && SameKey(begin->sponsoredID().ed25519(), sponsored.ed25519)) {
      return earlier.source();
    }
  }
  return std::nullopt;
}

}  // namespace

void ReadFacts(const AppliedTransaction& transaction, const AppliedOperation& operation,
               OperationFacts* out) {
  OperationFacts& facts = *out;
  const xdr::OperationBody body = operation.body();
  facts.type = body.type();
  // The result, but of a success that lasts only.
  std::optional<Result> result;
  if (transaction.successful()) {
    if (const auto own = operation.result()) result = own->ifTr();
  }
  switch (facts.type) {
    case OperationType::CREATE_ACCOUNT: {
      const auto op = body.createAccountOp();
      facts.destination = Account{op.destination().ed25519(), std::nullopt};
      facts.starting_balance = op.startingBalance();
      break;
    }
    case OperationType::PAYMENT: {
      const auto op = body.paymentOp();
      facts.destination = AccountOf(op.destination());
      facts.asset = PartsOf(op.asset());
      facts.amount = op.amount();
      break;
    }
    case OperationType::PATH_PAYMENT_STRICT_RECEIVE: {
      const auto op = body.pathPaymentStrictReceiveOp();
      facts.destination = AccountOf(op.destination());
      facts.asset = PartsOf(op.destAsset());
      facts.amount = op.destAmount();
      facts.send_asset = PartsOf(op.sendAsset());
      facts.send_max = op.sendMax();
      facts.path = op.path();
      if (const auto own = ArmOf(result, &Result::ifPathPaymentStrictReceiveResult)) {
        if (const auto success = own->ifSuccess()) facts.send_amount = SentAmount(*success);
      }
      break;
    }
    case OperationType::MANAGE_SELL_OFFER: {
      const auto op = body.manageSellOfferOp();
      facts.offer_id = op.offerID();
      facts.amount = op.amount();
      const auto own = ArmOf(result, &Result::ifManageSellOfferResult);
      ReadOffer(op, own, &facts);
      break;
    }
    case OperationType::CREATE_PASSIVE_SELL_OFFER: {
      const auto op = body.createPassiveSellOfferOp();
      facts.amount = op.amount();
      auto own = ArmOf(result, &Result::ifCreatePassiveSellOfferResult);
      // stellar-core writes the arm of manage_sell_offer, which is of the same type.
      if (!own) own = ArmOf(result, &Result::ifManageSellOfferResult);
      ReadOffer(op, own, &facts);
      break;
    }
    case OperationType::SET_OPTIONS:
      ReadOptions(body.setOptionsOp(), &facts);
      break;
    case OperationType::CHANGE_TRUST: {
      const auto op = body.changeTrustOp();
      facts.trustor = operation.source().ed25519;
      facts.trust_limit = op.limit();
      facts.asset = PartsOf(op.line());
      facts.trustee = facts.asset->issuer;
      facts.pool_parameters = op.line().ifLiquidityPool();
      break;
    }
    case OperationType::ALLOW_TRUST: {
      const auto op = body.allowTrustOp();
      facts.trustor = op.trustor().ed25519();
      facts.trustee = operation.source().ed25519;
      facts.asset = PartsOf(op.asset(), *facts.trustee);
      facts.authorize = op.authorize();
      facts.authorize_to_maintain_liabilities = (op.authorize() & kMaintainLiabilities) != 0;
      break;
    }
    case OperationType::ACCOUNT_MERGE:
      facts.destination = AccountOf(body.destination());
      if (const auto own = ArmOf(result, &Result::ifAccountMergeResult)) {
        facts.amount = own->ifSourceAccountBalance();
      }
      break;
    case OperationType::INFLATION:
      break;
    case OperationType::MANAGE_DATA: {
      const auto op = body.manageDataOp();
      facts.data_name = op.dataName();
      facts.data_value = op.dataValue();
      break;
    }
    case OperationType::BUMP_SEQUENCE:
      facts.bump_to = body.bumpSequenceOp().bumpTo();
      break;
    case OperationType::MANAGE_BUY_OFFER: {
      const auto op = body.manageBuyOfferOp();
      facts.offer_id = op.offerID();
      facts.amount = op.buyAmount();
      const auto own = ArmOf(result, &Result::ifManageBuyOfferResult);
      ReadOffer(op, own, &facts);
      break;
    }
    case OperationType::PATH_PAYMENT_STRICT_SEND: {
      const auto op = body.pathPaymentStrictSendOp();
      facts.destination = AccountOf(op.destination());
      facts.asset = PartsOf(op.destAsset());
      facts.send_asset = PartsOf(op.sendAsset());
      facts.send_amount = op.sendAmount();
      facts.dest_min = op.destMin();
      facts.path = op.path();
      if (const auto own = ArmOf(result, &Result::ifPathPaymentStrictSendResult)) {
        if (const auto success = own->ifSuccess()) facts.amount = success->last().amount();
      }
      break;
    }
    case OperationType::CREATE_CLAIMABLE_BALANCE: {
      const auto op = body.createClaimableBalanceOp();
      facts.asset = PartsOf(op.asset());
      facts.amount = op.amount();
      facts.claimant_count = static_cast<uint32_t>(op.claimants().size());
      if (const auto own = ArmOf(result, &Result::ifCreateClaimableBalanceResult)) {
        if (const auto id = own->ifBalanceID()) facts.balance_id = id->v0();
      }
      break;
    }
    case OperationType::CLAIM_CLAIMABLE_BALANCE:
      facts.balance_id = body.claimClaimableBalanceOp().balanceID().v0();
      break;
    case OperationType::BEGIN_SPONSORING_FUTURE_RESERVES:
      facts.sponsored = body.beginSponsoringFutureReservesOp().sponsoredID().ed25519();
      facts.sponsor = operation.source();
      break;
    case OperationType::END_SPONSORING_FUTURE_RESERVES:
      facts.sponsored = operation.source().ed25519;
      facts.sponsor = BeginSponsor(transaction, operation);
      break;
    case OperationType::REVOKE_SPONSORSHIP:
      ReadRevocation(body.revokeSponsorshipOp(), &facts);
      break;
    case OperationType::CLAWBACK: {
      const auto op = body.clawbackOp();
      facts.asset = PartsOf(op.asset());
      facts.from = AccountOf(op.from());
      facts.amount = op.amount();
      break;
    }
    case OperationType::CLAWBACK_CLAIMABLE_BALANCE:
      facts.balance_id = body.clawbackClaimableBalanceOp().balanceID().v0();
      break;
    case OperationType::SET_TRUST_LINE_FLAGS: {
      const auto op = body.setTrustLineFlagsOp();
      facts.trustor = op.trustor().ed25519();
      facts.asset = PartsOf(op.asset());
      facts.trustee = facts.asset->issuer;
      facts.set_flags = op.setFlags();
      facts.clear_flags = op.clearFlags();
      if ((op.setFlags() & kMaintainLiabilities) != 0) {
        facts.authorize_to_maintain_liabilities = true;
      } else if ((op.clearFlags() & kMaintainLiabilities) != 0) {
        facts.authorize_to_maintain_liabilities = false;
      }
      if ((op.clearFlags() & kClawbackEnabled) != 0) facts.clawback_enabled = false;
      break;
    }
    case OperationType::LIQUIDITY_POOL_DEPOSIT: {
      const auto op = body.liquidityPoolDepositOp();
      facts.pool = op.liquidityPoolID();
      facts.max_amount_a = op.maxAmountA();
      facts.max_amount_b = op.maxAmountB();
      facts.min_price = op.minPrice();
      facts.max_price = op.maxPrice();
      break;
    }
    case OperationType::LIQUIDITY_POOL_WITHDRAW: {
      const auto op = body.liquidityPoolWithdrawOp();
      facts.pool = op.liquidityPoolID();
      facts.amount = op.amount();
      facts.min_amount_a = op.minAmountA();
      facts.min_amount_b = op.minAmountB();
      break;
    }
    case OperationType::INVOKE_HOST_FUNCTION:
      ReadHostFunction(body.invokeHostFunctionOp(), &facts);
      break;
    case OperationType::EXTEND_FOOTPRINT_TTL:
      facts.extend_to = body.extendFootprintTTLOp().extendTo();
      facts.contract_by_footprint = true;
      break;
    case OperationType::RESTORE_FOOTPRINT:
      facts.contract_by_footprint = true;
      break;
  }
}

std::optional<int32_t> InnerResultCode(const AppliedOperation& operation) {
  const auto result = operation.result();
  if (!result) return std::nullopt;
  const auto tr = result->ifTr();
  if (!tr) return std::nullopt;
  const auto code = [](const auto& inner) { return static_cast<int32_t>(inner.code()); };
  switch (tr->type()) {
    case OperationType::CREATE_ACCOUNT:
      return code(tr->createAccountResult());
    case OperationType::PAYMENT:
      return code(tr->paymentResult());
    case OperationType::PATH_PAYMENT_STRICT_RECEIVE:
      return code(tr->pathPaymentStrictReceiveResult());
    case OperationType::MANAGE_SELL_OFFER:
      return code(tr->manageSellOfferResult());
    case OperationType::CREATE_PASSIVE_SELL_OFFER:
      return code(tr->createPassiveSellOfferResult());
    case OperationType::SET_OPTIONS:
      return code(tr->setOptionsResult());
    case OperationType::CHANGE_TRUST:
      return code(tr->changeTrustResult());
    case OperationType::ALLOW_TRUST:
      return code(tr->allowTrustResult());
    case OperationType::ACCOUNT_MERGE:
      return code(tr->accountMergeResult());
    case OperationType::INFLATION:
      return code(tr->inflationResult());
    case OperationType::MANAGE_DATA:
      return code(tr->manageDataResult());
    case OperationType::BUMP_SEQUENCE:
      return code(tr->bumpSeqResult());
    case OperationType::MANAGE_BUY_OFFER:
      return code(tr->manageBuyOfferResult());
    case OperationType::PATH_PAYMENT_STRICT_SEND:
      return code(tr->pathPaymentStrictSendResult());
    case OperationType::CREATE_CLAIMABLE_BALANCE:
      return code(tr->createClaimableBalanceResult());
    case OperationType::CLAIM_CLAIMABLE_BALANCE:
      return code(tr->claimClaimableBalanceResult());
    case OperationType::BEGIN_SPONSORING_FUTURE_RESERVES:
      return code(tr->beginSponsoringFutureReservesResult());
    case OperationType::END_SPONSORING_FUTURE_RESERVES:
      return code(tr->endSponsoringFutureReservesResult());
    case OperationType::REVOKE_SPONSORSHIP:
      return code(tr->revokeSponsorshipResult());
    case OperationType::CLAWBACK:
      return code(tr->clawbackResult());
    case OperationType::CLAWBACK_CLAIMABLE_BALANCE:
      return code(tr->clawbackClaimableBalanceResult());
    case OperationType::SET_TRUST_LINE_FLAGS:
      return code(tr->setTrustLineFlagsResult());
    case OperationType::LIQUIDITY_POOL_DEPOSIT:
      return code(tr->liquidityPoolDepositResult());
    case OperationType::LIQUIDITY_POOL_WITHDRAW:
      return code(tr->liquidityPoolWithdrawResult());
    case OperationType::INVOKE_HOST_FUNCTION:
      return code(tr->invokeHostFunctionResult());
    case OperationType::EXTEND_FOOTPRINT_TTL:
      return code(tr->extendFootprintTTLResult());
    case OperationType::RESTORE_FOOTPRINT:
      return code(tr->restoreFootprintResult());
  }
  return std::nullopt;
}

std::string_view InnerResultCodeType(OperationType type) {
  switch (type) {
    case OperationType::CREATE_ACCOUNT:
      return "CreateAccountResultCode";
    case OperationType::PAYMENT:
      return "PaymentResultCode";
    case OperationType::PATH_PAYMENT_STRICT_RECEIVE:
      return "PathPaymentStrictReceiveResultCode";
    case OperationType::MANAGE_SELL_OFFER:
    case OperationType::CREATE_PASSIVE_SELL_OFFER:
      return "ManageSellOfferResultCode";
    case OperationType::SET_OPTIONS:
      return "SetOptionsResultCode";
    case OperationType::CHANGE_TRUST:
      return "ChangeTrustResultCode";
    case OperationType::ALLOW_TRUST:
      return "AllowTrustResultCode";
    case OperationType::ACCOUNT_MERGE:
      return "AccountMergeResultCode";
    case OperationType::INFLATION:
      return "InflationResultCode";
    case OperationType::MANAGE_DATA:
      return "ManageDataResultCode";
    case OperationType::BUMP_SEQUENCE:
      return "BumpSequenceResultCode";
    case OperationType::MANAGE_BUY_OFFER:
      return "ManageBuyOfferResultCode";
    case OperationType::PATH_PAYMENT_STRICT_SEND:
      return "PathPaymentStrictSendResultCode";
    case OperationType::CREATE_CLAIMABLE_BALANCE:
      return "CreateClaimableBalanceResultCode";
    case OperationType::CLAIM_CLAIMABLE_BALANCE:
      return "ClaimClaimableBalanceResultCode";
    case OperationType::BEGIN_SPONSORING_FUTURE_RESERVES:
      return "BeginSponsoringFutureReservesResultCode";
    case OperationType::END_SPONSORING_FUTURE_RESERVES:
      return "EndSponsoringFutureReservesResultCode";
    case OperationType::REVOKE_SPONSORSHIP:
      return "RevokeSponsorshipResultCode";
    case OperationType::CLAWBACK:
      return "ClawbackResultCode";
    case OperationType::CLAWBACK_CLAIMABLE_BALANCE:
      return "ClawbackClaimableBalanceResultCode";
    case OperationType::SET_TRUST_LINE_FLAGS:
      return "SetTrustLineFlagsResultCode";
    case OperationType::LIQUIDITY_POOL_DEPOSIT:
      return "LiquidityPoolDepositResultCode";
    case OperationType::LIQUIDITY_POOL_WITHDRAW:
      return "LiquidityPoolWithdrawResultCode";
    case OperationType::INVOKE_HOST_FUNCTION:
      return "InvokeHostFunctionResultCode";
    case OperationType::EXTEND_FOOTPRINT_TTL:
      return "ExtendFootprintTTLResultCode";
    case OperationType::RESTORE_FOOTPRINT:
      return "RestoreFootprintResultCode";
  }
  return "";
}

namespace {

// What a change says of an entry: how it is now, or how it was.
struct ChangedEntry {
  std::optional<xdr::LedgerEntry> before;
  std::optional<xdr::LedgerEntry> after;
};

ChangedEntry EntryOf(const xdr::LedgerEntryChange& change) {
  switch (change.type()) {
    case xdr::LedgerEntryChangeType::LEDGER_ENTRY_CREATED:
      return {{}, change.created()};
    case xdr::LedgerEntryChangeType::LEDGER_ENTRY_UPDATED:
      return {{}, change.updated()};
    case xdr::LedgerEntryChangeType::LEDGER_ENTRY_REMOVED:
      return {};  // its key alone; the entry came with the STATE before
    case xdr::LedgerEntryChangeType::LEDGER_ENTRY_STATE:
      return {change.state(), {}};
    case xdr::LedgerEntryChangeType::LEDGER_ENTRY_RESTORED:
      return {{}, change.restored()};
  }
  return {};
}

std::optional<xdr::LiquidityPoolEntry> PoolOf(const std::optional<xdr::LedgerEntry>& entry,
                                              xdr::PoolID pool) {
  if (!entry) return std::nullopt;
  const auto found = entry->data().ifLiquidityPool();
  if (!found || !SameKey(found->liquidityPoolID(), pool)) return std::nullopt;
  return found;
}

// Wraps rather than overflows: reserves are never negative, but nothing here relies on it.
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

}  // namespace

std::optional<PoolChange> ChangeOf(xdr::PoolID pool, xdr::LedgerEntryChanges changes) {
  std::optional<xdr::LiquidityPoolEntry> before;
  std::optional<xdr::LiquidityPoolEntry> after;
  for (const xdr::LedgerEntryChange change : changes) {
    const ChangedEntry entry = EntryOf(change);
    if (const auto state = PoolOf(entry.before, pool)) before = state;
    if (const auto now = PoolOf(entry.after, pool)) {
      after = now;
      break;
    }
  }
  if (!before && !after) return std::nullopt;
  PoolChange out{(after ? *after : *before).body().constantProduct().params()};
  if (after) {
    const auto product = after->body().constantProduct();
    out.reserve_a = product.reserveA();
    out.reserve_b = product.reserveB();
    out.shares = product.totalPoolShares();
  }
  if (before) {
    const auto product = before->body().constantProduct();
    out.reserve_a = Minus(out.reserve_a, product.reserveA());
    out.reserve_b = Minus(out.reserve_b, product.reserveB());
    out.shares = Minus(out.shares, product.totalPoolShares());
  }
  return out;
}

namespace {

std::optional<xdr::uint256> SponsorOf(const xdr::LedgerEntry& entry) {
  const auto v1 = entry.ext().ifV1();
  if (!v1) return std::nullopt;
  const auto sponsor = v1->sponsoringID();
  if (!sponsor) return std::nullopt;
  return sponsor->ed25519();
}

std::optional<xdr::uint256> SignerSponsor(const std::optional<xdr::AccountEntry>& account,
                                          const xdr::SignerKey& signer) {
  if (!account) return std::nullopt;
  const auto v1 = account->ext().ifV1();
  if (!v1) return std::nullopt;
  const auto v2 = v1->ext().ifV2();
  if (!v2) return std::nullopt;
  const auto sponsors = v2->signerSponsoringIDs();
  auto sponsor = sponsors.begin();
  for (const xdr::Signer own : account->signers()) {
    if (sponsor == sponsors.end()) break;  // one for each signer, in a valid entry
    if (std::ranges::equal(own.key().wire(), signer.wire())) {
      if (const auto id = *sponsor) return id->ed25519();
      return std::nullopt;
    }
    ++sponsor;
  }
  return std::nullopt;
}

std::optional<xdr::AccountEntry> AccountIn(const std::optional<xdr::LedgerEntry>& entry) {
  if (!entry) return std::nullopt;
  return entry->data().ifAccount();
}

// The sponsor of `signer` that one of `changes` brought.
std::optional<xdr::uint256> NewSignerSponsor(const xdr::SignerKey& signer,
                                             xdr::LedgerEntryChanges changes) {
  std::optional<xdr::AccountEntry> before;
  for (const xdr::LedgerEntryChange change : changes) {
    const ChangedEntry entry = EntryOf(change);
    if (entry.before) before = AccountIn(entry.before);
    const auto after = AccountIn(entry.after);
    if (!after) continue;
    const auto sponsor = SignerSponsor(after, signer);
    if (!sponsor) continue;
    if (before && !SameKey(before->accountID().ed25519(), after->accountID().ed25519())) {
      before.reset();
    }
    const auto former = SignerSponsor(before, signer);
    if (!former || !SameKey(*former, *sponsor)) return sponsor;
  }
  return std::nullopt;
}

// Appends the XDR of the LedgerKey of `entry`.
void AppendKey(const xdr::LedgerEntry& entry, std::vector<uint8_t>* out) {
  const auto append = [out](xdr::Bytes bytes) {
    out->insert(out->end(), bytes.begin(), bytes.end());
  };
  const xdr::LedgerEntryData data = entry.data();
  append(data.wire().first(4));  // the type
  switch (data.type()) {
    case xdr::LedgerEntryType::ACCOUNT:
      append(data.account().accountID().wire());
      return;
    case xdr::LedgerEntryType::TRUSTLINE:
      append(data.trustLine().accountID().wire());
      append(data.trustLine().asset().wire());
      return;
    case xdr::LedgerEntryType::OFFER:
      // Seller and id, the first two members.
      append(data.offer().wire().first(data.offer().sellerID().wire().size() + 8));
      return;
    case xdr::LedgerEntryType::DATA: {
      const xdr::DataEntry own = data.data();
      const size_t account = own.accountID().wire().size();
      append(own.wire().first(account + 4 + (own.dataName().size() + 3) / 4 * 4));
      return;
    }
    case xdr::LedgerEntryType::CLAIMABLE_BALANCE:
      append(data.claimableBalance().balanceID().wire());
      return;
    case xdr::LedgerEntryType::LIQUIDITY_POOL:
      append(data.liquidityPool().liquidityPoolID());
      return;
    case xdr::LedgerEntryType::CONTRACT_DATA:
    case xdr::LedgerEntryType::CONTRACT_CODE:
    case xdr::LedgerEntryType::CONFIG_SETTING:
    case xdr::LedgerEntryType::TTL:
      return;  // never sponsored
  }
}

}  // namespace

std::optional<xdr::uint256> NewSponsor(const OperationFacts& facts,
                                       xdr::LedgerEntryChanges changes) {
  if (facts.type == OperationType::SET_OPTIONS && facts.signer_key) {
    const auto sponsor = NewSignerSponsor(*facts.signer_key, changes);
    if (sponsor) return sponsor;
  }
  std::optional<xdr::LedgerEntry> first;
  for (const xdr::LedgerEntryChange change : changes) {
    std::optional<xdr::LedgerEntry> created = change.ifCreated();
    if (!created) created = change.ifRestored();
    if (!created || !SponsorOf(*created)) continue;
    if (first) {  // seldom: keys are only made where two have to be told apart
      std::vector<uint8_t> key;
      std::vector<uint8_t> least;
      AppendKey(*created, &key);
      AppendKey(*first, &least);
      if (!std::ranges::lexicographical_compare(key, least)) continue;
    }
    first = created;
  }
  return first ? SponsorOf(*first) : std::nullopt;
}

std::optional<xdr::ContractID> FootprintContract(const AppliedTransaction& transaction) {
  const auto data = transaction.soroban_data();
  if (!data) return std::nullopt;
  const xdr::LedgerFootprint footprint = data->resources().footprint();
  for (const auto& keys : {footprint.readWrite(), footprint.readOnly()}) {
    for (const xdr::LedgerKey key : keys) {
      const auto contract_data = key.ifContractData();
      if (!contract_data) continue;
      if (const auto contract = contract_data->contract().ifContractId()) return contract;
    }
  }
  return std::nullopt;
}

}  // namespace stellar_arrow::tables

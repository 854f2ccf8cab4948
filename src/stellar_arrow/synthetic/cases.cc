#include "stellar_arrow/synthetic/cases.h"

#include <algorithm>
#include <string>
#include <utility>

#include "stellar_arrow/synthetic/failures.h"
#include "stellar_arrow/synthetic/market.h"
#include "stellar_arrow/synthetic/operations.h"
#include "stellar_arrow/synthetic/soroban.h"

namespace stellar_arrow::synthetic {
namespace {

using Operations = std::vector<Operation>;
using Body = OperationBody;

constexpr uint32_t kClawback = Bit(xdr::AccountFlags::AUTH_CLAWBACK_ENABLED_FLAG) |
                               Bit(xdr::AccountFlags::AUTH_REVOCABLE_FLAG);
constexpr int64_t kSome = 25 * kXlm;

// Adds one transaction of the first actor.
Plan& Send(Planner& p, const Actors& actors, LedgerPlan& ledger, Operations operations) {
  return ledger.transactions.emplace_back(p.Start(actors[0], std::move(operations)));
}

Plan& SendSoroban(Planner& p, const Actors& actors, LedgerPlan& ledger, Operation operation,
                  LedgerFootprint footprint) {
  return ledger.transactions.emplace_back(
      p.StartSoroban(actors[0], std::move(operation), std::move(footprint)));
}

Operation PayTo(const AccountID& destination, int64_t amount = kSome) {
  return Op(Body::PAYMENT({Plain(destination), Native(), amount}));
}

Operation Trust(const AccountID& account, const Asset& asset, int64_t limit = kNoLimit) {
  return Op(Body::CHANGE_TRUST({TrustOf(asset), limit}), account);
}

Operation SetFlags(const AccountID& account, uint32_t set, uint32_t clear) {
  SetOptionsOp op;
  if (set != 0) op.setFlags = set;
  if (clear != 0) op.clearFlags = clear;
  return Op(Body::SET_OPTIONS(op), account);
}

void Inflation(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger, {Op(Body::INFLATION())});
}

void InflationPayout(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger, {Op(Body::INFLATION())}).inflation_works = true;
}

void ManageData(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger,
       {Op(Body::MANAGE_DATA({"colour", DataValue{'r', 'e', 'd'}})),
        Op(Body::MANAGE_DATA({"colour", DataValue(64, 0xFF)})),
        Op(Body::MANAGE_DATA({"colour", DataValue()})),  // empty is not absent
        Op(Body::MANAGE_DATA({std::string("not \xFF UTF-8 \0", 13), DataValue{0}})),
        Op(Body::MANAGE_DATA({"colour", std::nullopt})),
        Op(Body::MANAGE_DATA({std::string("not \xFF UTF-8 \0", 13), std::nullopt}))});
}

// The first actor takes over, then the third, then nobody: what `key` names belongs to the second.
Operations RevokeThrice(const Actors& actors, const RevokeSponsorshipOp& what) {
  return {
      Op(Body::BEGIN_SPONSORING_FUTURE_RESERVES({actors[1]})),
      Op(Body::REVOKE_SPONSORSHIP(what), actors[1]),
      Op(Body::END_SPONSORING_FUTURE_RESERVES(), actors[1]),
      Op(Body::BEGIN_SPONSORING_FUTURE_RESERVES({actors[0]}), actors[2]),
      Op(Body::REVOKE_SPONSORSHIP(what)),
      Op(Body::END_SPONSORING_FUTURE_RESERVES()),
      Op(Body::REVOKE_SPONSORSHIP(what), actors[2]),
  };
}

Operations Around(Operations before, Operations middle, Operations after) {
  std::ranges::move(middle, std::back_inserter(before));
  std::ranges::move(after, std::back_inserter(before));
  return before;
}

RevokeSponsorshipOp OfEntry(LedgerKey key) {
  return RevokeSponsorshipOp::REVOKE_SPONSORSHIP_LEDGER_ENTRY(std::move(key));
}

void RevokeAccount(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger, RevokeThrice(actors, OfEntry(KeyOf(actors[1]))));
}

void RevokeTrustLine(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset asset = Credit("SPON", actors[3]);
  Send(p, actors, ledger,
       Around({Trust(actors[1], asset)}, RevokeThrice(actors, OfEntry(KeyOf(actors[1], asset))),
              {Trust(actors[1], asset, 0)}));
}

void RevokePoolShare(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset asset = Credit("SPON", actors[3]);
  const LiquidityPoolParameters pool = PoolOf(Native(), asset);
  const ChangeTrustAsset line = ChangeTrustAsset::ASSET_TYPE_POOL_SHARE(pool);
  Send(p, actors, ledger,
       Around({Trust(actors[1], asset), Op(Body::CHANGE_TRUST({line, kNoLimit}), actors[1])},
              RevokeThrice(actors, OfEntry(KeyOf(actors[1], TrustLineAsset::ASSET_TYPE_POOL_SHARE(
                                                                HashOf(pool))))),
              {Op(Body::CHANGE_TRUST({line, 0}), actors[1]), Trust(actors[1], asset, 0)}));
}

void RevokeOffer(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  // An offer's number is known only once it is on the ledger: the second actor keeps one there.
  const Asset asset = Credit("SPON", actors[3]);
  const LedgerEntry* known = nullptr;
  p.world.state.ForEach(xdr::LedgerEntryType::OFFER, [&](const LedgerEntry& entry) {
    if (entry.data.offer().sellerID == actors[1]) known = &entry;
  });
  if (known == nullptr) {
    Send(p, actors, ledger,
         {Trust(actors[1], asset),
          Op(Body::MANAGE_SELL_OFFER({Native(), asset, kSome, {3, 1}, 0}), actors[1])});
    return;
  }
  Send(p, actors, ledger, RevokeThrice(actors, OfEntry(KeyOf(*known))));
}

void RevokeData(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger,
       Around({Op(Body::MANAGE_DATA({"sponsored", DataValue{1}}), actors[1])},
              RevokeThrice(actors, OfEntry(KeyOfData(actors[1], "sponsored"))),
              {Op(Body::MANAGE_DATA({"sponsored", std::nullopt}), actors[1])}));
}

void RevokeSigner(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const SignerKey key = SignerKey::SIGNER_KEY_TYPE_ED25519(p.random.Key());
  SetOptionsOp add;
  add.signer = Signer{key, 1};
  SetOptionsOp remove;
  remove.signer = Signer{key, 0};
  Send(
      p, actors, ledger,
      Around({Op(Body::SET_OPTIONS(add), actors[1])},
             RevokeThrice(actors, RevokeSponsorshipOp::REVOKE_SPONSORSHIP_SIGNER({actors[1], key})),
             {Op(Body::SET_OPTIONS(remove), actors[1])}));
}

// Sponsors a balance from its creation on, hands it on, and claims it.
void RevokeBalance(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Plan& plan = Send(p, actors, ledger, {});
  const ClaimableBalanceID id = BalanceIdOf(actors[0], plan.transaction.seqNum, 0);
  plan.transaction.operations = {
      Op(Body::CREATE_CLAIMABLE_BALANCE(
          {Native(), kSome, {Claimant::CLAIMANT_TYPE_V0({actors[1], {}})}})),
      Op(Body::BEGIN_SPONSORING_FUTURE_RESERVES({actors[0]}), actors[2]),
      Op(Body::REVOKE_SPONSORSHIP(OfEntry(KeyOfBalance(id)))),
      Op(Body::END_SPONSORING_FUTURE_RESERVES()),
      Op(Body::CLAIM_CLAIMABLE_BALANCE({id}), actors[1]),
  };
  plan.transaction.fee = 500;
}

void SponsoredAccount(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const AccountID created = AccountOf(p.random.Key());
  const SignerKey key = SignerKey::SIGNER_KEY_TYPE_ED25519(p.random.Key());
  SetOptionsOp add;
  add.signer = Signer{key, 5};
  SetOptionsOp remove;
  remove.signer = Signer{key, 0};
  Send(p, actors, ledger,
       {Op(Body::BEGIN_SPONSORING_FUTURE_RESERVES({created})),
        Op(Body::CREATE_ACCOUNT({created, 0})), Op(Body::SET_OPTIONS(add), created),
        Op(Body::END_SPONSORING_FUTURE_RESERVES(), created),
        Op(Body::SET_OPTIONS(remove), created)});
}

// An asset of the fourth actor, held by the second, is clawed back.
Operations WithClawback(const Actors& actors, const Asset& asset, Operations middle) {
  return Around({SetFlags(actors[3], kClawback, 0), Trust(actors[1], asset),
                 Op(Body::PAYMENT({Plain(actors[1]), asset, kSome}), actors[3])},
                std::move(middle), {Trust(actors[1], asset, 0), SetFlags(actors[3], 0, kClawback)});
}

void Clawback(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset asset = Credit("CLAW", actors[3]);
  Send(p, actors, ledger,
       WithClawback(actors, asset,
                    {Op(Body::CLAWBACK({asset, Plain(actors[1]), kXlm}), actors[3]),
                     Op(Body::CLAWBACK({asset, Muxed(actors[1], 7), kSome - kXlm}), actors[3])}));
}

void ClawbackBalance(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset asset = Credit("CLAWBACK12", actors[3]);
  Plan& plan = Send(p, actors, ledger, {});
  const ClaimableBalanceID id = BalanceIdOf(actors[0], plan.transaction.seqNum, 3);
  plan.transaction.operations =
      WithClawback(actors, asset,
                   {Op(Body::CREATE_CLAIMABLE_BALANCE(
                           {asset, kSome, {Claimant::CLAIMANT_TYPE_V0({actors[2], {}})}}),
                       actors[1]),
                    Op(Body::CLAWBACK_CLAIMABLE_BALANCE({id}), actors[3])});
  plan.transaction.fee = 1'000;
}

void ClawbackEnabled(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset asset = Credit("CLAW", actors[3]);
  const uint32_t clawback = Bit(xdr::TrustLineFlags::TRUSTLINE_CLAWBACK_ENABLED_FLAG);
  Send(p, actors, ledger,
       WithClawback(actors, asset,
                    {Op(Body::SET_TRUST_LINE_FLAGS({actors[1], asset, clawback, 0}), actors[3]),
                     Op(Body::PAYMENT({Plain(actors[3]), asset, kSome}), actors[1])}));
}

void TrustLineFlags(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset asset = Credit("AUTHORIZED", actors[3]);
  const AssetCode code = AssetCode::ASSET_TYPE_CREDIT_ALPHANUM12(asset.alphaNum12().assetCode);
  const uint32_t flags =
      Bit(xdr::AccountFlags::AUTH_REQUIRED_FLAG) | Bit(xdr::AccountFlags::AUTH_REVOCABLE_FLAG);
  Operations operations = {SetFlags(actors[3], flags, 0), Trust(actors[1], asset)};
  for (const uint32_t authorize : {1U, 2U, 0U}) {
    operations.push_back(Op(Body::ALLOW_TRUST({actors[1], code, authorize}), actors[3]));
  }
  if (p.world.protocol >= 17) {
    for (const auto& [clear, set] : {std::pair{0U, 1U}, {1U, 2U}, {2U, 0U}}) {
      operations.push_back(
          Op(Body::SET_TRUST_LINE_FLAGS({actors[1], asset, clear, set}), actors[3]));
    }
  }
  operations.push_back(Trust(actors[1], asset, 0));
  operations.push_back(SetFlags(actors[3], 0, flags));
  Send(p, actors, ledger, std::move(operations));
}

// Two assets, a pool of them, and a share of it.
Operations WithPool(const Actors& actors, const LiquidityPoolParameters& pool, Operations middle,
                    bool keeps_share) {
  const auto& [a, b, fee] = pool.constantProduct();
  const ChangeTrustAsset share = ChangeTrustAsset::ASSET_TYPE_POOL_SHARE(pool);
  Operations before = {
      SetFlags(actors[3], Bit(xdr::AccountFlags::AUTH_REVOCABLE_FLAG), 0),
      Trust(actors[1], a),
      Trust(actors[1], b),
      Op(Body::PAYMENT({Plain(actors[1]), a, 4 * kSome}), actors[3]),
      Op(Body::PAYMENT({Plain(actors[1]), b, kSome}), actors[3]),
      Op(Body::CHANGE_TRUST({share, kNoLimit}), actors[1]),
      Op(Body::LIQUIDITY_POOL_DEPOSIT({HashOf(pool), 4 * kSome, kSome, {1, 10}, {10, 1}}),
         actors[1])};
  Operations after;
  if (keeps_share) after.push_back(Op(Body::CHANGE_TRUST({share, 0}), actors[1]));
  return Around(std::move(before), std::move(middle), std::move(after));
}

Operations PayBack(const Actors& actors, const LiquidityPoolParameters& pool) {
  const auto& [a, b, fee] = pool.constantProduct();
  return {Op(Body::PAYMENT({Plain(actors[3]), a, 4 * kSome}), actors[1]),
          Op(Body::PAYMENT({Plain(actors[3]), b, kSome}), actors[1]), Trust(actors[1], a, 0),
          Trust(actors[1], b, 0)};
}

void PoolWithdraw(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const LiquidityPoolParameters pool =
      PoolOf(Credit("POOL", actors[3]), Credit("POOLASSET", actors[3]));
  // The square root of the two amounts: what the first deposit is given.
  const int64_t shares = 2 * kSome;
  Operations middle = {
      Op(Body::LIQUIDITY_POOL_WITHDRAW({HashOf(pool), shares / 4, 1, 1}), actors[1]),
      Op(Body::LIQUIDITY_POOL_WITHDRAW({HashOf(pool), shares - shares / 4, 1, 1}), actors[1])};
  Send(p, actors, ledger,
       Around(WithPool(actors, pool, std::move(middle), true), PayBack(actors, pool), {}));
}

// Authorization that is taken back takes a pool's share apart (CAP-38).
void PoolRevoked(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset a = Credit("POOL", actors[3]);
  const LiquidityPoolParameters pool = PoolOf(a, Credit("POOLASSET", actors[3]));
  Plan& plan = Send(p, actors, ledger, {});
  const int64_t sequence = plan.transaction.seqNum;
  const auto balance = [&](const Asset& asset) {
    return ClaimableBalanceID::CLAIMABLE_BALANCE_ID_TYPE_V0(
        HashOf(HashIDPreimage::ENVELOPE_TYPE_POOL_REVOKE_OP_ID(
            {actors[0], sequence, 7, HashOf(pool), asset})));
  };
  const AssetCode code = AssetCode::ASSET_TYPE_CREDIT_ALPHANUM4(a.alphaNum4().assetCode);
  const bool allow = p.world.ledger % 2 == 0;
  const auto authorize = [&](bool on) {
    if (allow) return Op(Body::ALLOW_TRUST({actors[1], code, on ? 1U : 0U}), actors[3]);
    return Op(Body::SET_TRUST_LINE_FLAGS({actors[1], a, on ? 0U : 1U, on ? 1U : 0U}), actors[3]);
  };
  const auto& params = pool.constantProduct();
  plan.transaction.operations =
      Around(WithPool(actors, pool,
                      {authorize(false), authorize(true),
                       Op(Body::CLAIM_CLAIMABLE_BALANCE({balance(params.assetA)}), actors[1]),
                       Op(Body::CLAIM_CLAIMABLE_BALANCE({balance(params.assetB)}), actors[1])},
                      false),
             PayBack(actors, pool), {});
  plan.transaction.fee = 5'000;
}

void HomeDomain(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  SetOptionsOp set;
  set.homeDomain = "synthetic.example";
  SetOptionsOp bytes;
  bytes.homeDomain = std::string("\xFF\0 no UTF-8", 11);
  SetOptionsOp clear;
  clear.homeDomain = "";
  Send(p, actors, ledger,
       {Op(Body::SET_OPTIONS(set)), Op(Body::SET_OPTIONS(bytes)), Op(Body::SET_OPTIONS(clear))});
}

void SetOptionsAll(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  SetOptionsOp all;
  all.inflationDest = actors[1];
  all.clearFlags = 3;
  all.setFlags = 2;
  all.masterWeight = 20;
  all.lowThreshold = 1;
  all.medThreshold = 2;
  all.highThreshold = 3;
  all.homeDomain = "all.example";
  Operations operations = {Op(Body::SET_OPTIONS(all)), SetFlags(actors[0], 0, 2)};
  std::vector<SignerKey> keys = {SignerKey::SIGNER_KEY_TYPE_ED25519(p.random.Key()),
                                 SignerKey::SIGNER_KEY_TYPE_PRE_AUTH_TX(p.random.Key()),
                                 SignerKey::SIGNER_KEY_TYPE_HASH_X(p.random.Key())};
  if (p.world.protocol >= 19) {
    keys.push_back(
        SignerKey::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD({p.random.Key(), {1, 2, 3, 4, 5, 6, 7}}));
  }
  for (const uint32_t weight : {1U, 255U, 0U}) {  // added, updated, removed
    for (const SignerKey& key : keys) {
      SetOptionsOp op;
      op.signer = Signer{key, weight};
      operations.push_back(Op(Body::SET_OPTIONS(op)));
    }
  }
  Send(p, actors, ledger, std::move(operations));
}

void MuxedSource(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Plan& plan = Send(p, actors, ledger, {PayTo(actors[1]), PayTo(actors[2])});
  plan.transaction.sourceAccount = Muxed(actors[0], 12'345'678'901'234'567'890U);
  plan.transaction.operations[1].sourceAccount = Muxed(actors[1], 1);
  plan.transaction.operations[0].body = Body::PAYMENT({Muxed(actors[1], 42), Native(), kSome});
}

void Memos(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Memo memos[] = {Memo::MEMO_HASH(p.random.Key()),
                        Memo::MEMO_RETURN(p.random.Key()),
                        Memo::MEMO_ID(UINT64_MAX),
                        Memo::MEMO_TEXT("twenty-eight bytes of memo!!"),
                        Memo::MEMO_TEXT(""),
                        Memo::MEMO_NONE()};
  for (const Memo& memo : memos) {
    Send(p, actors, ledger, {PayTo(actors[1])}).transaction.memo = memo;
  }
}

void MemoBytes(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger, {PayTo(actors[1])}).transaction.memo =
      Memo::MEMO_TEXT(std::string("\xF0\x9F\x98 cut, \xC0\xAF, NUL \0 end", 20));
}

void TimeBoundsCase(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  for (const TimeBounds& bounds :
       {TimeBounds{0, 0}, TimeBounds{1, UINT64_MAX}, TimeBounds{0, p.world.close_time}}) {
    Send(p, actors, ledger, {PayTo(actors[1])}).transaction.cond =
        Preconditions::PRECOND_TIME(bounds);
  }
}

void PreconditionsCase(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  PreconditionsV2 all;
  all.timeBounds = TimeBounds{1, UINT64_MAX};
  all.ledgerBounds = LedgerBounds{p.world.ledger, 0};
  all.minSeqNum = 17;
  all.minSeqAge = 1;
  all.minSeqLedgerGap = 1;
  all.extraSigners = {SignerKey::SIGNER_KEY_TYPE_HASH_X(p.random.Key()),
                      SignerKey::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD(
                          {p.random.Key(), std::vector<uint8_t>(29, 9)})};
  PreconditionsV2 signers;
  signers.extraSigners = {SignerKey::SIGNER_KEY_TYPE_ED25519(p.random.Key()),
                          SignerKey::SIGNER_KEY_TYPE_PRE_AUTH_TX(p.random.Key())};
  for (const PreconditionsV2& v2 : {all, signers, PreconditionsV2()}) {
    Send(p, actors, ledger, {PayTo(actors[1])}).transaction.cond = Preconditions::PRECOND_V2(v2);
  }
}

void V0Envelope(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Send(p, actors, ledger, {PayTo(actors[1])}).as_v0 = true;
  Plan& plan = Send(p, actors, ledger, {PayTo(actors[1])});
  plan.as_v0 = true;
  plan.transaction.cond = Preconditions::PRECOND_TIME({1, p.world.close_time + 100});
}

void Bump(Plan& plan, const MuxedAccount& payer) {
  plan.fee_bump = FeeBump{payer, int64_t{plan.transaction.fee} * 3};
}

void FeeBumps(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Bump(Send(p, actors, ledger, {PayTo(actors[1])}), Plain(actors[2]));
  Bump(Send(p, actors, ledger, {PayTo(actors[1])}), Muxed(actors[2], 99));
  Bump(Send(p, actors, ledger, {PayTo(actors[1])}), Plain(actors[0]));  // by itself
  Plan& failing = Send(p, actors, ledger, {PayTo(actors[1]), PayTo(actors[1], INT64_MAX)});
  Bump(failing, Plain(actors[2]));
  Plan& rejected = Send(p, actors, ledger, {PayTo(actors[1])});
  rejected.rejected = xdr::TransactionResultCode::txBAD_AUTH_EXTRA;
  Bump(rejected, Plain(actors[2]));
}

Operation CallAsset(const World& world, const Asset& asset, std::string_view function,
                    std::vector<SCVal> arguments) {
  return CallOf(world.ContractOf(asset), function, std::move(arguments));
}

// The first actor pays the second through the native asset's contract.
Plan& SendTransfer(Planner& p, const Actors& actors, LedgerPlan& ledger, const SCAddress& to,
                   int64_t amount = kSome) {
  return SendSoroban(
      p, actors, ledger,
      CallAsset(p.world, Native(), "transfer",
                {AddressValue(AddressOf(actors[0])), AddressValue(to), Number(amount)}),
      Footprint({InstanceKey(p.world.ContractOf(Native()))},
                {KeyOf(actors[0]), HolderKey(p.world, Native(), to)}));
}

void Refund(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  SendTransfer(p, actors, ledger, AddressOf(actors[1]));
}

void SorobanFeeBump(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  Bump(SendTransfer(p, actors, ledger, AddressOf(actors[1])), Plain(actors[2]));
  Bump(SendTransfer(p, actors, ledger, AddressOf(actors[1]), INT64_MAX), Muxed(actors[2], 5));
}

void SorobanFailures(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  SendTransfer(p, actors, ledger, AddressOf(actors[1]), INT64_MAX);  // traps
  const Cast& cast = p.world.cast;
  const LedgerFootprint reads =
      Footprint({InstanceKey(cast.contracts[0]), KeyOfCode(cast.programs[0])}, {});
  const Operation operations[] = {CallOf(cast.contracts[0], "echo", {SCVal::SCV_U32(1)}),
                                  Op(Body::EXTEND_FOOTPRINT_TTL({{}, 100})),
                                  Op(Body::RESTORE_FOOTPRINT({}))};
  for (const Operation& operation : operations) {
    for (const OperationResult& result : FailuresOf(operation.body.type(), p.world.protocol)) {
      if (result.ifTr() == nullptr) continue;
      SendSoroban(p, actors, ledger, operation, reads).failure = Plan::Failure{0, result};
    }
  }
  for (const bool bumped : {false, true}) {
    Plan& plan = SendSoroban(p, actors, ledger, operations[0], reads);
    plan.rejected = xdr::TransactionResultCode::txSOROBAN_INVALID;
    if (bumped) Bump(plan, Plain(actors[2]));
  }
}

void AssetContract(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Asset& asset = p.world.cast.assets[1];
  const AccountID& issuer = *IssuerOf(asset);
  const SCAddress holder = ContractAddress(p.world.cast.contracts[0]);
  const LedgerKey key = HolderKey(p.world, asset, holder);
  const LedgerKey instance = InstanceKey(p.world.ContractOf(asset));
  for (const char* function : {"mint", "clawback", "mint", "burn"}) {
    Plan& plan =
        SendSoroban(p, actors, ledger,
                    CallAsset(p.world, asset, function, {AddressValue(holder), Number(kSome)}),
                    Footprint({instance}, {key}));
    plan.transaction.operations[0].sourceAccount = Plain(issuer);
  }
  // From the issuer and to it: a mint and a burn once events are unified.
  const AccountID& user = p.world.cast.users[0];
  for (const auto& [from, to] : {std::pair{issuer, user}, {user, issuer}}) {
    Plan& plan = SendSoroban(
        p, actors, ledger,
        CallAsset(p.world, asset, "transfer",
                  {AddressValue(AddressOf(from)), AddressValue(AddressOf(to)), Number(kXlm)}),
        Footprint({instance, KeyOf(issuer)}, {KeyOf(user, asset)}));
    plan.transaction.operations[0].sourceAccount = Plain(from);
  }
}

void MuxedTransfer(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  SendTransfer(p, actors, ledger, AddressOf(Muxed(actors[1], 77)));
}

ContractIDPreimage Salted(Planner& p, const AccountID& account) {
  return ContractIDPreimage::CONTRACT_ID_PREIMAGE_FROM_ADDRESS(
      {AddressOf(account), p.random.Key()});
}

LedgerFootprint Creating(const World& world, const ContractIDPreimage& preimage) {
  return Footprint({KeyOfCode(world.cast.programs[0])},
                   {InstanceKey(ContractIdOf(world, preimage))});
}

void CreateContract(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const ContractIDPreimage salted = Salted(p, actors[0]);
  SendSoroban(
      p, actors, ledger,
      Op(Body::INVOKE_HOST_FUNCTION(
          {HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT(
               {salted, ContractExecutable::CONTRACT_EXECUTABLE_WASM(p.world.cast.programs[0])}),
           {}})),
      Creating(p.world, salted));
  const auto asset = ContractIDPreimage::CONTRACT_ID_PREIMAGE_FROM_ASSET(
      Credit("NEW" + std::to_string(p.world.ledger % 1'000'000), actors[1]));
  SendSoroban(p, actors, ledger,
              Op(Body::INVOKE_HOST_FUNCTION(
                  {HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT(
                       {asset, ContractExecutable::CONTRACT_EXECUTABLE_STELLAR_ASSET()}),
                   {}})),
              Creating(p.world, asset));
}

void CreateContractV2(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const ContractIDPreimage salted = Salted(p, actors[0]);
  SendSoroban(p, actors, ledger,
              Op(Body::INVOKE_HOST_FUNCTION(
                  {HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2(
                       {salted,
                        ContractExecutable::CONTRACT_EXECUTABLE_WASM(p.world.cast.programs[0]),
                        {Symbol("constructed"), SCVal::SCV_U32(7)}}),
                   {}})),
              Creating(p.world, salted));
}

void ExternalReference(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const ContractIDPreimage salted = Salted(p, actors[0]);
  SendSoroban(p, actors, ledger,
              Op(Body::INVOKE_HOST_FUNCTION(
                  {HostFunction::HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2(
                       {salted,
                        ContractExecutable::CONTRACT_EXECUTABLE_EXTERNAL_REF(
                            {ContractAddress(p.world.cast.contracts[0]), "stable"}),
                        {}}),
                   {}})),
              Creating(p.world, salted));
  const Hash& contract = p.world.cast.contracts[0];
  SendSoroban(p, actors, ledger, CallOf(contract, "echo", {SCVal::SCV_EXECUTABLE_TAG("stable")}),
              Footprint({InstanceKey(contract)}, {}));
}

void UploadCode(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  std::vector<uint8_t> code = {0, 'a', 's', 'm', 1, 0, 0, 0};
  code.resize(p.random.Below(3'000) + 500);
  p.random.Fill(std::span(code).subspan(8));
  const LedgerKey key = KeyOfCode(ledger::Sha256Of(code));
  SendSoroban(p, actors, ledger,
              Op(Body::INVOKE_HOST_FUNCTION(
                  {HostFunction::HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM(code), {}})),
              Footprint({}, {key}));
}

// Every kind of value, in an event, as an argument and as what is returned.
void Values(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  using xdr::SCErrorCode;
  const Hash& contract = p.world.cast.contracts[1];
  SCVec all = {SCVal::SCV_BOOL(true),
               SCVal::SCV_VOID(),
               SCVal::SCV_ERROR(SCError::SCE_CONTRACT(9)),
               SCVal::SCV_ERROR(SCError::SCE_WASM_VM(SCErrorCode::SCEC_ARITH_DOMAIN)),
               SCVal::SCV_ERROR(SCError::SCE_CONTEXT(SCErrorCode::SCEC_INDEX_BOUNDS)),
               SCVal::SCV_ERROR(SCError::SCE_STORAGE(SCErrorCode::SCEC_MISSING_VALUE)),
               SCVal::SCV_ERROR(SCError::SCE_OBJECT(SCErrorCode::SCEC_EXISTING_VALUE)),
               SCVal::SCV_ERROR(SCError::SCE_OBJECT(SCErrorCode::SCEC_INVALID_INPUT)),
               SCVal::SCV_ERROR(SCError::SCE_CRYPTO(SCErrorCode::SCEC_EXCEEDED_LIMIT)),
               SCVal::SCV_ERROR(SCError::SCE_EVENTS(SCErrorCode::SCEC_INVALID_ACTION)),
               SCVal::SCV_ERROR(SCError::SCE_BUDGET(SCErrorCode::SCEC_INTERNAL_ERROR)),
               SCVal::SCV_ERROR(SCError::SCE_VALUE(SCErrorCode::SCEC_UNEXPECTED_TYPE)),
               SCVal::SCV_ERROR(SCError::SCE_AUTH(SCErrorCode::SCEC_UNEXPECTED_SIZE)),
               SCVal::SCV_U32(UINT32_MAX),
               SCVal::SCV_I32(INT32_MIN),
               SCVal::SCV_U64(UINT64_MAX),
               SCVal::SCV_I64(INT64_MIN),
               SCVal::SCV_TIMEPOINT(UINT64_MAX),
               SCVal::SCV_DURATION(1),
               SCVal::SCV_U128({UINT64_MAX, 1}),
               SCVal::SCV_I128({INT64_MIN, 0}),
               SCVal::SCV_U256({UINT64_MAX, 1, 2, 3}),
               SCVal::SCV_I256({-1, UINT64_MAX, UINT64_MAX, UINT64_MAX - 1}),
               SCVal::SCV_BYTES({}),
               Text(std::string("a\0\xFF\n", 4)),
               Symbol("abc_XYZ_019"),
               SCVal::SCV_VEC(SCVec{}),
               SCVal::SCV_MAP(SCMap{}),
               Map({{Symbol("k"), List({Map({{SCVal::SCV_U32(1), SCVal::SCV_VOID()}})})}}),
               AddressValue(AddressOf(actors[0])),
               AddressValue(ContractAddress(contract))};
  if (p.world.protocol >= 23) {
    all.push_back(AddressValue(AddressOf(Muxed(actors[0], UINT64_MAX))));
    all.push_back(AddressValue(SCAddress::SC_ADDRESS_TYPE_CLAIMABLE_BALANCE(
        ClaimableBalanceID::CLAIMABLE_BALANCE_ID_TYPE_V0(p.random.Key()))));
    all.push_back(AddressValue(SCAddress::SC_ADDRESS_TYPE_LIQUIDITY_POOL(p.random.Key())));
  }
  SendSoroban(p, actors, ledger, CallOf(contract, "echo", {List(std::move(all))}),
              Footprint({InstanceKey(contract), KeyOfCode(p.world.cast.programs[1])}, {}));
}

SorobanAuthorizedInvocation Invocation(const World& world, const Actors& actors) {
  SorobanAuthorizedInvocation inner{
      SorobanAuthorizedFunction::SOROBAN_AUTHORIZED_FUNCTION_TYPE_CONTRACT_FN(
          {ContractAddress(world.ContractOf(Native())),
           "transfer",
           {AddressValue(AddressOf(actors[0])), AddressValue(AddressOf(actors[1])),
            Number(kSome)}}),
      {}};
  return {SorobanAuthorizedFunction::SOROBAN_AUTHORIZED_FUNCTION_TYPE_CONTRACT_FN(
              {ContractAddress(world.cast.contracts[0]), "pay", {}}),
          {inner}};
}

void Authorizations(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  using Function = SorobanAuthorizedFunction;
  const World& world = p.world;
  LedgerFootprint footprint;
  // Each signature uses up a nonce, which is temporary data of the account that signs.
  const auto address = [&] {
    const auto nonce = static_cast<int64_t>(p.random.Next() >> 1);
    footprint.readWrite.push_back(NonceKey(AddressOf(actors[1]), nonce));
    return SorobanAddressCredentials{
        AddressOf(actors[1]), nonce, world.ledger + 16,
        List({Map({{Symbol("public_key"), SCVal::SCV_BYTES(std::vector<uint8_t>(32, 1))},
                   {Symbol("signature"), SCVal::SCV_BYTES(std::vector<uint8_t>(64, 2))}})})};
  };
  std::vector<SorobanCredentials> credentials = {
      SorobanCredentials::SOROBAN_CREDENTIALS_SOURCE_ACCOUNT(),
      SorobanCredentials::SOROBAN_CREDENTIALS_ADDRESS(address())};
  if (world.protocol >= 27) {
    const SorobanDelegateSignature inner{AddressOf(actors[3]), SCVal::SCV_VOID(), {}};
    const SorobanDelegateSignature outer{AddressOf(actors[2]), SCVal::SCV_BYTES({1}), {inner}};
    credentials.push_back(SorobanCredentials::SOROBAN_CREDENTIALS_ADDRESS_V2(address()));
    credentials.push_back(
        SorobanCredentials::SOROBAN_CREDENTIALS_ADDRESS_WITH_DELEGATES({address(), {outer}}));
  }
  std::vector<SorobanAuthorizationEntry> entries;
  for (const SorobanCredentials& one : credentials) {
    entries.push_back({one, Invocation(world, actors)});
  }
  const ContractIDPreimage salted = Salted(p, actors[1]);
  const auto code = ContractExecutable::CONTRACT_EXECUTABLE_WASM(world.cast.programs[0]);
  entries.push_back(
      {credentials[0],
       {Function::SOROBAN_AUTHORIZED_FUNCTION_TYPE_CREATE_CONTRACT_HOST_FN({salted, code}), {}}});
  if (world.protocol >= 22) {
    entries.push_back({credentials[0],
                       {Function::SOROBAN_AUTHORIZED_FUNCTION_TYPE_CREATE_CONTRACT_V2_HOST_FN(
                            {salted, code, {SCVal::SCV_U32(1)}}),
                        {}}});
  }
  const Hash& contract = world.cast.contracts[0];
  const Hash native = world.ContractOf(Native());
  footprint.readOnly = {InstanceKey(contract), KeyOfCode(world.cast.programs[0]),
                        InstanceKey(native)};
  footprint.readWrite.push_back(KeyOf(actors[0]));
  footprint.readWrite.push_back(KeyOf(actors[1]));
  SendSoroban(p, actors, ledger,
              CallOf(contract, "pay",
                     {AddressValue(AddressOf(actors[0])), AddressValue(AddressOf(actors[1])),
                      AddressValue(ContractAddress(native)), Number(kSome)},
                     std::move(entries)),
              std::move(footprint));
}

// A contract that takes another program, of which a system event tells.
void UpdateProgram(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Cast& cast = p.world.cast;
  const Hash& next = cast.programs[p.world.ledger % cast.programs.size()];
  SendSoroban(p, actors, ledger,
              CallOf(cast.renewed, "upgrade", {SCVal::SCV_BYTES({next.begin(), next.end()})}),
              Footprint({KeyOfCode(next)}, {InstanceKey(cast.renewed)}));
}

// What no valid operation says.
void Malformed(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const auto fail = [&](Operation operation, OperationResultTr result) {
    Send(p, actors, ledger, {std::move(operation)}).failure =
        Plan::Failure{0, OperationResult::opINNER(std::move(result))};
  };
  fail(Op(Body::CHANGE_TRUST({ChangeTrustAsset::ASSET_TYPE_NATIVE(), kSome})),
       OperationResultTr::CHANGE_TRUST(ChangeTrustResult::CHANGE_TRUST_MALFORMED()));
  for (const LedgerKey& key :
       {KeyOf(actors[0], Native()),
        LedgerKey::CONFIG_SETTING({xdr::ConfigSettingID::CONFIG_SETTING_STATE_ARCHIVAL})}) {
    if (p.world.protocol < 14) break;
    fail(Op(Body::REVOKE_SPONSORSHIP(OfEntry(key))),
         OperationResultTr::REVOKE_SPONSORSHIP(
             RevokeSponsorshipResult::REVOKE_SPONSORSHIP_MALFORMED()));
  }
}

// Makes temporary data, drops it while it lives, and makes more that is left to be evicted.
void TemporaryData(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Hash& contract = p.world.cast.contracts[2];
  const auto send = [&](const char* function, uint32_t name, std::vector<SCVal> arguments) {
    const SCVal key = List({Symbol("Temporary"), SCVal::SCV_U32(name)});
    arguments.insert(arguments.begin(), key);
    SendSoroban(p, actors, ledger, CallOf(contract, function, std::move(arguments)),
                Footprint({InstanceKey(contract), KeyOfCode(p.world.cast.programs[2])},
                          {DataKey(contract, key, xdr::ContractDataDurability::TEMPORARY)}));
  };
  send("store", 0, {SCVal::SCV_U32(1)});
  send("store", 0, {SCVal::SCV_U32(2)});
  send("drop", 0, {});
  send("store", p.world.ledger, {SCVal::SCV_U32(3)});
}

// Persistent data that expires (and from protocol 23 on is evicted) within some thirty ledgers, and
// comes back by a restoration.
void RestoreFootprint(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Hash& contract = p.world.cast.contracts[3];
  const LedgerFootprint reads =
      Footprint({InstanceKey(contract), KeyOfCode(p.world.cast.programs[0])}, {});
  const SCVal key = List({Symbol("Kept"), SCVal::SCV_U32(p.world.ledger)});
  LedgerFootprint keeping = reads;
  keeping.readWrite = {DataKey(contract, key, xdr::ContractDataDurability::PERSISTENT)};
  SendSoroban(p, actors, ledger, CallOf(contract, "keep", {key, SCVal::SCV_U32(1)}),
              std::move(keeping));
  SendSoroban(p, actors, ledger, Op(Body::EXTEND_FOOTPRINT_TTL({{}, p.world.ledger % 1'000})),
              reads);
  if (p.world.archive.empty()) return;
  SendSoroban(p, actors, ledger, Op(Body::RESTORE_FOOTPRINT({})),
              Footprint({}, {KeyOf(p.world.archive.front())}));
}

// A call that restores what it writes.
void AutoRestore(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const Hash& contract = p.world.cast.contracts[4];
  LedgerFootprint footprint =
      Footprint({InstanceKey(contract), KeyOfCode(p.world.cast.programs[1])}, {});
  const auto archived = std::ranges::find_if(p.world.archive, [&](const LedgerEntry& entry) {
    const ContractDataEntry* data = entry.data.ifContractData();
    return data != nullptr && data->contract.contractId() == contract && data->val.ifU32();
  });
  SCVal key = List({Symbol("Auto"), SCVal::SCV_U32(p.world.ledger)});
  const bool restores = archived != p.world.archive.end();
  if (restores) key = archived->data.contractData().key;
  footprint.readWrite = {DataKey(contract, key, xdr::ContractDataDurability::PERSISTENT)};
  Plan& plan = SendSoroban(p, actors, ledger,
                           CallOf(contract, "keep", {key, SCVal::SCV_U32(p.world.ledger)}),
                           std::move(footprint));
  if (restores) {
    plan.transaction.ext.sorobanData().ext = SorobanTransactionDataExt::v1({{0}});
  }
}

void Predicates(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  using Predicate = ClaimPredicate;
  const auto now = static_cast<int64_t>(p.world.close_time);
  const Predicate later = Predicate::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(now + 1'000);
  const Predicate over = Predicate::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(now - 1);
  const Predicate all[] = {
      Predicate::CLAIM_PREDICATE_UNCONDITIONAL(),
      later,
      Predicate::CLAIM_PREDICATE_BEFORE_RELATIVE_TIME(60),
      Predicate::CLAIM_PREDICATE_NOT(over),
      Predicate::CLAIM_PREDICATE_AND({later, Predicate::CLAIM_PREDICATE_NOT(over)}),
      Predicate::CLAIM_PREDICATE_OR({over, later})};
  Plan& plan = Send(p, actors, ledger, {});
  Operations& operations = plan.transaction.operations;
  for (const Predicate& predicate : all) {
    const ClaimableBalanceID id =
        BalanceIdOf(actors[0], plan.transaction.seqNum, static_cast<uint32_t>(operations.size()));
    operations.push_back(
        Op(Body::CREATE_CLAIMABLE_BALANCE({Native(),
                                           kSome,
                                           {Claimant::CLAIMANT_TYPE_V0({actors[1], predicate}),
                                            Claimant::CLAIMANT_TYPE_V0({actors[2], over})}})));
    operations.push_back(Op(Body::CLAIM_CLAIMABLE_BALANCE({id}), actors[1]));
  }
  plan.transaction.fee = 2'000;
}

void AccountMerge(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const AccountID created = AccountOf(p.random.Key());
  Send(p, actors, ledger, {Op(Body::CREATE_ACCOUNT({created, kSome}))});
  if (p.world.guests.empty()) return;
  Send(p, actors, ledger, {Op(Body::ACCOUNT_MERGE(Muxed(actors[1], 3)), p.world.guests.front())});
}

void BumpSequence(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  const int64_t now = p.world.state.Account(actors[1]).seqNum;
  Send(p, actors, ledger,
       {Op(Body::BUMP_SEQUENCE({now + 10}), actors[1]), Op(Body::BUMP_SEQUENCE({0}), actors[1])});
}

// Every result by which an operation can fail, a few at a time.
void OperationFailures(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  constexpr uint32_t kAtATime = 12;
  std::vector<std::pair<Operation, OperationResult>> all;
  const Asset asset = Credit("FAIL", actors[3]);
  const ClaimableBalanceID balance =
      ClaimableBalanceID::CLAIMABLE_BALANCE_ID_TYPE_V0(uint256{9, 9, 9});
  const Hash pool = PoolIdOf(Native(), asset);
  const uint32_t protocol = p.world.protocol;
  const std::pair<uint32_t, Operation> operations[] = {
      {0, Op(Body::CREATE_ACCOUNT({actors[1], 1}))},
      {0, PayTo(actors[1], INT64_MAX)},
      {0, Op(Body::PATH_PAYMENT_STRICT_RECEIVE({Native(), 1, Plain(actors[1]), asset, kSome, {}}))},
      {0, Op(Body::MANAGE_SELL_OFFER({asset, Native(), kSome, {1, 1}, 404}))},
      {0, Op(Body::CREATE_PASSIVE_SELL_OFFER({asset, Native(), kSome, {1, 1}}))},
      {0, SetFlags(actors[0], 16, 0)},
      {0, Trust(actors[0], asset, 0)},
      {0,
       Op(Body::ALLOW_TRUST({actors[1], AssetCode::ASSET_TYPE_CREDIT_ALPHANUM4({'N', 'O'}), 0}))},
      {0, Op(Body::ACCOUNT_MERGE(Plain(actors[0])))},
      {0, Op(Body::INFLATION())},
      {0, Op(Body::MANAGE_DATA({"absent", std::nullopt}))},
      {0, Op(Body::BUMP_SEQUENCE({-1}))},
      {0, Op(Body::MANAGE_BUY_OFFER({Native(), asset, kSome, {1, 1}, 404}))},
      {0, Op(Body::PATH_PAYMENT_STRICT_SEND({Native(), 1, Plain(actors[1]), asset, kSome, {}}))},
      {14, Op(Body::CREATE_CLAIMABLE_BALANCE({asset, kSome, {}}))},
      {14, Op(Body::CLAIM_CLAIMABLE_BALANCE({balance}))},
      {14, Op(Body::BEGIN_SPONSORING_FUTURE_RESERVES({actors[0]}))},
      {14, Op(Body::END_SPONSORING_FUTURE_RESERVES())},
      {14, Op(Body::REVOKE_SPONSORSHIP(OfEntry(KeyOfData(actors[1], "absent"))))},
      {17, Op(Body::CLAWBACK({asset, Plain(actors[1]), kSome}))},
      {17, Op(Body::CLAWBACK_CLAIMABLE_BALANCE({balance}))},
      {17, Op(Body::SET_TRUST_LINE_FLAGS({actors[1], asset, 1, 0}))},
      {18, Op(Body::LIQUIDITY_POOL_DEPOSIT({pool, 1, 1, {1, 1}, {1, 1}}))},
      {18, Op(Body::LIQUIDITY_POOL_WITHDRAW({pool, 1, 1, 1}))}};
  for (const auto& [first_protocol, operation] : operations) {
    if (protocol < first_protocol) continue;
    for (const OperationResult& result : FailuresOf(operation.body.type(), protocol)) {
      all.emplace_back(operation, result);
    }
  }
  for (uint32_t i = 0; i < kAtATime; ++i) {
    const auto& [operation, result] = all[(uint64_t{p.world.ledger} * kAtATime + i) % all.size()];
    Send(p, actors, ledger, {PayTo(actors[1]), operation}).failure = Plan::Failure{1, result};
  }
}

// Every code of a transaction without results of operations.
void Rejections(Planner& p, const Actors& actors, LedgerPlan& ledger) {
  for (const xdr::TransactionResultCode code : RejectionsOf(p.world.protocol)) {
    Plan& plan = Send(p, actors, ledger, {PayTo(actors[1])});
    plan.rejected = code;
    Bump(Send(p, actors, ledger, {PayTo(actors[1])}), Plain(actors[2]));
    ledger.transactions.back().rejected = code;
  }
}

void ConsensusMessages(Planner&, const Actors&, LedgerPlan& ledger) {
  ledger.consensus_messages = true;
}

void EmptyByDecree(Planner&, const Actors&, LedgerPlan& ledger) { ledger.empty_by_decree = true; }

void Upgrades(Planner& p, const Actors&, LedgerPlan& ledger) {
  const uint32_t step = p.world.ledger % 100;
  ledger.upgrades.push_back(LedgerUpgrade::LEDGER_UPGRADE_BASE_FEE(100));
  ledger.upgrades.push_back(LedgerUpgrade::LEDGER_UPGRADE_MAX_TX_SET_SIZE(1'000 + step));
  ledger.upgrades.push_back(LedgerUpgrade::LEDGER_UPGRADE_BASE_RESERVE(5'000'000));
  if (p.world.protocol >= 20) {  // six are the most a value holds; see the other case for flags
    ledger.upgrades.push_back(
        LedgerUpgrade::LEDGER_UPGRADE_CONFIG({p.world.cast.contracts[0], p.random.Key()}));
    ledger.upgrades.push_back(LedgerUpgrade::LEDGER_UPGRADE_MAX_SOROBAN_TX_SET_SIZE(100 + step));
  }
}

void HeaderFlags(Planner& p, const Actors&, LedgerPlan& ledger) {
  ledger.upgrades.push_back(LedgerUpgrade::LEDGER_UPGRADE_FLAGS(p.world.header_flags == 0 ? 7 : 0));
}

constexpr Case kCases[] = {
    {"inflation", "the operation as it is since protocol 12: opNOT_SUPPORTED", 0, Inflation},
    {"inflation_payout", "an inflation that pays, as up to protocol 11", 0, InflationPayout},
    {"manage_data", "data created, updated, emptied and removed; names that are no UTF-8", 0,
     ManageData},
    {"home_domain", "domains set and cleared; one that is no UTF-8", 0, HomeDomain},
    {"set_options", "every option; signers of every kind added, updated and removed", 0,
     SetOptionsAll},
    {"source_account_muxed", "muxed sources of a transaction and an operation, a muxed destination",
     0, MuxedSource},
    {"memos", "every kind of memo", 0, Memos},
    {"memo_bytes", "a text memo that is no UTF-8 and holds a NUL", 0, MemoBytes},
    {"time_bounds", "no bounds, unbounded, and beyond what fits into microseconds", 0,
     TimeBoundsCase},
    {"min_account_sequence", "preconditions V2 with all there is, and with nothing", 19,
     PreconditionsCase},
    {"v0_envelope", "envelopes of TransactionV0 with and without time bounds", 0, V0Envelope},
    {"fee_bump",
     "fee bumps that succeed, fail and are refused, by a muxed account and by the sender", 0,
     FeeBumps},
    {"account_merge", "a new account, and one that is merged into a muxed account", 0,
     AccountMerge},
    {"bump_sequence", "a sequence number bumped, and one left as it was", 0, BumpSequence},
    {"trust_line_flags", "lines authorized, limited and revoked by both operations", 0,
     TrustLineFlags},
    {"operation_failures", "every result by which an operation can fail, twelve in a ledger", 0,
     OperationFailures},
    {"malformed", "keys and assets that no valid operation names", 0, Malformed},
    {"rejections", "every code of transactions without results of operations, in fee bumps too", 0,
     Rejections},
    {"claim_predicates", "claimable balances with every kind of predicate", 14, Predicates},
    {"sponsored_account", "an account and its signer created with sponsored reserves", 14,
     SponsoredAccount},
    {"revoke_sponsorship_account", "an account's sponsor set, changed and removed", 14,
     RevokeAccount},
    {"revoke_sponsorship_trustline", "the same of a trust line", 14, RevokeTrustLine},
    {"revoke_sponsorship_offer", "the same of an offer", 14, RevokeOffer},
    {"revoke_sponsorship_data", "the same of a data entry", 14, RevokeData},
    {"revoke_sponsorship_signer", "the same of a signer", 14, RevokeSigner},
    {"revoke_sponsorship_claimable_balance", "a claimable balance's sponsor changed", 14,
     RevokeBalance},
    {"revoke_sponsorship_pool_share", "the same as for a trust line, of a pool's shares", 18,
     RevokePoolShare},
    {"clawback", "an asset clawed back, from a muxed account too", 17, Clawback},
    {"clawback_claimable_balance", "a claimable balance clawed back", 17, ClawbackBalance},
    {"clawback_enabled", "a line's clawback flag cleared", 17, ClawbackEnabled},
    {"liquidity_pool_withdraw", "a pool made, filled, emptied and removed", 18, PoolWithdraw},
    {"liquidity_pool_revoked", "a share taken apart by a revoked authorization", 18, PoolRevoked},
    {"consensus_messages", "scpInfo with a quorum set and statements of every kind", 0,
     ConsensusMessages},
    {"upgrades", "upgrades of the header's figures and of settings", 0, Upgrades},
    {"header_flags", "upgrades of the header's flags: pools disabled and enabled", 18, HeaderFlags},
    {"soroban_refund", "a refund: at stage 1 up to protocol 22, after all transactions from 23 on",
     20, Refund},
    {"soroban_fee_bump", "Soroban transactions in fee bumps, one that traps", 20, SorobanFeeBump},
    {"soroban_failures", "every way in which Soroban's operations fail", 20, SorobanFailures},
    {"asset_contract", "mint, clawback, burn and transfers with the issuer by an asset's contract",
     20, AssetContract},
    {"create_contract", "contracts made from an address and from an asset", 20, CreateContract},
    {"upload_code", "a program put on the ledger", 20, UploadCode},
    {"values", "every kind of contract value and address", 20, Values},
    {"authorizations", "every kind of credentials, with invocations inside of invocations", 20,
     Authorizations},
    {"update_program", "a contract that takes another program; a system event", 20, UpdateProgram},
    {"temporary_data", "temporary data made, changed, removed, and evicted later", 20,
     TemporaryData},
    {"restore_footprint", "data that expires and is restored; times to live extended", 20,
     RestoreFootprint},
    {"create_contract_v2", "a contract made with its constructor's arguments", 22,
     CreateContractV2},
    {"muxed_transfer", "a transfer by contract to a muxed account", 23, MuxedTransfer},
    {"auto_restore", "a call that restores archived data and writes it", 23, AutoRestore},
    {"external_reference", "a contract whose executable is another's; an executable tag as a value",
     28, ExternalReference},
    {"empty_tx_set", "a value that decrees an empty transaction set", 28, EmptyByDecree, true},
};

}  // namespace

std::span<const Case> AllCases() { return kCases; }

const Case* FindCase(std::string_view name) {
  const auto found = std::ranges::find(kCases, name, &Case::name);
  return found == std::end(kCases) ? nullptr : &*found;
}

}  // namespace stellar_arrow::synthetic

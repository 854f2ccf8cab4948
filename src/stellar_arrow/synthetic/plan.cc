#include "stellar_arrow/synthetic/plan.h"

#include <algorithm>
#include <utility>

#include "stellar_arrow/synthetic/cases.h"
#include "stellar_arrow/synthetic/failures.h"
#include "stellar_arrow/synthetic/market.h"
#include "stellar_arrow/synthetic/soroban.h"

namespace stellar_arrow::synthetic {
namespace {

using xdr::LedgerEntryType;
using xdr::OperationType;
using Operations = std::vector<Operation>;  // empty: cannot be sent now

constexpr size_t kMostGuests = 150;
constexpr size_t kMostBalances = 150;
constexpr size_t kMostOffers = 250;
constexpr unsigned kFailingPercent = 12;
constexpr unsigned kRejectedPercent = 1;

// Builders of the mix: what a user may send, for itself.

MuxedAccount Destination(Planner& p) {
  const AccountID& account = p.random.Pick(p.world.cast.users);
  return p.random.Percent(8) ? Muxed(account, p.random.Next()) : Plain(account);
}

const Asset& HeldAsset(Planner& p) {  // by every user
  return p.world.cast.assets[1 + p.random.Below(4)];
}

int64_t Amount(Planner& p) { return p.random.Between(1, 500) * kXlm + p.random.Between(0, kXlm); }

Operations Pay(Planner& p, const AccountID&) {
  const Asset asset = p.random.Percent(55) ? Native() : HeldAsset(p);
  return {Op(OperationBody::PAYMENT({Destination(p), asset, Amount(p)}))};
}

Operations PathReceive(Planner& p, const AccountID&) {
  const std::vector<Asset>& assets = p.world.cast.assets;
  const int64_t amount = Amount(p) / 10;
  if (p.random.Percent(50)) {
    return {Op(OperationBody::PATH_PAYMENT_STRICT_RECEIVE(
        {Native(), 4 * amount, Destination(p), assets[4], amount, {}}))};
  }
  return {Op(OperationBody::PATH_PAYMENT_STRICT_RECEIVE(
      {assets[3], 4 * amount, Destination(p), assets[4], amount, {Native()}}))};
}

Operations PathSend(Planner& p, const AccountID& source) {
  const std::vector<Asset>& assets = p.world.cast.assets;
  const int64_t amount = Amount(p) / 10;
  if (p.random.Percent(30)) {  // a round trip, as arbitrage makes it
    return {Op(OperationBody::PATH_PAYMENT_STRICT_SEND(
        {Native(), amount, Plain(source), Native(), 1, {assets[1], assets[2]}}))};
  }
  if (p.random.Percent(50)) {
    return {Op(OperationBody::PATH_PAYMENT_STRICT_SEND(
        {Native(), amount, Destination(p), assets[2], 1, {assets[1]}}))};
  }
  return {Op(OperationBody::PATH_PAYMENT_STRICT_SEND(
      {assets[4], amount, Destination(p), Native(), 1, {}}))};
}

Price SomePrice(Planner& p) { return {static_cast<int32_t>(p.random.Between(80, 130)), 100}; }

// A maker's offers are what paths go through; it renews them, and takes them back when there are
// many.
Operations SellOffer(Planner& p, const AccountID&) {
  if (p.world.state.CountOf(LedgerEntryType::OFFER) > kMostOffers) return {};
  const bool native = p.random.Percent(50);
  const Asset& asset = HeldAsset(p);
  return {Op(OperationBody::MANAGE_SELL_OFFER(
      {native ? Native() : asset, native ? asset : Native(), Amount(p), SomePrice(p), 0}))};
}

Operations BuyOffer(Planner& p, const AccountID&) {
  if (p.world.state.CountOf(LedgerEntryType::OFFER) > kMostOffers) return {};
  return {
      Op(OperationBody::MANAGE_BUY_OFFER({Native(), HeldAsset(p), Amount(p), SomePrice(p), 0}))};
}

Operations PassiveOffer(Planner& p, const AccountID&) {
  if (p.world.state.CountOf(LedgerEntryType::OFFER) > kMostOffers) return {};
  return {Op(OperationBody::CREATE_PASSIVE_SELL_OFFER(
      {HeldAsset(p),
       Native(),
       Amount(p),
       {static_cast<int32_t>(p.random.Between(105, 140)), 100}}))};
}

// Of someone's offer, by that someone.
Operations ChangeOffer(Planner& p, const AccountID&) {
  const LedgerEntry* entry = p.world.state.Any(LedgerEntryType::OFFER, p.random);
  if (entry == nullptr) return {};
  const OfferEntry& offer = entry->data.offer();
  const bool of_maker = std::ranges::any_of(
      p.world.cast.makers, [&](const AccountID& maker) { return maker == offer.sellerID; });
  if (of_maker) return {};
  const int64_t amount = p.random.Percent(70) ? 0 : offer.amount / 2 + 1;
  return {Op(OperationBody::MANAGE_SELL_OFFER(
                 {offer.selling, offer.buying, amount, offer.price, offer.offerID}),
             offer.sellerID)};
}

Operations SetOptions(Planner& p, const AccountID& source) {
  SetOptionsOp op;
  switch (p.random.Below(5)) {
    case 0:
      op.homeDomain = "synthetic" + std::to_string(p.random.Below(100)) + ".example";
      break;
    case 1:
      op.masterWeight = 10;
      op.lowThreshold = 1;
      op.medThreshold = static_cast<uint32_t>(p.random.Between(1, 5));
      op.highThreshold = 10;
      break;
    case 2:
      op.inflationDest = p.random.Pick(p.world.cast.users);
      break;
    default: {
      const AccountEntry& account = p.world.state.Account(source);
      const bool remove = !account.signers.empty() && p.random.Percent(60);
      if (remove) {
        op.signer = Signer{account.signers.front().key, 0};
        break;
      }
      const uint256 key = p.random.Key();
      op.signer = Signer{p.random.Percent(70)   ? SignerKey::SIGNER_KEY_TYPE_ED25519(key)
                         : p.random.Percent(50) ? SignerKey::SIGNER_KEY_TYPE_HASH_X(key)
                                                : SignerKey::SIGNER_KEY_TYPE_PRE_AUTH_TX(key),
                         static_cast<uint32_t>(p.random.Between(1, 10))};
      if (p.world.protocol >= 19 && p.random.Percent(20)) {
        op.signer->key = SignerKey::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD({key, {1, 2, 3, 4, 5}});
      }
    }
  }
  return {Op(OperationBody::SET_OPTIONS(op))};
}

Operations ChangeTrust(Planner& p, const AccountID& source) {
  const Asset& asset = p.world.cast.assets[5];
  const LedgerEntry* line = p.world.state.Find(KeyOf(source, asset));
  const bool remove =
      line != nullptr && line->data.trustLine().balance == 0 && p.random.Percent(50);
  return {Op(OperationBody::CHANGE_TRUST(
      {TrustOf(asset), remove ? 0 : p.random.Between(1'000'000, 900'000'000) * kXlm}))};
}

// By a regulated asset's issuer.
Operations AllowTrust(Planner& p, const AccountID&) {
  const Asset& asset = p.world.cast.regulated;
  const AccountID& holder = p.random.Pick(p.world.cast.users);
  const LedgerEntry* line = p.world.state.Find(KeyOf(holder, asset));
  if (line == nullptr) return {};
  const bool authorized = (line->data.trustLine().flags & 1) != 0;
  const uint32_t to = authorized ? 2 : 1;
  if (p.world.protocol < 17 || p.random.Percent(40)) {
    return {
        Op(OperationBody::ALLOW_TRUST(
               {holder, AssetCode::ASSET_TYPE_CREDIT_ALPHANUM4(asset.alphaNum4().assetCode), to}),
           *IssuerOf(asset))};
  }
  return {Op(OperationBody::SET_TRUST_LINE_FLAGS({holder, asset, 3 - to, to}), *IssuerOf(asset))};
}

Operations CreateOrMerge(Planner& p, const AccountID& source) {
  if (p.world.guests.size() < kMostGuests && (p.world.guests.size() < 5 || p.random.Percent(50))) {
    return {Op(OperationBody::CREATE_ACCOUNT(
        {AccountOf(p.random.Key()), p.random.Between(2, 50) * kXlm}))};
  }
  if (p.world.guests.empty()) return {};
  return {Op(OperationBody::ACCOUNT_MERGE(Plain(source)), p.random.Pick(p.world.guests))};
}

Operations ManageData(Planner& p, const AccountID& source) {
  const std::string name = "setting " + std::to_string(p.random.Below(3));
  std::optional<DataValue> value;
  if (!p.world.state.Has(KeyOfData(source, name)) || p.random.Percent(40)) {
    value.emplace(p.random.Below(65));
    p.random.Fill(*value);
  }
  return {Op(OperationBody::MANAGE_DATA({name, value}))};
}

Operations BumpSequence(Planner& p, const AccountID& source) {
  return {Op(OperationBody::BUMP_SEQUENCE(
      {p.world.state.Account(source).seqNum + p.random.Between(0, 20)}))};
}

ClaimPredicate SomePredicate(Planner& p, unsigned depth = 0) {
  switch (depth < 3 ? p.random.Below(6) : p.random.Below(3)) {
    case 0:
      return ClaimPredicate::CLAIM_PREDICATE_UNCONDITIONAL();
    case 1:
      return ClaimPredicate::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(
          static_cast<int64_t>(p.world.close_time) + p.random.Between(0, 100'000));
    case 2:
      return ClaimPredicate::CLAIM_PREDICATE_BEFORE_RELATIVE_TIME(p.random.Between(0, 100'000));
    case 3:
      return ClaimPredicate::CLAIM_PREDICATE_NOT(SomePredicate(p, depth + 1));
    case 4:
      return ClaimPredicate::CLAIM_PREDICATE_AND(
          {SomePredicate(p, depth + 1), SomePredicate(p, depth + 1)});
    default:
      return ClaimPredicate::CLAIM_PREDICATE_OR(
          {SomePredicate(p, depth + 1), SomePredicate(p, depth + 1)});
  }
}

Operations CreateBalance(Planner& p, const AccountID&) {
  if (p.world.state.CountOf(LedgerEntryType::CLAIMABLE_BALANCE) > kMostBalances) return {};
  // The first can always claim it, so that it does not stay for ever.
  std::vector<Claimant> claimants = {
      Claimant::CLAIMANT_TYPE_V0({p.random.Pick(p.world.cast.users), {}})};
  if (p.random.Percent(50)) {
    claimants.push_back(
        Claimant::CLAIMANT_TYPE_V0({p.random.Pick(p.world.cast.users), SomePredicate(p)}));
  }
  const Asset asset = p.random.Percent(50) ? Native() : HeldAsset(p);
  return {Op(OperationBody::CREATE_CLAIMABLE_BALANCE({asset, Amount(p), std::move(claimants)}))};
}

Operations ClaimBalance(Planner& p, const AccountID&) {
  const LedgerEntry* entry = p.world.state.Any(LedgerEntryType::CLAIMABLE_BALANCE, p.random);
  if (entry == nullptr) return {};
  const ClaimableBalanceEntry& balance = entry->data.claimableBalance();
  return {Op(OperationBody::CLAIM_CLAIMABLE_BALANCE({balance.balanceID}),
             balance.claimants.front().v0().destination)};
}

Operations UsePool(Planner& p, const AccountID&) {
  const std::vector<Asset>& assets = p.world.cast.assets;
  const std::pair<size_t, size_t> pairs[] = {{0, 1}, {1, 2}, {0, 3}};
  const auto& [a, b] = pairs[p.random.Below(3)];
  const Hash pool = PoolIdOf(assets[a], assets[b]);
  const AccountID& provider = p.world.cast.users[p.random.Below(20)];
  if (p.random.Percent(50)) {
    return {
        Op(OperationBody::LIQUIDITY_POOL_DEPOSIT({pool, Amount(p), Amount(p), {1, 100}, {100, 1}}),
           provider)};
  }
  return {Op(OperationBody::LIQUIDITY_POOL_WITHDRAW({pool, Amount(p) / 20, 1, 1}), provider)};
}

Operations Sponsor(Planner& p, const AccountID& source) {
  const AccountID& other = p.random.Pick(p.world.cast.users);
  if (other == source) return {};
  Operations operations = {Op(OperationBody::BEGIN_SPONSORING_FUTURE_RESERVES({other}))};
  Operation inside = ManageData(p, other)[0];
  inside.sourceAccount = Plain(other);
  operations.push_back(std::move(inside));
  operations.push_back(Op(OperationBody::END_SPONSORING_FUTURE_RESERVES(), other));
  return operations;
}

struct Kind {
  unsigned weight;
  uint32_t first_protocol;
  Operations (*build)(Planner&, const AccountID& source);
};

constexpr Kind kMix[] = {
    {300, 0, Pay},         {60, 0, PathReceive},    {80, 0, PathSend},      {110, 0, SellOffer},
    {60, 0, BuyOffer},     {15, 0, PassiveOffer},   {90, 0, ChangeOffer},   {30, 0, SetOptions},
    {25, 0, ChangeTrust},  {25, 0, AllowTrust},     {60, 0, CreateOrMerge}, {30, 0, ManageData},
    {10, 0, BumpSequence}, {40, 14, CreateBalance}, {40, 14, ClaimBalance}, {25, 18, UsePool},
    {20, 14, Sponsor},
};

Operations SomeOperations(Planner& p, const AccountID& source) {
  while (true) {
    unsigned total = 0;
    for (const Kind& kind : kMix) {
      if (p.world.protocol >= kind.first_protocol) total += kind.weight;
    }
    auto drawn = static_cast<unsigned>(p.random.Below(total));
    for (const Kind& kind : kMix) {
      if (p.world.protocol < kind.first_protocol) continue;
      if (drawn < kind.weight) {
        if (Operations operations = kind.build(p, source); !operations.empty()) return operations;
        break;
      }
      drawn -= kind.weight;
    }
  }
}

// How many operations transactions have: mostly one, sometimes many.
size_t SomeCount(Random& random) {
  if (random.Percent(70)) return 1;
  return random.Percent(92) ? 2 + random.Below(4) : 10 + random.Below(20);
}

Memo SomeMemo(Random& random) {
  switch (random.Below(20)) {
    case 0:
    case 1:
    case 2:
      return Memo::MEMO_TEXT("order " + std::to_string(random.Below(1'000'000)));
    case 3:
    case 4:
      return Memo::MEMO_ID(random.Next());
    case 5:
      return Memo::MEMO_HASH(random.Key());
    case 6:
      return Memo::MEMO_RETURN(random.Key());
    case 7: {
      std::string bytes(random.Below(29), '\0');  // any bytes, mostly no UTF-8
      for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
      return Memo::MEMO_TEXT(bytes);
    }
    default:
      return Memo::MEMO_NONE();
  }
}

TimeBounds SomeBounds(Planner& p) {
  return {p.random.Percent(70) ? 0 : p.world.close_time - p.random.Below(100'000),
          p.random.Percent(20) ? 0 : p.world.close_time + p.random.Below(100'000)};
}

Preconditions SomePreconditions(Planner& p, const AccountID& source) {
  Random& random = p.random;
  if (random.Percent(35)) return Preconditions::PRECOND_NONE();
  if (p.world.protocol < 19 || random.Percent(90)) {
    return Preconditions::PRECOND_TIME(SomeBounds(p));
  }
  PreconditionsV2 v2;
  if (random.Percent(50)) v2.timeBounds = SomeBounds(p);
  if (random.Percent(50)) {
    v2.ledgerBounds = LedgerBounds{p.world.ledger - static_cast<uint32_t>(random.Below(2)),
                                   random.Percent(50) ? 0 : p.world.ledger + 100};
  }
  if (random.Percent(30)) v2.minSeqNum = p.world.state.Account(source).seqNum;
  if (random.Percent(20)) v2.minSeqAge = random.Below(5);
  for (uint64_t signers = random.Below(3); signers > 0 && random.Percent(40); --signers) {
    v2.extraSigners.push_back(
        random.Percent(50) ? SignerKey::SIGNER_KEY_TYPE_ED25519(random.Key())
                           : SignerKey::SIGNER_KEY_TYPE_ED25519_SIGNED_PAYLOAD(
                                 {random.Key(), std::vector<uint8_t>(1 + random.Below(64), 7)}));
  }
  return Preconditions::PRECOND_V2(std::move(v2));
}

// What is around the operations, of any transaction of the mix.
void Decorate(Planner& p, Plan& plan) {
  Random& random = p.random;
  plan.transaction.memo = SomeMemo(random);
  plan.transaction.cond = SomePreconditions(p, plan.source());
  if (random.Percent(5)) {
    plan.transaction.sourceAccount = Muxed(plan.source(), random.Next());
  }
  if (random.Percent(7)) {
    const AccountID& payer = random.Pick(p.world.cast.users);
    plan.fee_bump = FeeBump{random.Percent(20) ? Muxed(payer, random.Next()) : Plain(payer),
                            int64_t{plan.transaction.fee} * 2 + 2 * p.world.base_fee};
  } else if (plan.soroban() == nullptr && random.Percent(3) &&
             plan.transaction.cond.ifV2() == nullptr) {
    plan.as_v0 = true;
    plan.transaction.sourceAccount = Plain(plan.source());
  }
}

void MayFail(Planner& p, Plan& plan) {
  const Operations& operations = plan.transaction.operations;
  if (plan.soroban() == nullptr && p.random.Percent(kRejectedPercent)) {
    plan.rejected = p.random.Pick(RejectionsOf(p.world.protocol));
  } else if (p.random.Percent(kFailingPercent)) {
    const size_t operation = p.random.Below(operations.size());
    const auto failures = FailuresOf(operations[operation].body.type(), p.world.protocol);
    plan.failure = Plan::Failure{operation, p.random.Pick(failures)};
  }
}

Plan SomeClassic(Planner& p, const AccountID& source) {
  Operations operations;
  const size_t count = std::max<size_t>(SomeCount(p.random), p.world.options.operations);
  while (operations.size() < count) {
    for (Operation& operation : SomeOperations(p, source)) {
      if (operation.sourceAccount && p.random.Percent(5)) {
        operation.sourceAccount = Muxed(AccountOf(*operation.sourceAccount), p.random.Next());
      }
      operations.push_back(std::move(operation));
    }
  }
  Plan plan = p.Start(source, std::move(operations));
  Decorate(p, plan);
  MayFail(p, plan);
  return plan;
}

// Any value that a contract may keep.
SCVal SomeValue(Planner& p, unsigned depth = 0) {
  Random& random = p.random;
  switch (random.Below(depth < 3 ? 19 : 16)) {
    case 0:
      return SCVal::SCV_BOOL(random.Percent(50));
    case 1:
      return SCVal::SCV_VOID();
    case 2:
      return SCVal::SCV_U32(static_cast<uint32_t>(random.Next()));
    case 3:
      return SCVal::SCV_I32(static_cast<int32_t>(random.Next()));
    case 4:
      return SCVal::SCV_U64(random.Next());
    case 5:
      return SCVal::SCV_I64(static_cast<int64_t>(random.Next()));
    case 6:
      return SCVal::SCV_TIMEPOINT(p.world.close_time);
    case 7:
      return SCVal::SCV_DURATION(random.Below(1'000'000));
    case 8:
      return SCVal::SCV_U128({random.Next(), random.Next()});
    case 9:
      return SCVal::SCV_I128({static_cast<int64_t>(random.Next()), random.Next()});
    case 10:
      return SCVal::SCV_U256({random.Next(), random.Next(), random.Next(), random.Next()});
    case 11:
      return SCVal::SCV_I256(
          {static_cast<int64_t>(random.Next()), random.Next(), random.Next(), random.Next()});
    case 12: {
      std::vector<uint8_t> bytes(random.Below(120));
      random.Fill(bytes);
      return SCVal::SCV_BYTES(std::move(bytes));
    }
    case 13:
      return Text("text " + std::to_string(random.Below(1000)));
    case 14:
      return Symbol(random.Percent(50) ? "ready" : "done");
    case 15:
      return AddressValue(random.Percent(50)
                              ? AddressOf(random.Pick(p.world.cast.users))
                              : ContractAddress(random.Pick(p.world.cast.contracts)));
    case 16:
      return List({SomeValue(p, depth + 1), SomeValue(p, depth + 1)});
    case 17:
      return Map({{Symbol("first"), SomeValue(p, depth + 1)},
                  {Symbol("second"), SomeValue(p, depth + 1)}});
    default:
      return SCVal::SCV_ERROR(SCError::SCE_CONTRACT(static_cast<uint32_t>(random.Below(100))));
  }
}

// What a call to a program reads.
std::vector<LedgerKey> ReadBy(Planner& p, size_t contract) {
  const Cast& cast = p.world.cast;
  return {InstanceKey(cast.contracts[contract]),
          KeyOfCode(cast.programs[contract % cast.programs.size()])};
}

std::optional<Plan> SomeSoroban(Planner& p, const AccountID& source) {
  Random& random = p.random;
  const Cast& cast = p.world.cast;
  const size_t number = random.Below(cast.contracts.size());
  const Hash& contract = cast.contracts[number];
  const SCAddress from = AddressOf(source);
  const auto transfer = [&](const Asset& asset, const SCAddress& to) {
    const Hash id = p.world.ContractOf(asset);
    return p.StartSoroban(
        source, CallOf(id, "transfer", {AddressValue(from), AddressValue(to), Number(Amount(p))}),
        Footprint({InstanceKey(id)},
                  {HolderKey(p.world, asset, from), HolderKey(p.world, asset, to)}));
  };
  switch (random.Below(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: {
      const AccountID& other = random.Pick(cast.users);
      if (other == source) return std::nullopt;
      SCAddress to = AddressOf(other);
      if (p.world.protocol >= 23 && random.Percent(15)) to = AddressOf(Muxed(other, random.Next()));
      return transfer(random.Percent(50) ? Native() : HeldAsset(p), to);
    }
    case 5:
    case 6:
      return transfer(random.Percent(50) ? Native() : HeldAsset(p), ContractAddress(contract));
    case 7:
    case 8:
    case 9: {
      std::vector<LedgerKey> read = ReadBy(p, number);
      return p.StartSoroban(source, CallOf(contract, "increment", {}),
                            Footprint({read[1]}, {read[0]}));
    }
    case 10:
    case 11: {
      const SCVal key = SCVal::SCV_U64(random.Next());
      return p.StartSoroban(
          source, CallOf(contract, "store", {key, SomeValue(p)}),
          Footprint(ReadBy(p, number),
                    {DataKey(contract, key, xdr::ContractDataDurability::TEMPORARY)}));
    }
    case 12: {
      const SCVal key = List({Symbol("Entry"), SCVal::SCV_U64(random.Next())});
      return p.StartSoroban(
          source, CallOf(contract, "keep", {key, SomeValue(p)}),
          Footprint(ReadBy(p, number),
                    {DataKey(contract, key, xdr::ContractDataDurability::PERSISTENT)}));
    }
    case 13:
    case 14: {
      const AccountID& other = random.Pick(cast.users);
      if (other == source) return std::nullopt;
      const Asset asset = random.Percent(50) ? Native() : HeldAsset(p);
      const Hash id = p.world.ContractOf(asset);
      std::vector<LedgerKey> read = ReadBy(p, number);
      read.push_back(InstanceKey(id));
      return p.StartSoroban(
          source,
          CallOf(contract, "pay",
                 {AddressValue(from), AddressValue(AddressOf(other)),
                  AddressValue(ContractAddress(id)), Number(Amount(p))}),
          Footprint(std::move(read), {HolderKey(p.world, asset, from),
                                      HolderKey(p.world, asset, AddressOf(other))}));
    }
    case 15: {
      const AccountID& other = random.Pick(cast.users);
      const Hash id = p.world.ContractOf(cast.assets[1]);
      const LedgerKey key = AllowanceKey(id, from, AddressOf(other));
      if (p.world.state.Has(key)) return std::nullopt;
      return p.StartSoroban(source,
                            CallOf(id, "approve",
                                   {AddressValue(from), AddressValue(AddressOf(other)),
                                    Number(Amount(p)), SCVal::SCV_U32(p.world.ledger + 20)}),
                            Footprint({InstanceKey(id)}, {key}));
    }
    case 16: {
      const Asset& asset = HeldAsset(p);
      const Hash id = p.world.ContractOf(asset);
      return p.StartSoroban(source,
                            CallOf(id, "burn", {AddressValue(from), Number(Amount(p) / 100)}),
                            Footprint({InstanceKey(id)}, {HolderKey(p.world, asset, from)}));
    }
    case 17:
      return p.StartSoroban(source,
                            Op(OperationBody::EXTEND_FOOTPRINT_TTL(
                                {{}, static_cast<uint32_t>(random.Between(100, 100'000))})),
                            Footprint(ReadBy(p, number), {}));
    case 18:
      return p.StartSoroban(source, CallOf(contract, "echo", {SomeValue(p)}),
                            Footprint(ReadBy(p, number), {}));
    default: {
      // What a dead entry needs; none may be left to restore.
      std::vector<LedgerKey> keys;
      if (!p.world.archive.empty()) {
        keys.push_back(KeyOf(p.world.archive[random.Below(p.world.archive.size())]));
      }
      return p.StartSoroban(source, Op(OperationBody::RESTORE_FOOTPRINT({})),
                            Footprint({}, std::move(keys)));
    }
  }
}

// Cases take turns, so that all of them come within so many ledgers.
void AddCases(Planner& p, LedgerPlan& ledger) {
  const Options& options = p.world.options;
  const auto add = [&](const Case& one) {
    Actors actors;
    for (unsigned role = 0; role < kActors; ++role) {
      actors[role] = ActorOf(options.seed, one.name, role);
    }
    one.add(p, actors, ledger);
  };
  const auto fits = [&](const Case& one) { return p.world.protocol >= one.first_protocol; };
  if (!options.only.empty()) {
    const Case& one = *FindCase(options.only);
    if (fits(one)) add(one);
    return;
  }
  std::vector<std::vector<const Case*>> turns(1);
  for (const Case& one : AllCases()) {
    if (!fits(one)) continue;
    if (one.alone || turns.back().size() == kCasesPerLedger) turns.emplace_back();
    turns.back().push_back(&one);
  }
  for (const Case* one : turns[(p.world.ledger - options.start) % turns.size()]) add(*one);
}

}  // namespace

Plan Planner::Start(const AccountID& source, std::vector<Operation> operations) {
  Plan plan;
  Transaction& tx = plan.transaction;
  tx.sourceAccount = Plain(source);
  tx.seqNum = world.state.Account(source).seqNum + 1 + sent_[source.ed25519()]++;
  const auto count = static_cast<uint32_t>(operations.size());
  tx.fee = count * world.base_fee * static_cast<uint32_t>(1 + random.Below(20));
  tx.operations = std::move(operations);
  return plan;
}

Plan Planner::StartSoroban(const AccountID& source, Operation operation,
                           LedgerFootprint footprint) {
  Operations operations;
  operations.push_back(std::move(operation));
  Plan plan = Start(source, std::move(operations));
  SorobanTransactionData data;
  data.resources.footprint = std::move(footprint);
  data.resources.instructions = static_cast<uint32_t>(random.Between(400'000, 20'000'000));
  data.resources.diskReadBytes = static_cast<uint32_t>(random.Between(0, 12'000));
  data.resources.writeBytes = static_cast<uint32_t>(random.Between(100, 6'000));
  data.resourceFee = random.Between(20'000, 400'000);
  plan.transaction.fee += static_cast<uint32_t>(data.resourceFee);
  plan.transaction.ext = TransactionExt::v1(std::move(data));
  return plan;
}

const AccountID* Planner::FreeUser() {
  const std::vector<AccountID>& users = world.cast.users;
  const size_t first = random.Below(users.size());
  for (size_t i = 0; i < users.size(); ++i) {
    const AccountID& user = users[(first + i) % users.size()];
    if (!sent_.contains(user.ed25519())) return &user;
  }
  return nullptr;
}

LedgerPlan PlanLedger(const World& world, Random& random) {
  LedgerPlan ledger;
  Planner planner(world, random);
  const Options& options = world.options;
  if (world.ledger == options.start) {
    ledger.upgrades.push_back(LedgerUpgrade::LEDGER_UPGRADE_VERSION(options.protocol));
  }
  if (options.transactions > 0) AddCases(planner, ledger);
  if (ledger.empty_by_decree) {
    ledger.transactions.clear();
    return ledger;
  }
  while (ledger.transactions.size() < options.transactions) {
    // More than there are users: some send twice.
    const AccountID* free = planner.FreeUser();
    const AccountID& source = free != nullptr ? *free : random.Pick(world.cast.users);
    if (world.protocol >= 20 && random.Percent(options.soroban_percent)) {
      if (std::optional<Plan> plan = SomeSoroban(planner, source)) {
        Decorate(planner, *plan);
        MayFail(planner, *plan);
        ledger.transactions.push_back(std::move(*plan));
      }
    } else {
      ledger.transactions.push_back(SomeClassic(planner, source));
    }
  }
  return ledger;
}

Operation Op(OperationBody body, const std::optional<AccountID>& source) {
  return {source ? std::optional(Plain(*source)) : std::nullopt, std::move(body)};
}

Operation CallOf(const Hash& contract, std::string_view function, std::vector<SCVal> arguments,
                 std::vector<SorobanAuthorizationEntry> authorizations) {
  return Op(OperationBody::INVOKE_HOST_FUNCTION(
      {HostFunction::HOST_FUNCTION_TYPE_INVOKE_CONTRACT(
           {ContractAddress(contract), std::string(function), std::move(arguments)}),
       std::move(authorizations)}));
}

LedgerFootprint Footprint(std::vector<LedgerKey> read_only, std::vector<LedgerKey> read_write) {
  return {std::move(read_only), std::move(read_write)};
}

}  // namespace stellar_arrow::synthetic

#include "stellar_arrow/synthetic/operations.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <variant>

#include "stellar_arrow/synthetic/events.h"
#include "stellar_arrow/synthetic/market.h"

namespace stellar_arrow::synthetic {
namespace {

using xdr::LedgerEntryType;

constexpr uint32_t kAuthorized = Bit(xdr::TrustLineFlags::AUTHORIZED_FLAG);
constexpr uint32_t kMaintains = Bit(xdr::TrustLineFlags::AUTHORIZED_TO_MAINTAIN_LIABILITIES_FLAG);
constexpr uint32_t kLineClawback = Bit(xdr::TrustLineFlags::TRUSTLINE_CLAWBACK_ENABLED_FLAG);
constexpr uint32_t kAuthRequired = Bit(xdr::AccountFlags::AUTH_REQUIRED_FLAG);
constexpr uint32_t kAuthClawback = Bit(xdr::AccountFlags::AUTH_CLAWBACK_ENABLED_FLAG);
constexpr size_t kMostSigners = 20;

SCAddress AddressOfBalance(const ClaimableBalanceID& id) {
  return SCAddress::SC_ADDRESS_TYPE_CLAIMABLE_BALANCE(id);
}

// The asset moved between two holders, which the state knows already.
void Tell(Applying& applying, const Asset& asset, const SCAddress& from, const SCAddress& to,
          int64_t amount, const std::optional<SCVal>& muxed_id = {}) {
  if (!applying.world.unified_events()) return;
  applying.events.push_back(MovedEvent(applying.world, asset, from, to, amount, muxed_id));
}

CreateAccountResult Apply(Applying& applying, const CreateAccountOp& op) {
  World& world = applying.world;
  if (world.state.Has(KeyOf(op.destination))) {
    return CreateAccountResult::CREATE_ACCOUNT_ALREADY_EXIST();
  }
  LedgerEntry entry;
  AccountEntry account;
  account.accountID = op.destination;
  account.balance = op.startingBalance;
  account.seqNum = int64_t{world.ledger} << 32;
  account.thresholds[0] = 1;
  entry.data = LedgerEntryData::ACCOUNT(account);
  world.state.Create(entry);
  const AccountID payer = PayerOf(applying, op.destination);
  if (payer == op.destination) {
    if (op.startingBalance < 2 * int64_t{world.base_reserve}) {
      return CreateAccountResult::CREATE_ACCOUNT_LOW_RESERVE();
    }
  } else {
    LedgerEntry& created = world.state.Change(KeyOf(op.destination));
    SetSponsor(created, payer);
    ExtensionV2(created.data.account()).numSponsored += 2;
    ExtensionV2(world.state.ChangeAccount(payer)).numSponsoring += 2;
  }
  if (!Take(world, applying.source, Native(), op.startingBalance)) {
    return CreateAccountResult::CREATE_ACCOUNT_UNDERFUNDED();
  }
  Tell(applying, Native(), AddressOf(applying.source), AddressOf(op.destination),
       op.startingBalance, MuxedIdOf(Plain(op.destination), applying.memo));
  return CreateAccountResult::CREATE_ACCOUNT_SUCCESS();
}

PaymentResult Apply(Applying& applying, const PaymentOp& op) {
  World& world = applying.world;
  const AccountID destination = AccountOf(op.destination);
  if (!world.state.Has(KeyOf(destination))) return PaymentResult::PAYMENT_NO_DESTINATION();
  const bool with_line = !IsNative(op.asset) && !IsIssuer(destination, op.asset);
  if (with_line && FindLine(world, destination, op.asset) == nullptr) {
    return PaymentResult::PAYMENT_NO_TRUST();
  }
  if (!IsAuthorized(world, destination, op.asset)) return PaymentResult::PAYMENT_NOT_AUTHORIZED();
  if (!IsNative(op.asset) && !IsIssuer(applying.source, op.asset)) {
    if (FindLine(world, applying.source, op.asset) == nullptr) {
      return PaymentResult::PAYMENT_SRC_NO_TRUST();
    }
    if (!IsAuthorized(world, applying.source, op.asset)) {
      return PaymentResult::PAYMENT_SRC_NOT_AUTHORIZED();
    }
  }
  if (!Take(world, applying.source, op.asset, op.amount)) {
    return PaymentResult::PAYMENT_UNDERFUNDED();
  }
  if (!Give(world, destination, op.asset, op.amount)) return PaymentResult::PAYMENT_LINE_FULL();
  Tell(applying, op.asset, AddressOf(applying.source), AddressOf(destination), op.amount,
       MuxedIdOf(op.destination, applying.memo));
  return PaymentResult::PAYMENT_SUCCESS();
}

// The assets of a path payment from the first to the last.
std::vector<Asset> Route(const Asset& first, const std::vector<Asset>& path, const Asset& last) {
  std::vector<Asset> route = {first};
  route.insert(route.end(), path.begin(), path.end());
  route.push_back(last);
  return route;
}

PathPaymentStrictReceiveResult Apply(Applying& applying, const PathPaymentStrictReceiveOp& op) {
  using Result = PathPaymentStrictReceiveResult;
  World& world = applying.world;
  const AccountID destination = AccountOf(op.destination);
  if (!world.state.Has(KeyOf(destination))) {
    return Result::PATH_PAYMENT_STRICT_RECEIVE_NO_DESTINATION();
  }
  if (!Give(world, destination, op.destAsset, op.destAmount)) {
    return FindLine(world, destination, op.destAsset) == nullptr
               ? Result::PATH_PAYMENT_STRICT_RECEIVE_NO_TRUST()
               : Result::PATH_PAYMENT_STRICT_RECEIVE_LINE_FULL();
  }
  const std::vector<Asset> route = Route(op.sendAsset, op.path, op.destAsset);
  int64_t needed = op.destAmount;
  std::vector<ClaimAtom> atoms;
  for (size_t i = route.size() - 1; i > 0; --i) {
    if (Same(route[i - 1], route[i])) continue;
    Order order{route[i - 1], route[i], kNoLimit, needed, {}};
    const auto told = static_cast<std::ptrdiff_t>(applying.events.size());
    Exchange exchange = Convert(applying, order);
    if (exchange.crossed_self) return Result::PATH_PAYMENT_STRICT_RECEIVE_OFFER_CROSS_SELF();
    if (exchange.bought != needed) return Result::PATH_PAYMENT_STRICT_RECEIVE_TOO_FEW_OFFERS();
    needed = exchange.sold;
    // Applied from the last hop on, told from the first on.
    atoms.insert(atoms.begin(), exchange.atoms.begin(), exchange.atoms.end());
    std::rotate(applying.events.begin(), applying.events.begin() + told, applying.events.end());
  }
  if (needed > op.sendMax) return Result::PATH_PAYMENT_STRICT_RECEIVE_OVER_SENDMAX();
  if (!Take(world, applying.source, op.sendAsset, needed)) {
    return Result::PATH_PAYMENT_STRICT_RECEIVE_UNDERFUNDED();
  }
  Tell(applying, op.destAsset, AddressOf(applying.source), AddressOf(destination), op.destAmount,
       MuxedIdOf(op.destination, applying.memo));
  return Result::PATH_PAYMENT_STRICT_RECEIVE_SUCCESS(
      {std::move(atoms), {destination, op.destAsset, op.destAmount}});
}

PathPaymentStrictSendResult Apply(Applying& applying, const PathPaymentStrictSendOp& op) {
  using Result = PathPaymentStrictSendResult;
  World& world = applying.world;
  const AccountID destination = AccountOf(op.destination);
  if (!world.state.Has(KeyOf(destination))) {
    return Result::PATH_PAYMENT_STRICT_SEND_NO_DESTINATION();
  }
  if (!Take(world, applying.source, op.sendAsset, op.sendAmount)) {
    return Result::PATH_PAYMENT_STRICT_SEND_UNDERFUNDED();
  }
  const std::vector<Asset> route = Route(op.sendAsset, op.path, op.destAsset);
  int64_t amount = op.sendAmount;
  std::vector<ClaimAtom> atoms;
  for (size_t i = 1; i < route.size(); ++i) {
    if (Same(route[i - 1], route[i])) continue;
    Order order{route[i - 1], route[i], amount, kNoLimit, {}};
    order.through = true;
    Exchange exchange = Convert(applying, order);
    if (exchange.crossed_self) return Result::PATH_PAYMENT_STRICT_SEND_OFFER_CROSS_SELF();
    if (exchange.sold != amount) return Result::PATH_PAYMENT_STRICT_SEND_TOO_FEW_OFFERS();
    amount = exchange.bought;
    atoms.insert(atoms.end(), exchange.atoms.begin(), exchange.atoms.end());
  }
  if (amount < op.destMin) return Result::PATH_PAYMENT_STRICT_SEND_UNDER_DESTMIN();
  if (!Give(world, destination, op.destAsset, amount)) {
    return FindLine(world, destination, op.destAsset) == nullptr
               ? Result::PATH_PAYMENT_STRICT_SEND_NO_TRUST()
               : Result::PATH_PAYMENT_STRICT_SEND_LINE_FULL();
  }
  Tell(applying, op.destAsset, AddressOf(applying.source), AddressOf(destination), amount,
       MuxedIdOf(op.destination, applying.memo));
  return Result::PATH_PAYMENT_STRICT_SEND_SUCCESS(
      {std::move(atoms), {destination, op.destAsset, amount}});
}

struct OfferRequest {
  Order order;        // its price is the offer's
  int64_t id = 0;     // 0 = a new one
  int64_t left = 0;   // what stays on the book where nothing is taken, in `selling`; 0 = delete
  bool buys = false;  // the order's limit is what it buys
};

using OfferFailure = xdr::ManageSellOfferResultCode;
using OfferOutcome = std::variant<OfferFailure, ManageOfferSuccessResult>;

OfferOutcome ManageOffer(Applying& applying, const OfferRequest& request) {
  World& world = applying.world;
  const Order& order = request.order;
  const AccountID& seller = applying.source;
  ManageOfferSuccessResult done;
  done.offer = ManageOfferSuccessResultOffer::MANAGE_OFFER_DELETED();

  LedgerEntry entry;
  const bool update = request.id != 0;
  if (update) {
    const LedgerEntry* old = world.state.Find(KeyOfOffer(seller, request.id));
    if (old == nullptr) return OfferFailure::MANAGE_SELL_OFFER_NOT_FOUND;
    if (request.left == 0) {
      RemoveOffer(world, *old);
      return done;
    }
    entry = *old;
    RemoveLiabilities(world, entry.data.offer());
  }
  for (const bool sells : {true, false}) {
    const Asset& asset = sells ? order.selling : order.buying;
    if (IsNative(asset) || IsIssuer(seller, asset)) continue;
    if (FindLine(world, seller, asset) == nullptr) {
      return sells ? OfferFailure::MANAGE_SELL_OFFER_SELL_NO_TRUST
                   : OfferFailure::MANAGE_SELL_OFFER_BUY_NO_TRUST;
    }
    if (!IsAuthorized(world, seller, asset)) {
      return sells ? OfferFailure::MANAGE_SELL_OFFER_SELL_NOT_AUTHORIZED
                   : OfferFailure::MANAGE_SELL_OFFER_BUY_NOT_AUTHORIZED;
    }
  }
  Exchange exchange = TakeOffers(applying, order);
  if (exchange.crossed_self) return OfferFailure::MANAGE_SELL_OFFER_CROSS_SELF;
  if (!Take(world, seller, order.selling, exchange.sold)) {
    return OfferFailure::MANAGE_SELL_OFFER_UNDERFUNDED;
  }
  if (!Give(world, seller, order.buying, exchange.bought)) {
    return OfferFailure::MANAGE_SELL_OFFER_LINE_FULL;
  }
  done.offersClaimed = std::move(exchange.atoms);
  const Price price = *order.price;
  const int64_t left = request.buys
                           ? MultiplyDivide(order.most_bought - exchange.bought, price.d, price.n)
                           : request.left - exchange.sold;
  if (left <= 0) {
    if (update) {
      ReleaseReserves(world, seller, 1, 1, entry);
      world.state.Remove(KeyOfOffer(seller, request.id));
    }
    return done;
  }
  if (!update && !ChargeReserves(applying, seller, 1, 1, &entry)) {
    return OfferFailure::MANAGE_SELL_OFFER_LOW_RESERVE;
  }
  const int64_t id = update ? request.id : static_cast<int64_t>(++world.id_pool);
  const uint32_t flags = order.passive ? Bit(xdr::OfferEntryFlags::PASSIVE_FLAG) : 0;
  const OfferEntry offer{seller, id, order.selling, order.buying, left, price, flags, {}};
  entry.data = LedgerEntryData::OFFER(offer);
  if (update) {
    world.state.Change(KeyOf(entry)).data = entry.data;
  } else {
    world.state.Create(entry);
  }
  AddLiabilities(world, offer);
  // What is left must be covered, and there must be room for what it buys.
  if (!Take(world, seller, order.selling, 0)) return OfferFailure::MANAGE_SELL_OFFER_UNDERFUNDED;
  if (!Give(world, seller, order.buying, 0)) return OfferFailure::MANAGE_SELL_OFFER_LINE_FULL;
  done.offer = update ? ManageOfferSuccessResultOffer::MANAGE_OFFER_UPDATED(offer)
                      : ManageOfferSuccessResultOffer::MANAGE_OFFER_CREATED(offer);
  return done;
}

ManageSellOfferResult ResultOf(OfferOutcome outcome) {
  if (const auto* failure = std::get_if<OfferFailure>(&outcome)) {
    return ManageSellOfferResult::Of(*failure);
  }
  return ManageSellOfferResult::MANAGE_SELL_OFFER_SUCCESS(
      std::get<ManageOfferSuccessResult>(std::move(outcome)));
}

ManageSellOfferResult Apply(Applying& applying, const ManageSellOfferOp& op) {
  return ResultOf(ManageOffer(
      applying, {{op.selling, op.buying, op.amount, kNoLimit, op.price}, op.offerID, op.amount}));
}

ManageSellOfferResult Apply(Applying& applying, const CreatePassiveSellOfferOp& op) {
  return ResultOf(ManageOffer(
      applying, {{op.selling, op.buying, op.amount, kNoLimit, op.price, true}, 0, op.amount}));
}

ManageBuyOfferResult Apply(Applying& applying, const ManageBuyOfferOp& op) {
  // On the book it is an offer that sells, at the inverse price.
  const Price price{op.price.d, op.price.n};
  const int64_t sells = MultiplyDivide(op.buyAmount, op.price.n, op.price.d);
  OfferOutcome outcome = ManageOffer(
      applying, {{op.selling, op.buying, kNoLimit, op.buyAmount, price}, op.offerID, sells, true});
  if (const auto* failure = std::get_if<OfferFailure>(&outcome)) {
    return ManageBuyOfferResult::Of(static_cast<xdr::ManageBuyOfferResultCode>(*failure));
  }
  return ManageBuyOfferResult::MANAGE_BUY_OFFER_SUCCESS(
      std::get<ManageOfferSuccessResult>(std::move(outcome)));
}

SetOptionsResult SetSigner(Applying& applying, const Signer& signer) {
  World& world = applying.world;
  const AccountID& owner = applying.source;
  const auto known = [&](const Signer& other) { return Encode(other.key) == Encode(signer.key); };
  {
    AccountEntry& account = world.state.ChangeAccount(owner);
    const auto found = std::ranges::find_if(account.signers, known);
    const auto at = found - account.signers.begin();
    if (found != account.signers.end() && signer.weight > 0) {
      found->weight = signer.weight;
      return SetOptionsResult::SET_OPTIONS_SUCCESS();
    }
    if (signer.weight == 0) {
      if (found == account.signers.end()) return SetOptionsResult::SET_OPTIONS_BAD_SIGNER();
      LedgerEntry stand_in;  // a signer's sponsor stands with the account
      if (account.ext.ifV1() != nullptr && account.ext.v1().ext.ifV2() != nullptr) {
        auto& sponsors = account.ext.v1().ext.v2().signerSponsoringIDs;
        SetSponsor(stand_in, sponsors[static_cast<size_t>(at)]);
        sponsors.erase(sponsors.begin() + at);
      }
      account.signers.erase(found);
      ReleaseReserves(world, owner, 1, 1, stand_in);
      return SetOptionsResult::SET_OPTIONS_SUCCESS();
    }
    if (account.signers.size() == kMostSigners) {
      return SetOptionsResult::SET_OPTIONS_TOO_MANY_SIGNERS();
    }
  }
  LedgerEntry stand_in;
  if (!ChargeReserves(applying, owner, 1, 1, &stand_in)) {
    return SetOptionsResult::SET_OPTIONS_LOW_RESERVE();
  }
  AccountEntry& account = world.state.ChangeAccount(owner);
  const auto place = std::ranges::lower_bound(account.signers, Encode(signer.key), {},
                                              [](const Signer& s) { return Encode(s.key); });
  const auto at = place - account.signers.begin();
  account.signers.insert(place, signer);
  if (account.ext.ifV1() != nullptr && account.ext.v1().ext.ifV2() != nullptr) {
    auto& sponsors = account.ext.v1().ext.v2().signerSponsoringIDs;
    const AccountID* sponsor = SponsorOf(stand_in);
    sponsors.insert(sponsors.begin() + at,
                    sponsor == nullptr ? SponsorshipDescriptor() : SponsorshipDescriptor(*sponsor));
  }
  return SetOptionsResult::SET_OPTIONS_SUCCESS();
}

SetOptionsResult Apply(Applying& applying, const SetOptionsOp& op) {
  AccountEntry& account = applying.world.state.ChangeAccount(applying.source);
  if (op.inflationDest) account.inflationDest = op.inflationDest;
  if (op.clearFlags) account.flags &= ~*op.clearFlags;
  if (op.setFlags) account.flags |= *op.setFlags;
  const std::optional<uint32_t> thresholds[] = {op.masterWeight, op.lowThreshold, op.medThreshold,
                                                op.highThreshold};
  for (size_t i = 0; i < std::size(thresholds); ++i) {
    if (thresholds[i]) account.thresholds[i] = static_cast<uint8_t>(*thresholds[i]);
  }
  if (op.homeDomain) account.homeDomain = *op.homeDomain;
  if (op.signer) return SetSigner(applying, *op.signer);
  return SetOptionsResult::SET_OPTIONS_SUCCESS();
}

// Counts that a pool's line uses, or no longer uses, the lines of its assets.
void CountPoolUse(World& world, const AccountID& account,
                  const LiquidityPoolConstantProductParameters& pool, int32_t change) {
  for (const Asset* asset : {&pool.assetA, &pool.assetB}) {
    if (IsNative(*asset) || IsIssuer(account, *asset)) continue;
    TrustLineEntry& line = world.state.Change(KeyOf(account, *asset)).data.trustLine();
    ExtensionV2(line).liquidityPoolUseCount += change;
  }
}

// Removes a pool's line, and the pool with its last one.
void RemovePoolLine(World& world, const AccountID& account, const Hash& pool) {
  const LedgerKey key = KeyOf(account, TrustLineAsset::ASSET_TYPE_POOL_SHARE(pool));
  const LedgerEntry line = *world.state.Find(key);
  ReleaseReserves(world, account, 2, 2, line);
  world.state.Remove(key);
  auto& body = world.state.Change(KeyOfPool(pool)).data.liquidityPool().body.constantProduct();
  CountPoolUse(world, account, body.params, -1);
  if (--body.poolSharesTrustLineCount == 0) world.state.Remove(KeyOfPool(pool));
}

ChangeTrustResult ChangePoolTrust(Applying& applying, const LiquidityPoolParameters& parameters,
                                  int64_t limit) {
  World& world = applying.world;
  const AccountID& owner = applying.source;
  const Hash pool = HashOf(parameters);
  const TrustLineAsset line = TrustLineAsset::ASSET_TYPE_POOL_SHARE(pool);
  const LedgerKey key = KeyOf(owner, line);
  if (const LedgerEntry* old = world.state.Find(key)) {
    if (limit < old->data.trustLine().balance) {
      return ChangeTrustResult::CHANGE_TRUST_INVALID_LIMIT();
    }
    if (limit == 0) {
      RemovePoolLine(world, owner, pool);
    } else {
      world.state.Change(key).data.trustLine().limit = limit;
    }
    return ChangeTrustResult::CHANGE_TRUST_SUCCESS();
  }
  if (limit == 0) return ChangeTrustResult::CHANGE_TRUST_INVALID_LIMIT();
  const LiquidityPoolConstantProductParameters& assets = parameters.constantProduct();
  for (const Asset* asset : {&assets.assetA, &assets.assetB}) {
    if (!IsNative(*asset) && !IsIssuer(owner, *asset) && !FindLine(world, owner, *asset)) {
      return ChangeTrustResult::CHANGE_TRUST_TRUST_LINE_MISSING();
    }
  }
  LedgerEntry entry;
  TrustLineEntry trust;
  trust.accountID = owner;
  trust.asset = line;
  trust.limit = limit;
  trust.flags = kAuthorized;
  entry.data = LedgerEntryData::TRUSTLINE(trust);
  if (!ChargeReserves(applying, owner, 2, 2, &entry)) {
    return ChangeTrustResult::CHANGE_TRUST_LOW_RESERVE();
  }
  world.state.Create(entry);
  CountPoolUse(world, owner, assets, 1);
  if (world.state.Has(KeyOfPool(pool))) {
    ++world.state.Change(KeyOfPool(pool))
          .data.liquidityPool()
          .body.constantProduct()
          .poolSharesTrustLineCount;
  } else {
    LedgerEntry created;
    created.data = LedgerEntryData::LIQUIDITY_POOL(
        {pool, LiquidityPoolEntryBody::LIQUIDITY_POOL_CONSTANT_PRODUCT({assets, 0, 0, 0, 1})});
    world.state.Create(created);
  }
  return ChangeTrustResult::CHANGE_TRUST_SUCCESS();
}

ChangeTrustResult Apply(Applying& applying, const ChangeTrustOp& op) {
  World& world = applying.world;
  if (const LiquidityPoolParameters* pool = op.line.ifLiquidityPool()) {
    return ChangePoolTrust(applying, *pool, op.limit);
  }
  const AlphaNum4* four = op.line.ifAlphaNum4();
  const Asset asset = four != nullptr ? Asset::ASSET_TYPE_CREDIT_ALPHANUM4(*four)
                                      : Asset::ASSET_TYPE_CREDIT_ALPHANUM12(op.line.alphaNum12());
  const AccountID& owner = applying.source;
  if (IsIssuer(owner, asset)) return ChangeTrustResult::CHANGE_TRUST_SELF_NOT_ALLOWED();
  const LedgerKey key = KeyOf(owner, asset);
  if (const LedgerEntry* old = world.state.Find(key)) {
    const TrustLineEntry& line = old->data.trustLine();
    if (op.limit < line.balance) return ChangeTrustResult::CHANGE_TRUST_INVALID_LIMIT();
    if (op.limit == 0) {
      ReleaseReserves(world, owner, 1, 1, LedgerEntry(*old));
      world.state.Remove(key);
    } else {
      world.state.Change(key).data.trustLine().limit = op.limit;
    }
    return ChangeTrustResult::CHANGE_TRUST_SUCCESS();
  }
  if (op.limit == 0) return ChangeTrustResult::CHANGE_TRUST_INVALID_LIMIT();
  const LedgerEntry* issuer = world.state.Find(KeyOf(*IssuerOf(asset)));
  if (issuer == nullptr) return ChangeTrustResult::CHANGE_TRUST_NO_ISSUER();
  const uint32_t flags = issuer->data.account().flags;
  LedgerEntry entry;
  TrustLineEntry line;
  line.accountID = owner;
  line.asset = LineOf(asset);
  line.limit = op.limit;
  if ((flags & kAuthRequired) == 0) line.flags |= kAuthorized;
  if ((flags & kAuthClawback) != 0) line.flags |= kLineClawback;
  entry.data = LedgerEntryData::TRUSTLINE(line);
  if (!ChargeReserves(applying, owner, 1, 1, &entry)) {
    return ChangeTrustResult::CHANGE_TRUST_LOW_RESERVE();
  }
  world.state.Create(entry);
  return ChangeTrustResult::CHANGE_TRUST_SUCCESS();
}

ClaimableBalanceID CreateBalance(World& world, const ClaimableBalanceID& id, const Asset& asset,
                                 int64_t amount, std::vector<Claimant> claimants,
                                 const AccountID& sponsor, bool clawback) {
  LedgerEntry entry;
  const auto reserves = static_cast<uint32_t>(claimants.size());
  ClaimableBalanceEntry balance{id, std::move(claimants), asset, amount, {}};
  if (clawback) {
    ClaimableBalanceEntryExtensionV1 extension;
    extension.flags = Bit(xdr::ClaimableBalanceFlags::CLAIMABLE_BALANCE_CLAWBACK_ENABLED_FLAG);
    balance.ext = ClaimableBalanceEntryExt::v1(extension);
  }
  entry.data = LedgerEntryData::CLAIMABLE_BALANCE(std::move(balance));
  SetSponsor(entry, sponsor);
  world.state.Create(std::move(entry));
  ExtensionV2(world.state.ChangeAccount(sponsor)).numSponsoring += reserves;
  return id;
}

// Removes it, and returns what it was.
ClaimableBalanceEntry RemoveBalance(World& world, const ClaimableBalanceID& id) {
  const LedgerEntry entry = *world.state.Find(KeyOfBalance(id));
  const ClaimableBalanceEntry& balance = entry.data.claimableBalance();
  if (const AccountID* sponsor = SponsorOf(entry)) {
    ExtensionV2(world.state.ChangeAccount(*sponsor)).numSponsoring -=
        static_cast<uint32_t>(balance.claimants.size());
  }
  world.state.Remove(KeyOfBalance(id));
  return balance;
}

// What a trustor loses with its authorization: offers, and shares of pools, whose assets become
// claimable balances (CAP-38).
void Revoke(Applying& applying, const AccountID& trustor, const Asset& asset) {
  World& world = applying.world;
  std::vector<LedgerEntry> offers;
  world.state.ForEach(LedgerEntryType::OFFER, [&](const LedgerEntry& entry) {
    const OfferEntry& offer = entry.data.offer();
    if (offer.sellerID == trustor && (Same(offer.selling, asset) || Same(offer.buying, asset))) {
      offers.push_back(entry);
    }
  });
  for (const LedgerEntry& offer : offers) RemoveOffer(world, offer);
  std::vector<LedgerEntry> pools;
  world.state.ForEach(LedgerEntryType::LIQUIDITY_POOL, [&](const LedgerEntry& entry) {
    const auto& body = entry.data.liquidityPool().body.constantProduct();
    const Hash& id = entry.data.liquidityPool().liquidityPoolID;
    if ((Same(body.params.assetA, asset) || Same(body.params.assetB, asset)) &&
        world.state.Has(KeyOf(trustor, TrustLineAsset::ASSET_TYPE_POOL_SHARE(id)))) {
      pools.push_back(entry);
    }
  });
  for (const LedgerEntry& entry : pools) {
    const Hash& id = entry.data.liquidityPool().liquidityPoolID;
    const LedgerKey key = KeyOf(trustor, TrustLineAsset::ASSET_TYPE_POOL_SHARE(id));
    const int64_t shares = world.state.Find(key)->data.trustLine().balance;
    auto& pool = world.state.Change(KeyOfPool(id)).data.liquidityPool().body.constantProduct();
    const Asset assets[] = {pool.params.assetA, pool.params.assetB};
    int64_t amounts[] = {0, 0};
    if (shares > 0) {
      amounts[0] = MultiplyDivide(shares, pool.reserveA, pool.totalPoolShares);
      amounts[1] = MultiplyDivide(shares, pool.reserveB, pool.totalPoolShares);
      pool.reserveA -= amounts[0];
      pool.reserveB -= amounts[1];
      pool.totalPoolShares -= shares;
    }
    RemovePoolLine(world, trustor, id);
    for (size_t i = 0; i < 2; ++i) {
      if (amounts[i] == 0) continue;
      const Hash balance = HashOf(HashIDPreimage::ENVELOPE_TYPE_POOL_REVOKE_OP_ID(
          {applying.transaction_source, applying.sequence, applying.index, id, assets[i]}));
      const TrustLineEntry* line = FindLine(world, trustor, assets[i]);
      const ClaimableBalanceID created =
          CreateBalance(world, ClaimableBalanceID::CLAIMABLE_BALANCE_ID_TYPE_V0(balance), assets[i],
                        amounts[i], {Claimant::CLAIMANT_TYPE_V0({trustor, {}})}, trustor,
                        line != nullptr && (line->flags & kLineClawback) != 0);
      Tell(applying, assets[i], SCAddress::SC_ADDRESS_TYPE_LIQUIDITY_POOL(id),
           AddressOfBalance(created), amounts[i]);
    }
  }
}

// Sets the flags of a line that is there.
void SetLineFlags(Applying& applying, const AccountID& trustor, const Asset& asset,
                  uint32_t flags) {
  World& world = applying.world;
  const uint32_t before = FindLine(world, trustor, asset)->flags;
  if ((before & (kAuthorized | kMaintains)) != 0 && (flags & (kAuthorized | kMaintains)) == 0) {
    Revoke(applying, trustor, asset);
  }
  world.state.Change(KeyOf(trustor, asset)).data.trustLine().flags = flags;
  if (world.unified_events() && ((before ^ flags) & kAuthorized) != 0) {
    applying.events.push_back(AuthorizedEvent(world, asset, trustor, (flags & kAuthorized) != 0));
  }
}

AllowTrustResult Apply(Applying& applying, const AllowTrustOp& op) {
  Asset asset;
  if (const AssetCode4* four = op.asset.ifAssetCode4()) {
    asset = Asset::ASSET_TYPE_CREDIT_ALPHANUM4({*four, applying.source});
  } else {
    asset = Asset::ASSET_TYPE_CREDIT_ALPHANUM12({op.asset.assetCode12(), applying.source});
  }
  const TrustLineEntry* line = FindLine(applying.world, op.trustor, asset);
  if (line == nullptr) return AllowTrustResult::ALLOW_TRUST_NO_TRUST_LINE();
  const uint32_t kept = line->flags & ~(kAuthorized | kMaintains);
  SetLineFlags(applying, op.trustor, asset, kept | op.authorize);
  return AllowTrustResult::ALLOW_TRUST_SUCCESS();
}

SetTrustLineFlagsResult Apply(Applying& applying, const SetTrustLineFlagsOp& op) {
  const TrustLineEntry* line = FindLine(applying.world, op.trustor, op.asset);
  if (line == nullptr) return SetTrustLineFlagsResult::SET_TRUST_LINE_FLAGS_NO_TRUST_LINE();
  SetLineFlags(applying, op.trustor, op.asset, (line->flags & ~op.clearFlags) | op.setFlags);
  return SetTrustLineFlagsResult::SET_TRUST_LINE_FLAGS_SUCCESS();
}

AccountMergeResult ApplyMerge(Applying& applying, const MuxedAccount& into) {
  World& world = applying.world;
  const AccountID destination = AccountOf(into);
  if (!world.state.Has(KeyOf(destination))) return AccountMergeResult::ACCOUNT_MERGE_NO_ACCOUNT();
  const LedgerEntry entry = *world.state.Find(KeyOf(applying.source));
  const AccountEntry& account = entry.data.account();
  if (account.numSubEntries != 0) return AccountMergeResult::ACCOUNT_MERGE_HAS_SUB_ENTRIES();
  if (account.seqNum >= int64_t{world.ledger} << 32) {
    return AccountMergeResult::ACCOUNT_MERGE_SEQNUM_TOO_FAR();
  }
  const AccountEntryExtensionV1* v1 = account.ext.ifV1();
  if (v1 != nullptr && v1->ext.ifV2() != nullptr && v1->ext.v2().numSponsoring != 0) {
    return AccountMergeResult::ACCOUNT_MERGE_IS_SPONSOR();
  }
  if (const AccountID* sponsor = SponsorOf(entry)) {
    ExtensionV2(world.state.ChangeAccount(*sponsor)).numSponsoring -= 2;
  }
  Give(world, destination, Native(), account.balance);
  world.state.Remove(KeyOf(applying.source));
  Tell(applying, Native(), AddressOf(applying.source), AddressOf(destination), account.balance,
       MuxedIdOf(into, applying.memo));
  return AccountMergeResult::ACCOUNT_MERGE_SUCCESS(account.balance);
}

ManageDataResult Apply(Applying& applying, const ManageDataOp& op) {
  World& world = applying.world;
  const LedgerKey key = KeyOfData(applying.source, op.dataName);
  const LedgerEntry* old = world.state.Find(key);
  if (!op.dataValue) {
    if (old == nullptr) return ManageDataResult::MANAGE_DATA_NAME_NOT_FOUND();
    ReleaseReserves(world, applying.source, 1, 1, LedgerEntry(*old));
    world.state.Remove(key);
  } else if (old != nullptr) {
    world.state.Change(key).data.data().dataValue = *op.dataValue;
  } else {
    LedgerEntry entry;
    entry.data = LedgerEntryData::DATA({applying.source, op.dataName, *op.dataValue, {}});
    if (!ChargeReserves(applying, applying.source, 1, 1, &entry)) {
      return ManageDataResult::MANAGE_DATA_LOW_RESERVE();
    }
    world.state.Create(entry);
  }
  return ManageDataResult::MANAGE_DATA_SUCCESS();
}

BumpSequenceResult Apply(Applying& applying, const BumpSequenceOp& op) {
  AccountEntry& account = applying.world.state.ChangeAccount(applying.source);
  account.seqNum = std::max(account.seqNum, op.bumpTo);
  return BumpSequenceResult::BUMP_SEQUENCE_SUCCESS();
}

// On the ledger a predicate's times are absolute.
ClaimPredicate MadeAbsolute(ClaimPredicate predicate, uint64_t now) {
  if (auto* both = predicate.ifAndPredicates()) {
    for (ClaimPredicate& part : *both) part = MadeAbsolute(std::move(part), now);
  } else if (auto* either = predicate.ifOrPredicates()) {
    for (ClaimPredicate& part : *either) part = MadeAbsolute(std::move(part), now);
  } else if (auto* other = predicate.ifNotPredicate()) {
    *other = MadeAbsolute(std::move(**other), now);
  } else if (const int64_t* relative = predicate.ifRelBefore()) {
    return ClaimPredicate::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME(static_cast<int64_t>(now) +
                                                                *relative);
  }
  return predicate;
}

bool Holds(const ClaimPredicate& predicate, uint64_t now) {
  switch (predicate.type()) {
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_UNCONDITIONAL:
      return true;
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_AND:
      return std::ranges::all_of(predicate.andPredicates(),
                                 [&](const ClaimPredicate& part) { return Holds(part, now); });
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_OR:
      return std::ranges::any_of(predicate.orPredicates(),
                                 [&](const ClaimPredicate& part) { return Holds(part, now); });
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_NOT:
      return !Holds(*predicate.notPredicate(), now);
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_BEFORE_ABSOLUTE_TIME:
      return static_cast<int64_t>(now) < predicate.absBefore();
    case xdr::ClaimPredicateType::CLAIM_PREDICATE_BEFORE_RELATIVE_TIME:
      return false;  // not on the ledger
  }
  return false;
}

CreateClaimableBalanceResult Apply(Applying& applying, const CreateClaimableBalanceOp& op) {
  using Result = CreateClaimableBalanceResult;
  World& world = applying.world;
  const AccountID payer = PayerOf(applying, applying.source);
  if (Spendable(world, payer) <
      static_cast<int64_t>(op.claimants.size()) * int64_t{world.base_reserve}) {
    return Result::CREATE_CLAIMABLE_BALANCE_LOW_RESERVE();
  }
  if (!Take(world, applying.source, op.asset, op.amount)) {
    return Result::CREATE_CLAIMABLE_BALANCE_UNDERFUNDED();
  }
  bool clawback = false;
  if (IsIssuer(applying.source, op.asset)) {
    clawback = (world.state.Account(applying.source).flags & kAuthClawback) != 0;
  } else if (!IsNative(op.asset)) {
    clawback = (FindLine(world, applying.source, op.asset)->flags & kLineClawback) != 0;
  }
  std::vector<Claimant> claimants = op.claimants;
  for (Claimant& claimant : claimants) {
    claimant.v0().predicate = MadeAbsolute(claimant.v0().predicate, world.close_time);
  }
  const ClaimableBalanceID id = CreateBalance(
      world, BalanceIdOf(applying.transaction_source, applying.sequence, applying.index), op.asset,
      op.amount, std::move(claimants), payer, clawback);
  Tell(applying, op.asset, AddressOf(applying.source), AddressOfBalance(id), op.amount);
  return Result::CREATE_CLAIMABLE_BALANCE_SUCCESS(id);
}

ClaimClaimableBalanceResult Apply(Applying& applying, const ClaimClaimableBalanceOp& op) {
  using Result = ClaimClaimableBalanceResult;
  World& world = applying.world;
  const LedgerEntry* entry = world.state.Find(KeyOfBalance(op.balanceID));
  if (entry == nullptr) return Result::CLAIM_CLAIMABLE_BALANCE_DOES_NOT_EXIST();
  const std::vector<Claimant>& claimants = entry->data.claimableBalance().claimants;
  if (std::ranges::none_of(claimants, [&](const Claimant& claimant) {
        return claimant.v0().destination == applying.source &&
               Holds(claimant.v0().predicate, world.close_time);
      })) {
    return Result::CLAIM_CLAIMABLE_BALANCE_CANNOT_CLAIM();
  }
  const ClaimableBalanceEntry balance = RemoveBalance(world, op.balanceID);
  if (!Give(world, applying.source, balance.asset, balance.amount)) {
    return FindLine(world, applying.source, balance.asset) == nullptr
               ? Result::CLAIM_CLAIMABLE_BALANCE_NO_TRUST()
               : Result::CLAIM_CLAIMABLE_BALANCE_LINE_FULL();
  }
  Tell(applying, balance.asset, AddressOfBalance(op.balanceID), AddressOf(applying.source),
       balance.amount, MuxedIdOf(applying.source_as_given, applying.memo));
  return Result::CLAIM_CLAIMABLE_BALANCE_SUCCESS();
}

BeginSponsoringFutureReservesResult Apply(Applying& applying,
                                          const BeginSponsoringFutureReservesOp& op) {
  using Result = BeginSponsoringFutureReservesResult;
  const bool begun = applying.sponsors.emplace(op.sponsoredID.ed25519(), applying.source).second;
  return begun ? Result::BEGIN_SPONSORING_FUTURE_RESERVES_SUCCESS()
               : Result::BEGIN_SPONSORING_FUTURE_RESERVES_ALREADY_SPONSORED();
}

EndSponsoringFutureReservesResult ApplyEndSponsoring(Applying& applying) {
  using Result = EndSponsoringFutureReservesResult;
  return applying.sponsors.erase(applying.source.ed25519()) == 1
             ? Result::END_SPONSORING_FUTURE_RESERVES_SUCCESS()
             : Result::END_SPONSORING_FUTURE_RESERVES_NOT_SPONSORED();
}

// The account that would pay for an entry by itself; null for a balance, which is nobody's.
const AccountID* OwnerOf(const LedgerEntryData& data) {
  switch (data.type()) {
    case LedgerEntryType::ACCOUNT:
      return &data.account().accountID;
    case LedgerEntryType::TRUSTLINE:
      return &data.trustLine().accountID;
    case LedgerEntryType::OFFER:
      return &data.offer().sellerID;
    case LedgerEntryType::DATA:
      return &data.data().accountID;
    case LedgerEntryType::CLAIMABLE_BALANCE:
    case LedgerEntryType::LIQUIDITY_POOL:
    case LedgerEntryType::CONTRACT_DATA:
    case LedgerEntryType::CONTRACT_CODE:
    case LedgerEntryType::CONFIG_SETTING:
    case LedgerEntryType::TTL:
      return nullptr;
  }
  return nullptr;
}

uint32_t ReservesOf(const LedgerEntryData& data) {
  if (data.type() == LedgerEntryType::ACCOUNT) return 2;
  if (const ClaimableBalanceEntry* balance = data.ifClaimableBalance()) {
    return static_cast<uint32_t>(balance->claimants.size());
  }
  const TrustLineEntry* line = data.ifTrustLine();
  return line != nullptr && line->asset.ifLiquidityPoolID() != nullptr ? 2 : 1;
}

// Moves `reserves` of `owner` (null: of nobody) from one sponsor to another.
void MoveSponsorship(World& world, const AccountID* owner, uint32_t reserves,
                     const std::optional<AccountID>& from, const std::optional<AccountID>& to) {
  if (from) ExtensionV2(world.state.ChangeAccount(*from)).numSponsoring -= reserves;
  if (to) ExtensionV2(world.state.ChangeAccount(*to)).numSponsoring += reserves;
  if (owner == nullptr || from.has_value() == to.has_value()) return;
  uint32_t& sponsored = ExtensionV2(world.state.ChangeAccount(*owner)).numSponsored;
  sponsored = to ? sponsored + reserves : sponsored - reserves;
}

RevokeSponsorshipResult Apply(Applying& applying, const RevokeSponsorshipOp& op) {
  using Result = RevokeSponsorshipResult;
  World& world = applying.world;
  // Whoever sponsors the source takes over; else the owner pays by itself.
  std::optional<AccountID> to;
  if (PayerOf(applying, applying.source) != applying.source) {
    to = PayerOf(applying, applying.source);
  }
  if (const RevokeSponsorshipOpSigner* of = op.ifSigner()) {
    if (!world.state.Has(KeyOf(of->accountID))) return Result::REVOKE_SPONSORSHIP_DOES_NOT_EXIST();
    AccountEntry& account = world.state.ChangeAccount(of->accountID);
    const auto found = std::ranges::find_if(account.signers, [&](const Signer& signer) {
      return Encode(signer.key) == Encode(of->signerKey);
    });
    if (found == account.signers.end()) return Result::REVOKE_SPONSORSHIP_DOES_NOT_EXIST();
    SponsorshipDescriptor& sponsor =
        ExtensionV2(account)
            .signerSponsoringIDs[static_cast<size_t>(found - account.signers.begin())];
    if (sponsor.value_or(of->accountID) != applying.source) {
      return Result::REVOKE_SPONSORSHIP_NOT_SPONSOR();
    }
    const std::optional<AccountID> from = std::exchange(sponsor, to);
    MoveSponsorship(world, &of->accountID, 1, from, to);
    return Result::REVOKE_SPONSORSHIP_SUCCESS();
  }
  const LedgerEntry* found = world.state.Find(op.ledgerKey());
  if (found == nullptr) return Result::REVOKE_SPONSORSHIP_DOES_NOT_EXIST();
  const LedgerEntry entry = *found;
  const AccountID* owner = OwnerOf(entry.data);
  std::optional<AccountID> from;
  if (const AccountID* sponsor = SponsorOf(entry)) from = *sponsor;
  if (from.value_or(owner != nullptr ? *owner : applying.source) != applying.source) {
    return Result::REVOKE_SPONSORSHIP_NOT_SPONSOR();
  }
  if (owner == nullptr && !to) return Result::REVOKE_SPONSORSHIP_ONLY_TRANSFERABLE();
  SetSponsor(world.state.Change(op.ledgerKey()), to);
  MoveSponsorship(world, owner, ReservesOf(entry.data), from, to);
  return Result::REVOKE_SPONSORSHIP_SUCCESS();
}

ClawbackResult Apply(Applying& applying, const ClawbackOp& op) {
  World& world = applying.world;
  const AccountID from = AccountOf(op.from);
  const TrustLineEntry* line = FindLine(world, from, op.asset);
  if (line == nullptr) return ClawbackResult::CLAWBACK_NO_TRUST();
  if ((line->flags & kLineClawback) == 0) return ClawbackResult::CLAWBACK_NOT_CLAWBACK_ENABLED();
  if (line->balance < op.amount) return ClawbackResult::CLAWBACK_UNDERFUNDED();
  world.state.Change(KeyOf(from, op.asset)).data.trustLine().balance -= op.amount;
  if (world.unified_events()) {
    applying.events.push_back(
        ClawbackEvent(world, op.asset, AddressOf(from), op.amount, EventForm::kUnified));
  }
  return ClawbackResult::CLAWBACK_SUCCESS();
}

ClawbackClaimableBalanceResult Apply(Applying& applying, const ClawbackClaimableBalanceOp& op) {
  using Result = ClawbackClaimableBalanceResult;
  World& world = applying.world;
  const LedgerEntry* entry = world.state.Find(KeyOfBalance(op.balanceID));
  if (entry == nullptr) return Result::CLAWBACK_CLAIMABLE_BALANCE_DOES_NOT_EXIST();
  if (entry->data.claimableBalance().ext.ifV1() == nullptr) {
    return Result::CLAWBACK_CLAIMABLE_BALANCE_NOT_CLAWBACK_ENABLED();
  }
  const ClaimableBalanceEntry balance = RemoveBalance(world, op.balanceID);
  if (world.unified_events()) {
    applying.events.push_back(ClawbackEvent(world, balance.asset, AddressOfBalance(op.balanceID),
                                            balance.amount, EventForm::kUnified));
  }
  return Result::CLAWBACK_CLAIMABLE_BALANCE_SUCCESS();
}

LiquidityPoolDepositResult Apply(Applying& applying, const LiquidityPoolDepositOp& op) {
  using Result = LiquidityPoolDepositResult;
  World& world = applying.world;
  const AccountID& owner = applying.source;
  const LedgerKey share = KeyOf(owner, TrustLineAsset::ASSET_TYPE_POOL_SHARE(op.liquidityPoolID));
  if (!world.state.Has(share)) return Result::LIQUIDITY_POOL_DEPOSIT_NO_TRUST();
  auto& pool =
      world.state.Change(KeyOfPool(op.liquidityPoolID)).data.liquidityPool().body.constantProduct();
  int64_t a = op.maxAmountA;
  int64_t b = op.maxAmountB;
  int64_t shares = 0;
  if (pool.totalPoolShares == 0) {
    shares = static_cast<int64_t>(std::sqrt(static_cast<double>(a) * static_cast<double>(b)));
  } else {
    shares = std::min(MultiplyDivide(pool.totalPoolShares, a, pool.reserveA),
                      MultiplyDivide(pool.totalPoolShares, b, pool.reserveB));
    a = MultiplyDivideUp(shares, pool.reserveA, pool.totalPoolShares);
    b = MultiplyDivideUp(shares, pool.reserveB, pool.totalPoolShares);
  }
  const auto cheaper = [&](const Price& price) {  // than a for b
    return static_cast<__int128>(price.n) * b > static_cast<__int128>(price.d) * a;
  };
  const auto dearer = [&](const Price& price) {
    return static_cast<__int128>(price.n) * b < static_cast<__int128>(price.d) * a;
  };
  if (shares <= 0 || cheaper(op.minPrice) || dearer(op.maxPrice)) {
    return Result::LIQUIDITY_POOL_DEPOSIT_BAD_PRICE();
  }
  if (!Take(world, owner, pool.params.assetA, a) || !Take(world, owner, pool.params.assetB, b)) {
    return Result::LIQUIDITY_POOL_DEPOSIT_UNDERFUNDED();
  }
  TrustLineEntry& line = world.state.Change(share).data.trustLine();
  if (line.limit - line.balance < shares) return Result::LIQUIDITY_POOL_DEPOSIT_LINE_FULL();
  line.balance += shares;
  pool.reserveA += a;
  pool.reserveB += b;
  pool.totalPoolShares += shares;
  const SCAddress to = SCAddress::SC_ADDRESS_TYPE_LIQUIDITY_POOL(op.liquidityPoolID);
  Tell(applying, pool.params.assetA, AddressOf(owner), to, a);
  Tell(applying, pool.params.assetB, AddressOf(owner), to, b);
  return Result::LIQUIDITY_POOL_DEPOSIT_SUCCESS();
}

LiquidityPoolWithdrawResult Apply(Applying& applying, const LiquidityPoolWithdrawOp& op) {
  using Result = LiquidityPoolWithdrawResult;
  World& world = applying.world;
  const AccountID& owner = applying.source;
  const LedgerKey share = KeyOf(owner, TrustLineAsset::ASSET_TYPE_POOL_SHARE(op.liquidityPoolID));
  if (!world.state.Has(share)) return Result::LIQUIDITY_POOL_WITHDRAW_NO_TRUST();
  TrustLineEntry& line = world.state.Change(share).data.trustLine();
  if (line.balance < op.amount) return Result::LIQUIDITY_POOL_WITHDRAW_UNDERFUNDED();
  auto& pool =
      world.state.Change(KeyOfPool(op.liquidityPoolID)).data.liquidityPool().body.constantProduct();
  const int64_t a = MultiplyDivide(op.amount, pool.reserveA, pool.totalPoolShares);
  const int64_t b = MultiplyDivide(op.amount, pool.reserveB, pool.totalPoolShares);
  if (a < op.minAmountA || b < op.minAmountB) {
    return Result::LIQUIDITY_POOL_WITHDRAW_UNDER_MINIMUM();
  }
  line.balance -= op.amount;
  pool.reserveA -= a;
  pool.reserveB -= b;
  pool.totalPoolShares -= op.amount;
  if (!Give(world, owner, pool.params.assetA, a) || !Give(world, owner, pool.params.assetB, b)) {
    return Result::LIQUIDITY_POOL_WITHDRAW_LINE_FULL();
  }
  const SCAddress from = SCAddress::SC_ADDRESS_TYPE_LIQUIDITY_POOL(op.liquidityPoolID);
  const std::optional<SCVal> id = MuxedIdOf(applying.source_as_given, applying.memo);
  Tell(applying, pool.params.assetA, from, AddressOf(owner), a, id);
  Tell(applying, pool.params.assetB, from, AddressOf(owner), b, id);
  return Result::LIQUIDITY_POOL_WITHDRAW_SUCCESS();
}

OperationResult ApplyInflation(Applying& applying) {
  World& world = applying.world;
  if (!applying.inflation_works) return OperationResult::opNOT_SUPPORTED();
  std::vector<InflationPayout> payouts;
  for (const AccountID& destination : {world.cast.users[0], world.cast.users[1]}) {
    const int64_t amount = 19 * kXlm + static_cast<int64_t>(payouts.size());
    Give(world, destination, Native(), amount);
    world.total_coins += amount;
    payouts.push_back({destination, amount});
    if (world.unified_events()) {
      applying.events.push_back(
          MintEvent(world, Native(), AddressOf(destination), amount, EventForm::kUnified));
    }
  }
  ++world.inflation_seq;
  return OperationResult::opINNER(
      OperationResultTr::INFLATION(InflationResult::INFLATION_SUCCESS(std::move(payouts))));
}

}  // namespace

ClaimableBalanceID BalanceIdOf(const AccountID& transaction_source, int64_t sequence,
                               uint32_t index) {
  return ClaimableBalanceID::CLAIMABLE_BALANCE_ID_TYPE_V0(
      HashOf(HashIDPreimage::ENVELOPE_TYPE_OP_ID({transaction_source, sequence, index})));
}

OperationResult ApplyOperation(Applying& applying, const Operation& operation) {
  using Tr = OperationResultTr;
  using xdr::OperationType;
  const OperationBody& body = operation.body;
  const auto inner = [](Tr result) { return OperationResult::opINNER(std::move(result)); };
  switch (body.type()) {
    case OperationType::CREATE_ACCOUNT:
      return inner(Tr::CREATE_ACCOUNT(Apply(applying, body.createAccountOp())));
    case OperationType::PAYMENT:
      return inner(Tr::PAYMENT(Apply(applying, body.paymentOp())));
    case OperationType::PATH_PAYMENT_STRICT_RECEIVE:
      return inner(
          Tr::PATH_PAYMENT_STRICT_RECEIVE(Apply(applying, body.pathPaymentStrictReceiveOp())));
    case OperationType::MANAGE_SELL_OFFER:
      return inner(Tr::MANAGE_SELL_OFFER(Apply(applying, body.manageSellOfferOp())));
    case OperationType::CREATE_PASSIVE_SELL_OFFER:  // whose result has the arm of the above
      return inner(Tr::MANAGE_SELL_OFFER(Apply(applying, body.createPassiveSellOfferOp())));
    case OperationType::SET_OPTIONS:
      return inner(Tr::SET_OPTIONS(Apply(applying, body.setOptionsOp())));
    case OperationType::CHANGE_TRUST:
      return inner(Tr::CHANGE_TRUST(Apply(applying, body.changeTrustOp())));
    case OperationType::ALLOW_TRUST:
      return inner(Tr::ALLOW_TRUST(Apply(applying, body.allowTrustOp())));
    case OperationType::ACCOUNT_MERGE:
      return inner(Tr::ACCOUNT_MERGE(ApplyMerge(applying, body.destination())));
    case OperationType::INFLATION:
      return ApplyInflation(applying);
    case OperationType::MANAGE_DATA:
      return inner(Tr::MANAGE_DATA(Apply(applying, body.manageDataOp())));
    case OperationType::BUMP_SEQUENCE:
      return inner(Tr::BUMP_SEQUENCE(Apply(applying, body.bumpSequenceOp())));
    case OperationType::MANAGE_BUY_OFFER:
      return inner(Tr::MANAGE_BUY_OFFER(Apply(applying, body.manageBuyOfferOp())));
    case OperationType::PATH_PAYMENT_STRICT_SEND:
      return inner(Tr::PATH_PAYMENT_STRICT_SEND(Apply(applying, body.pathPaymentStrictSendOp())));
    case OperationType::CREATE_CLAIMABLE_BALANCE:
      return inner(Tr::CREATE_CLAIMABLE_BALANCE(Apply(applying, body.createClaimableBalanceOp())));
    case OperationType::CLAIM_CLAIMABLE_BALANCE:
      return inner(Tr::CLAIM_CLAIMABLE_BALANCE(Apply(applying, body.claimClaimableBalanceOp())));
    case OperationType::BEGIN_SPONSORING_FUTURE_RESERVES:
      return inner(Tr::BEGIN_SPONSORING_FUTURE_RESERVES(
          Apply(applying, body.beginSponsoringFutureReservesOp())));
    case OperationType::END_SPONSORING_FUTURE_RESERVES:
      return inner(Tr::END_SPONSORING_FUTURE_RESERVES(ApplyEndSponsoring(applying)));
    case OperationType::REVOKE_SPONSORSHIP:
      return inner(Tr::REVOKE_SPONSORSHIP(Apply(applying, body.revokeSponsorshipOp())));
    case OperationType::CLAWBACK:
      return inner(Tr::CLAWBACK(Apply(applying, body.clawbackOp())));
    case OperationType::CLAWBACK_CLAIMABLE_BALANCE:
      return inner(
          Tr::CLAWBACK_CLAIMABLE_BALANCE(Apply(applying, body.clawbackClaimableBalanceOp())));
    case OperationType::SET_TRUST_LINE_FLAGS:
      return inner(Tr::SET_TRUST_LINE_FLAGS(Apply(applying, body.setTrustLineFlagsOp())));
    case OperationType::LIQUIDITY_POOL_DEPOSIT:
      return inner(Tr::LIQUIDITY_POOL_DEPOSIT(Apply(applying, body.liquidityPoolDepositOp())));
    case OperationType::LIQUIDITY_POOL_WITHDRAW:
      return inner(Tr::LIQUIDITY_POOL_WITHDRAW(Apply(applying, body.liquidityPoolWithdrawOp())));
    case OperationType::INVOKE_HOST_FUNCTION:
    case OperationType::EXTEND_FOOTPRINT_TTL:
    case OperationType::RESTORE_FOOTPRINT:
      return OperationResult::opNOT_SUPPORTED();  // soroban.h's, which alone has the resources
  }
  return OperationResult::opNOT_SUPPORTED();
}

bool Succeeded(const OperationResult& result) {
  if (result.ifTr() == nullptr) return false;
  // The inner code of every operation comes right after the two words of the outer unions.
  const std::vector<uint8_t> wire = Encode(result);
  return wire[8] == 0 && wire[9] == 0 && wire[10] == 0 && wire[11] == 0;
}

}  // namespace stellar_arrow::synthetic

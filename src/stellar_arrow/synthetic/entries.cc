#include "stellar_arrow/synthetic/entries.h"

#include <limits>

namespace stellar_arrow::synthetic {
namespace {

Liabilities LiabilitiesOf(const AccountEntry& account) {
  return account.ext.ifV1() != nullptr ? account.ext.v1().liabilities : Liabilities{};
}

Liabilities LiabilitiesOf(const TrustLineEntry& line) {
  return line.ext.ifV1() != nullptr ? line.ext.v1().liabilities : Liabilities{};
}

Liabilities* LiabilitiesToChange(World& world, const AccountID& account, const Asset& asset) {
  if (IsIssuer(account, asset)) return nullptr;
  if (IsNative(asset)) return &ExtensionV1(world.state.ChangeAccount(account)).liabilities;
  return &ExtensionV1(world.state.Change(KeyOf(account, asset)).data.trustLine()).liabilities;
}

void AddLiabilities(World& world, const OfferEntry& offer, int sign) {
  // What the offer buys at most, rounded in its favour.
  const auto bought = static_cast<int64_t>(
      (static_cast<__int128>(offer.amount) * offer.price.n + offer.price.d - 1) / offer.price.d);
  if (Liabilities* selling = LiabilitiesToChange(world, offer.sellerID, offer.selling)) {
    selling->selling += sign * offer.amount;
  }
  if (Liabilities* buying = LiabilitiesToChange(world, offer.sellerID, offer.buying)) {
    buying->buying += sign * bought;
  }
}

}  // namespace

AccountEntryExtensionV1& ExtensionV1(AccountEntry& account) {
  if (account.ext.ifV1() == nullptr) account.ext = AccountEntryExt::v1({});
  return account.ext.v1();
}

AccountEntryExtensionV2& ExtensionV2(AccountEntry& account) {
  AccountEntryExtensionV1& v1 = ExtensionV1(account);
  if (v1.ext.ifV2() == nullptr) {
    AccountEntryExtensionV2 v2;
    v2.signerSponsoringIDs.resize(account.signers.size());
    v1.ext = AccountEntryExtensionV1Ext::v2(v2);
  }
  return v1.ext.v2();
}

AccountEntryExtensionV3& ExtensionV3(AccountEntry& account) {
  AccountEntryExtensionV2& v2 = ExtensionV2(account);
  if (v2.ext.ifV3() == nullptr) v2.ext = AccountEntryExtensionV2Ext::v3({});
  return v2.ext.v3();
}

TrustLineEntryV1& ExtensionV1(TrustLineEntry& line) {
  if (line.ext.ifV1() == nullptr) line.ext = TrustLineEntryExt::v1({});
  return line.ext.v1();
}

TrustLineEntryExtensionV2& ExtensionV2(TrustLineEntry& line) {
  TrustLineEntryV1& v1 = ExtensionV1(line);
  if (v1.ext.ifV2() == nullptr) v1.ext = TrustLineEntryV1Ext::v2({});
  return v1.ext.v2();
}

const AccountID* SponsorOf(const LedgerEntry& entry) {
  const LedgerEntryExtensionV1* v1 = entry.ext.ifV1();
  return v1 != nullptr && v1->sponsoringID ? &*v1->sponsoringID : nullptr;
}

void SetSponsor(LedgerEntry& entry, const std::optional<AccountID>& sponsor) {
  if (entry.ext.ifV1() == nullptr && !sponsor) return;
  LedgerEntryExtensionV1 v1;
  v1.sponsoringID = sponsor;
  entry.ext = LedgerEntryExt::v1(v1);
}

int64_t Spendable(const World& world, const AccountID& id) {
  const AccountEntry& account = world.state.Account(id);
  int64_t reserves = 2 + int64_t{account.numSubEntries};
  if (account.ext.ifV1() != nullptr && account.ext.v1().ext.ifV2() != nullptr) {
    const AccountEntryExtensionV2& v2 = account.ext.v1().ext.v2();
    reserves += int64_t{v2.numSponsoring} - int64_t{v2.numSponsored};
  }
  return account.balance - reserves * world.base_reserve - LiabilitiesOf(account).selling;
}

AccountID PayerOf(const Applying& applying, const AccountID& owner) {
  const auto sponsor = applying.sponsors.find(owner.ed25519());
  return sponsor == applying.sponsors.end() ? owner : sponsor->second;
}

bool ChargeReserves(Applying& applying, const AccountID& owner, uint32_t reserves,
                    uint32_t subentries, LedgerEntry* entry) {
  World& world = applying.world;
  const AccountID payer = PayerOf(applying, owner);
  if (Spendable(world, payer) < int64_t{reserves} * world.base_reserve) return false;
  if (subentries > 0) world.state.ChangeAccount(owner).numSubEntries += subentries;
  if (payer == owner) return true;
  SetSponsor(*entry, payer);
  ExtensionV2(world.state.ChangeAccount(payer)).numSponsoring += reserves;
  ExtensionV2(world.state.ChangeAccount(owner)).numSponsored += reserves;
  return true;
}

void ReleaseReserves(World& world, const AccountID& owner, uint32_t reserves, uint32_t subentries,
                     const LedgerEntry& entry) {
  if (subentries > 0) world.state.ChangeAccount(owner).numSubEntries -= subentries;
  if (const AccountID* sponsor = SponsorOf(entry)) {
    ExtensionV2(world.state.ChangeAccount(*sponsor)).numSponsoring -= reserves;
    ExtensionV2(world.state.ChangeAccount(owner)).numSponsored -= reserves;
  }
}

const TrustLineEntry* FindLine(const World& world, const AccountID& account, const Asset& asset) {
  const LedgerEntry* entry = world.state.Find(KeyOf(account, asset));
  return entry == nullptr ? nullptr : &entry->data.trustLine();
}

bool IsAuthorized(const World& world, const AccountID& account, const Asset& asset) {
  if (IsNative(asset) || IsIssuer(account, asset)) return true;
  const TrustLineEntry* line = FindLine(world, account, asset);
  return line != nullptr && (line->flags & Bit(xdr::TrustLineFlags::AUTHORIZED_FLAG)) != 0;
}

bool Take(World& world, const AccountID& account, const Asset& asset, int64_t amount) {
  if (IsIssuer(account, asset)) return true;
  if (IsNative(asset)) {
    if (Spendable(world, account) < amount) return false;
    world.state.ChangeAccount(account).balance -= amount;
    return true;
  }
  const TrustLineEntry* line = FindLine(world, account, asset);
  if (line == nullptr || line->balance - LiabilitiesOf(*line).selling < amount ||
      !IsAuthorized(world, account, asset)) {
    return false;
  }
  world.state.Change(KeyOf(account, asset)).data.trustLine().balance -= amount;
  return true;
}

bool Give(World& world, const AccountID& account, const Asset& asset, int64_t amount) {
  if (IsIssuer(account, asset)) return true;
  if (IsNative(asset)) {
    const AccountEntry& entry = world.state.Account(account);
    if (entry.balance > std::numeric_limits<int64_t>::max() - amount) return false;
    world.state.ChangeAccount(account).balance += amount;
    return true;
  }
  const TrustLineEntry* line = FindLine(world, account, asset);
  if (line == nullptr || line->limit - line->balance - LiabilitiesOf(*line).buying < amount ||
      !IsAuthorized(world, account, asset)) {
    return false;
  }
  world.state.Change(KeyOf(account, asset)).data.trustLine().balance += amount;
  return true;
}

void AddLiabilities(World& world, const OfferEntry& offer) { AddLiabilities(world, offer, 1); }

void RemoveLiabilities(World& world, const OfferEntry& offer) { AddLiabilities(world, offer, -1); }

}  // namespace stellar_arrow::synthetic

// What the protocol keeps in account and trust line entries: extensions, reserves, sponsorships,
// liabilities, balances.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "stellar_arrow/synthetic/world.h"

namespace stellar_arrow::synthetic {

// One transaction, and the operation of it that is being applied.
struct Applying {
  World& world;
  AccountID transaction_source;
  int64_t sequence = 0;
  Memo memo;
  std::map<uint256, AccountID> sponsors = {};  // who pays for an account's reserves
  bool inflation_works = false;                // as it did up to protocol 11

  uint32_t index = 0;
  AccountID source = {};
  MuxedAccount source_as_given = {};  // maybe muxed
  std::vector<ContractEvent> events = {};
};

// Extensions, made where they are absent.
AccountEntryExtensionV1& ExtensionV1(AccountEntry& account);
AccountEntryExtensionV2& ExtensionV2(AccountEntry& account);
AccountEntryExtensionV3& ExtensionV3(AccountEntry& account);
TrustLineEntryV1& ExtensionV1(TrustLineEntry& line);
TrustLineEntryExtensionV2& ExtensionV2(TrustLineEntry& line);

const AccountID* SponsorOf(const LedgerEntry& entry);  // null where there is none
void SetSponsor(LedgerEntry& entry, const std::optional<AccountID>& sponsor);

// What the account can spend: its balance without reserves and what its offers sell.
int64_t Spendable(const World& world, const AccountID& account);

// Who pays for new reserves of `owner`: its sponsor, or else itself.
AccountID PayerOf(const Applying& applying, const AccountID& owner);
// Charges an entry of `owner` that is not created yet. False where the payer cannot pay: then
// nothing was changed. `subentries` counts towards the owner's.
bool ChargeReserves(Applying& applying, const AccountID& owner, uint32_t reserves,
                    uint32_t subentries, LedgerEntry* entry);
void ReleaseReserves(World& world, const AccountID& owner, uint32_t reserves, uint32_t subentries,
                     const LedgerEntry& entry);

// Takes from or adds to a balance; an issuer has as much as it likes. False, with nothing changed,
// where the balance, the line, or its authorization does not allow it.
bool Take(World& world, const AccountID& account, const Asset& asset, int64_t amount);
bool Give(World& world, const AccountID& account, const Asset& asset, int64_t amount);
// Of an account's line; null where there is none.
const TrustLineEntry* FindLine(const World& world, const AccountID& account, const Asset& asset);
bool IsAuthorized(const World& world, const AccountID& account, const Asset& asset);

// Adds an offer's liabilities to its seller's balances, or takes them off.
void AddLiabilities(World& world, const OfferEntry& offer);
void RemoveLiabilities(World& world, const OfferEntry& offer);

}  // namespace stellar_arrow::synthetic

// Soroban's operations: contracts of assets (CAP-46-6), a few programs of our own that are run by
// their functions' names, creation, code, extension and restoration. Resources are declared, not
// measured.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "stellar_arrow/synthetic/entries.h"

namespace stellar_arrow::synthetic {

struct SorobanOutcome {
  OperationResult result;
  SCVal returned;                     // void but for host functions that succeeded
  std::vector<ContractEvent> events;  // as the result's hash covers them
  std::vector<ContractEvent> shown;   // as the meta has them: from version 4 on in the unified form
  std::vector<LedgerKey> expiring;    // what was made to expire
  std::vector<LedgerKey> restored;
};

// Applies the one operation of a Soroban transaction.
SorobanOutcome ApplySoroban(Applying& applying, const Operation& operation,
                            const SorobanTransactionData& resources);

// Keeps in mind what a transaction that succeeded leaves to expire, and what it restored.
void Remember(World& world, const SorobanOutcome& outcome);

// What a transaction's declared resource fee goes into; the rest is refunded.
struct SorobanFees {
  int64_t non_refundable = 0;
  int64_t refundable = 0;  // with rent
  int64_t rent = 0;
};
SorobanFees FeesOf(int64_t resource_fee, bool success);

// Diagnostic events of a host function, as core records them when it is told to: the call and what
// came of it, then core's metrics.
std::vector<DiagnosticEvent> DiagnosticsOf(const Operation& operation,
                                           const SorobanResources& resources,
                                           const SorobanOutcome& outcome, bool success);

// Keys of contracts' data.
LedgerKey InstanceKey(const Hash& contract);
LedgerKey BalanceKey(const Hash& asset_contract, const SCAddress& holder);
LedgerKey AllowanceKey(const Hash& asset_contract, const SCAddress& from, const SCAddress& spender);
LedgerKey NonceKey(const SCAddress& signer, int64_t nonce);
LedgerKey DataKey(const Hash& contract, const SCVal& key, xdr::ContractDataDurability durability);
// Where `holder` keeps the asset: an account, a trust line, or its contract's data.
LedgerKey HolderKey(const World& world, const Asset& asset, const SCAddress& holder);

Hash ContractIdOf(const World& world, const ContractIDPreimage& preimage);

// Programs' entries, with their times to live. `until` is the last ledger they live in.
void CreateContractEntry(State& state, LedgerEntry entry, uint32_t until);
LedgerEntry CodeEntry(const World& world, const std::vector<uint8_t>& code);
LedgerEntry InstanceEntry(const Hash& contract, const ContractExecutable& executable,
                          const Asset* asset);

// Ends the life of what expired before this ledger; returns the keys that left the ledger.
std::vector<LedgerKey> Evict(World& world);

}  // namespace stellar_arrow::synthetic

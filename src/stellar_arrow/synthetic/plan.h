// What a ledger shall hold, before it is closed: transactions, and what consensus adds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "stellar_arrow/synthetic/random.h"
#include "stellar_arrow/synthetic/world.h"

namespace stellar_arrow::synthetic {

struct FeeBump {
  MuxedAccount source;
  int64_t fee = 0;
};

// A transaction to be sent. What comes of it is what the state makes of it, unless it is told to
// fail.
struct Plan {
  Transaction transaction;
  bool as_v0 = false;  // sent as TransactionV0, which has no preconditions but time bounds
  std::optional<FeeBump> fee_bump;
  // Fails as a whole, without results of operations.
  std::optional<xdr::TransactionResultCode> rejected;
  // One operation fails with this; those before it are undone.
  struct Failure {
    size_t operation = 0;
    OperationResult result;
  };
  std::optional<Failure> failure;
  bool inflation_works = false;

  AccountID source() const { return AccountOf(transaction.sourceAccount); }
  const SorobanTransactionData* soroban() const { return transaction.ext.ifSorobanData(); }
};

struct LedgerPlan {
  std::vector<Plan> transactions;
  std::vector<LedgerUpgrade> upgrades;
  bool consensus_messages = false;  // scpInfo
  bool empty_by_decree = false;     // protocol 28: the value names no set
};

// The ledger that `world` is about to close. Depends on the world and the random numbers alone.
LedgerPlan PlanLedger(const World& world, Random& random);

// What transactions of one ledger have in common while they are planned.
class Planner {
 public:
  Planner(const World& world, Random& random) : world(world), random(random) {}

  // The next transaction of `source`, with a fee that suffices.
  Plan Start(const AccountID& source, std::vector<Operation> operations);
  // The same of one Soroban operation and its footprint.
  Plan StartSoroban(const AccountID& source, Operation operation, LedgerFootprint footprint);

  // A user who has sent nothing in this ledger yet; null where all have.
  const AccountID* FreeUser();

  const World& world;  // NOLINT: a plain pair
  Random& random;      // NOLINT

 private:
  std::map<uint256, int64_t> sent_;  // transactions of an account in this ledger
};

// Operations.
Operation Op(OperationBody body, const std::optional<AccountID>& source = {});
Operation CallOf(const Hash& contract, std::string_view function, std::vector<SCVal> arguments,
                 std::vector<SorobanAuthorizationEntry> authorizations = {});
LedgerFootprint Footprint(std::vector<LedgerKey> read_only, std::vector<LedgerKey> read_write);

}  // namespace stellar_arrow::synthetic

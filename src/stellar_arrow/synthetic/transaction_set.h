// Transactions on their way into a ledger: signed envelopes, the set of them, and the order in
// which it is applied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "stellar_arrow/synthetic/plan.h"
#include "stellar_arrow/synthetic/random.h"
#include "stellar_arrow/synthetic/world.h"

namespace stellar_arrow::synthetic {

// A transaction on its way through the ledger.
struct Sent {
  Plan plan;
  TransactionEnvelope envelope;
  Hash hash{};        // that results name
  Hash inner_hash{};  // of what is inside a fee bump
  Hash full_hash{};   // of the envelope, signatures and all
  std::optional<int64_t> base_fee;
  int64_t charged = 0;  // before any refund
  int64_t refund = 0;

  LedgerEntryChanges fee_changes;
  LedgerEntryChanges post_fee_changes;
  TransactionMeta meta;
  std::vector<TransactionEvent> events;
  TransactionResult result;

  AccountID payer() const {
    return plan.fee_bump ? AccountOf(plan.fee_bump->source) : plan.source();
  }
};

// What was planned, in its envelope. Signatures are random bytes.
Sent Send(Plan plan, const World& world, Random& random);

class TransactionSetBuilder {
 public:
  // `previous` is the hash of the ledger before. `world` must outlive the builder.
  TransactionSetBuilder(const World& world, const Hash& previous, std::vector<Sent> sent);

  // One of the two, once; it settles what each transaction's base fee is.
  TransactionSet Legacy();
  GeneralizedTransactionSet Generalized();

  // After that: what the header says of the set.
  const Hash& hash() const { return hash_; }
  // And, to end with, what was sent in the order of application: the classic phase first; in a
  // phase by account and sequence number, in rounds; each round by hash, mixed with the set's.
  std::vector<Sent> InOrder();

 private:
  std::vector<Sent> Rounds(std::vector<Sent> sent) const;
  TransactionPhase ClassicPhase();
  TransactionPhase SorobanPhase();
  TransactionPhase ParallelPhase();
  std::vector<std::vector<size_t>> Independent() const;

  const World& world_;
  const Hash previous_;
  std::vector<Sent> classic_;
  std::vector<Sent> soroban_;
  std::vector<std::vector<size_t>> clusters_;  // of soroban_, in the order of stages
  Hash hash_{};
};

}  // namespace stellar_arrow::synthetic

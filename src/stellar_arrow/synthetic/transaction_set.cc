#include "stellar_arrow/synthetic/transaction_set.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

namespace stellar_arrow::synthetic {
namespace {

constexpr size_t kClusters = 4;  // in a stage
constexpr size_t kStages = 2;

std::vector<DecoratedSignature> Sign(const AccountID& signer, Random& random) {
  DecoratedSignature signature;
  std::copy_n(signer.ed25519().end() - 4, 4, signature.hint.begin());
  signature.signature.resize(64);
  random.Fill(signature.signature);
  return {std::move(signature)};
}

Hash HashOfTransaction(const Hash& network, TransactionSignaturePayloadTaggedTransaction tagged) {
  return HashOf(TransactionSignaturePayload{network, std::move(tagged)});
}

Hash Mixed(Hash hash, const Hash& with) {
  for (size_t i = 0; i < hash.size(); ++i) hash[i] ^= with[i];
  return hash;
}

}  // namespace

Sent Send(Plan plan, const World& world, Random& random) {
  using Tagged = TransactionSignaturePayloadTaggedTransaction;
  Sent sent;
  const Transaction& tx = plan.transaction;
  TransactionV1Envelope v1{tx, Sign(plan.source(), random)};
  sent.hash = HashOfTransaction(world.network_id, Tagged::ENVELOPE_TYPE_TX(tx));
  if (plan.fee_bump) {
    sent.inner_hash = sent.hash;
    FeeBumpTransaction bump{plan.fee_bump->source,
                            plan.fee_bump->fee,
                            FeeBumpTransactionInnerTx::ENVELOPE_TYPE_TX(std::move(v1)),
                            {}};
    sent.hash = HashOfTransaction(world.network_id, Tagged::ENVELOPE_TYPE_TX_FEE_BUMP(bump));
    auto signatures = Sign(AccountOf(bump.feeSource), random);
    sent.envelope =
        TransactionEnvelope::ENVELOPE_TYPE_TX_FEE_BUMP({std::move(bump), std::move(signatures)});
  } else if (plan.as_v0) {
    TransactionV0 v0{plan.source().ed25519(), tx.fee, tx.seqNum, std::nullopt, tx.memo,
                     tx.operations,           {}};
    if (const TimeBounds* bounds = tx.cond.ifTimeBounds()) v0.timeBounds = *bounds;
    sent.envelope =
        TransactionEnvelope::ENVELOPE_TYPE_TX_V0({std::move(v0), std::move(v1.signatures)});
  } else {
    sent.envelope = TransactionEnvelope::ENVELOPE_TYPE_TX(std::move(v1));
  }
  sent.full_hash = HashOf(sent.envelope);
  sent.plan = std::move(plan);
  return sent;
}

TransactionSetBuilder::TransactionSetBuilder(const World& world, const Hash& previous,
                                             std::vector<Sent> sent)
    : world_(world), previous_(previous) {
  std::ranges::sort(sent, {}, &Sent::full_hash);
  for (Sent& one : sent) {
    (one.plan.soroban() != nullptr ? soroban_ : classic_).push_back(std::move(one));
  }
}

TransactionSet TransactionSetBuilder::Legacy() {
  TransactionSet set;
  set.previousLedgerHash = previous_;
  ledger::Sha256 sha;
  sha.Update(previous_);
  for (Sent& one : classic_) {
    one.base_fee = world_.base_fee;
    sha.Update(Encode(one.envelope));
    set.txs.push_back(one.envelope);
  }
  hash_ = sha.Finish();
  return set;
}

GeneralizedTransactionSet TransactionSetBuilder::Generalized() {
  TransactionSetV1 set;
  set.previousLedgerHash = previous_;
  set.phases.push_back(ClassicPhase());
  set.phases.push_back(world_.protocol >= 23 ? ParallelPhase() : SorobanPhase());
  auto general = GeneralizedTransactionSet::v1(std::move(set));
  hash_ = HashOf(general);
  return general;
}

std::vector<Sent> TransactionSetBuilder::InOrder() {
  std::vector<Sent> order = Rounds(std::move(classic_));
  if (clusters_.empty()) {
    std::vector<Sent> soroban = Rounds(std::move(soroban_));
    std::ranges::move(soroban, std::back_inserter(order));
    return order;
  }
  for (const std::vector<size_t>& cluster : clusters_) {
    std::vector<Sent> members;
    for (const size_t i : cluster) members.push_back(std::move(soroban_[i]));
    members = Rounds(std::move(members));
    std::ranges::move(members, std::back_inserter(order));
  }
  return order;
}

std::vector<Sent> TransactionSetBuilder::Rounds(std::vector<Sent> sent) const {
  std::map<uint256, std::vector<Sent>> queues;
  for (Sent& one : sent) queues[one.plan.source().ed25519()].push_back(std::move(one));
  for (auto& [account, queue] : queues) {
    std::ranges::sort(queue, std::greater(),
                      [](const Sent& one) { return one.plan.transaction.seqNum; });
  }
  std::vector<Sent> order;
  while (!queues.empty()) {
    std::vector<Sent> round;
    for (auto at = queues.begin(); at != queues.end();) {
      round.push_back(std::move(at->second.back()));
      at->second.pop_back();
      at = at->second.empty() ? queues.erase(at) : std::next(at);
    }
    std::ranges::sort(round, {}, [&](const Sent& one) { return Mixed(one.full_hash, hash_); });
    std::ranges::move(round, std::back_inserter(order));
  }
  return order;
}

// Most pay the base fee; some bid without a discount.
TransactionPhase TransactionSetBuilder::ClassicPhase() {
  TxSetComponentTxsMaybeDiscountedFee plain;
  TxSetComponentTxsMaybeDiscountedFee discounted;
  discounted.baseFee = world_.base_fee;
  for (Sent& one : classic_) {
    const bool discount = one.full_hash[31] >= 16;
    if (discount) one.base_fee = world_.base_fee;
    (discount ? discounted : plain).txs.push_back(one.envelope);
  }
  std::vector<TxSetComponent> components;
  for (auto* component : {&plain, &discounted}) {
    if (component->txs.empty()) continue;
    components.push_back(
        TxSetComponent::TXSET_COMP_TXS_MAYBE_DISCOUNTED_FEE(std::move(*component)));
  }
  return TransactionPhase::v0(std::move(components));
}

TransactionPhase TransactionSetBuilder::SorobanPhase() {
  TxSetComponentTxsMaybeDiscountedFee component;
  component.baseFee = world_.base_fee;
  for (Sent& one : soroban_) {
    one.base_fee = world_.base_fee;
    component.txs.push_back(one.envelope);
  }
  std::vector<TxSetComponent> components;
  if (!component.txs.empty()) {
    components.push_back(TxSetComponent::TXSET_COMP_TXS_MAYBE_DISCOUNTED_FEE(std::move(component)));
  }
  return TransactionPhase::v0(std::move(components));
}

// Clusters share no entry that one of them writes.
TransactionPhase TransactionSetBuilder::ParallelPhase() {
  ParallelTxsComponent component;
  component.baseFee = world_.base_fee;
  for (Sent& one : soroban_) one.base_fee = world_.base_fee;
  std::vector<std::vector<size_t>> clusters = Independent();
  // Clusters and stages are ordered by their first transactions, as those are by hash.
  std::ranges::sort(clusters);
  const size_t stages = std::min(kStages, (clusters.size() + kClusters - 1) / kClusters);
  for (size_t stage = 0; stage < stages; ++stage) {
    ParallelTxExecutionStage made;
    for (size_t i = stage * clusters.size() / stages; i < (stage + 1) * clusters.size() / stages;
         ++i) {
      DependentTxCluster cluster;
      for (const size_t index : clusters[i]) cluster.push_back(soroban_[index].envelope);
      made.push_back(std::move(cluster));
    }
    component.executionStages.push_back(std::move(made));
  }
  clusters_ = std::move(clusters);
  return TransactionPhase::v1(std::move(component));
}

// Transactions that touch the same entry are put together; then the groups are dealt out.
std::vector<std::vector<size_t>> TransactionSetBuilder::Independent() const {
  std::vector<size_t> group(soroban_.size());
  for (size_t i = 0; i < group.size(); ++i) group[i] = i;
  const auto root = [&](size_t i) {
    while (group[i] != i) i = group[i];
    return i;
  };
  std::map<std::vector<uint8_t>, size_t, LessBytes> writer;
  for (const bool writes : {true, false}) {
    for (size_t i = 0; i < soroban_.size(); ++i) {
      const LedgerFootprint& footprint = soroban_[i].plan.soroban()->resources.footprint;
      std::vector<LedgerKey> keys = writes ? footprint.readWrite : footprint.readOnly;
      if (writes) keys.push_back(KeyOf(soroban_[i].plan.source()));  // its sequence number
      for (const LedgerKey& key : keys) {
        const auto found = writer.find(Encode(key));
        if (found != writer.end()) {
          group[root(i)] = root(found->second);
        } else if (writes) {
          writer.emplace(Encode(key), i);
        }
      }
    }
  }
  std::map<size_t, std::vector<size_t>> groups;
  for (size_t i = 0; i < soroban_.size(); ++i) groups[root(i)].push_back(i);
  std::vector<std::vector<size_t>> clusters(std::min(groups.size(), kStages * kClusters));
  size_t dealt = 0;
  for (const auto& [first, members] : groups) {
    auto& cluster = clusters[dealt++ % clusters.size()];
    cluster.insert(cluster.end(), members.begin(), members.end());
  }
  for (auto& cluster : clusters) std::ranges::sort(cluster);
  return clusters;
}

}  // namespace stellar_arrow::synthetic

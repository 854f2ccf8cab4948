#include "stellar_arrow/pipeline/network_knowledge.h"

#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/ledger/verify.h"

namespace stellar_arrow::pipeline {

NetworkKnowledge::NetworkKnowledge(std::optional<ledger::Network> named, std::string origin,
                                   std::function<void(const std::string&)> on_note)
    : named_(std::move(named)), origin_(std::move(origin)), on_note_(std::move(on_note)) {}

const ledger::Network* NetworkKnowledge::Get() const {
  if (named_) return &*named_;
  return proven_.load(std::memory_order_acquire) ? &found_ : nullptr;
}

arrow::Status NetworkKnowledge::Prove(const ledger::Ledger& ledger, ledger::Sha256& sha) {
  if (proven_.load(std::memory_order_acquire) || ledger.envelopes().empty()) {
    return arrow::Status::OK();
  }
  const std::lock_guard lock(mutex_);
  if (proven_.load(std::memory_order_relaxed)) return arrow::Status::OK();
  std::vector<ledger::Network> candidates;
  for (const ledger::KnownNetwork& known : ledger::KnownNetworks()) {
    candidates.push_back(ledger::Network::FromPassphrase(known.passphrase));
  }
  if (named_) candidates.insert(candidates.begin(), *named_);
  const std::optional<size_t> match = ledger::ProveNetwork(ledger, candidates, sha);
  if (named_) {
    if (match && candidates[*match] == *named_) {
      proven_.store(true, std::memory_order_release);
      return arrow::Status::OK();
    }
    return LedgerError(ErrorCode::kFailedPrecondition, ledger.sequence(), "ledger ",
                       ledger.sequence(), ": its transactions are not of the network ",
                       named_->ToString(), " that ", origin_, " names, ",
                       match ? Concat("but of ", candidates[*match].ToString())
                             : std::string("nor of another known one: name their passphrase "
                                           "with --network, unless the ledger is damaged"));
  }
  if (match) {
    found_ = candidates[*match];
    proven_.store(true, std::memory_order_release);
    if (on_note_) {
      on_note_(Concat("the network is ", found_.ToString(), ": the transaction hashes of ledger ",
                      ledger.sequence(), " prove it"));
    }
  }
  return arrow::Status::OK();
}

}  // namespace stellar_arrow::pipeline

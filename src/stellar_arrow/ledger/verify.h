// Proof of a ledger by its hashes. What is checked at each level, and what `full` covers for each
// LedgerCloseMeta version, is told in docs/verification.md.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/network.h"

namespace stellar_arrow::ledger {

class Ledger;
class Sha256;

enum class VerifyLevel {
  kStructure,  // the XDR alone
  kChain,      // + header hash, sequence, link to the ledger before
  kFull,       // + transaction set, result set and transaction hashes
};

// "structure", "chain", "full". Errors: INVALID_ARGUMENT listing them.
arrow::Result<VerifyLevel> ParseVerifyLevel(std::string_view text);
std::string_view VerifyLevelName(VerifyLevel level);

// A trusted statement: the ledger `sequence` has the hash `hash`.
struct Anchor {
  uint32_t sequence = 0;
  Hash256 hash{};
};

// "SEQ:HASH", the hash as 64 hex digits. Errors: INVALID_ARGUMENT.
arrow::Result<Anchor> ParseAnchor(std::string_view text);

// A check that a ledger did not pass. The checks:
//   structure             the bytes are one LedgerCloseMeta (`got` says why not)
//   header_hash           SHA-256 of the header = ledgerHeader.hash
//   sequence              follows the ledger before
//   previous_ledger_hash  the header's link = the hash of the ledger before
//   anchor                the trusted hash
//   tx_set_hash           hash of the transaction set = the header's
//   tx_set_previous_hash  the set's link = the header's link
//   result_set_hash       hash of the results = the header's
//   transaction_hash      hash of each envelope = the hash in one result, and of a fee bump's inner
//                         transaction = the hash in its inner result
struct Fault {
  uint32_t ledger = 0;
  std::string check;  // header_hash, previous_ledger_hash, sequence, tx_set_hash, ...
  std::string path;   // where in the ledger, in the protocol's names
  std::string want;   // what is stated or trusted: hex for hashes
  std::string got;    // what the bytes give

  // "ledger 63: tx_set_hash: v1.ledgerHeader.header.scpValue.txSetHash: want ..., got ...".
  std::string ToString() const;
};

// Checks that need one ledger alone: at `chain` its header hash, at `full` also its sets and
// transactions, for which `network` must be given. Appends to `faults`; adds none if all is right.
// `full` pairs the ledger (see Ledger::Pair).
void VerifyLedger(Ledger& ledger, VerifyLevel level, const Network* network, Sha256& sha,
                  std::vector<Fault>* faults);

// What ties a ledger to its neighbours. Outlives its bytes.
struct LedgerLink {
  uint32_t sequence = 0;
  Hash256 hash{};           // as stated
  Hash256 previous_hash{};  // of the ledger before, as stated
  int32_t meta_version = 0;
};
LedgerLink LinkOf(const Ledger& ledger);

// Checks that `link` follows the ledger of number `previous_sequence` and hash `previous_hash`.
void VerifyLink(const LedgerLink& link, uint32_t previous_sequence, const Hash256& previous_hash,
                std::vector<Fault>* faults);

// Checks `ledger` against a trusted statement; nothing if that is of another ledger.
void VerifyAnchor(const Ledger& ledger, const Anchor& anchor, std::vector<Fault>* faults);

// The network among `candidates` under which the ledger's transactions hash as its results say:
// its index, or nullopt. Needs a ledger with transactions.
std::optional<size_t> ProveNetwork(const Ledger& ledger, std::span<const Network> candidates,
                                   Sha256& sha);

}  // namespace stellar_arrow::ledger

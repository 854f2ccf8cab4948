// Proof of a ledger by its hashes. What is checked at each level, and what `full` covers for each
// LedgerCloseMeta version, is told in docs/verification.md.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/network.h"

namespace stellar_arrow::ledger {

class Ledger;

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

// A check that a ledger did not pass.
struct Fault {
  uint32_t ledger = 0;
  std::string check;  // header_hash, previous_ledger_hash, sequence, tx_set_hash, ...
  std::string path;   // where in the ledger, in the protocol's names
  std::string want;   // what it should have been: hex for hashes
  std::string got;

  // "ledger 63: tx_set_hash: v1.ledgerHeader.header.scpValue.txSetHash: want ..., got ...".
  std::string ToString() const;
};

}  // namespace stellar_arrow::ledger

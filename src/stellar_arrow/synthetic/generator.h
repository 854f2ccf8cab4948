// Closes ledgers: one after the other, each linked to the one before by its hash.
#pragma once

#include <cstdint>
#include <vector>

#include "stellar_arrow/synthetic/world.h"

namespace stellar_arrow::synthetic {

// A value: a copy goes on as the original does. The same options give the same bytes.
class Generator {
 public:
  explicit Generator(const Options& options);

  // The number of the ledger that Next() makes.
  uint32_t next_sequence() const { return header_.ledgerSeq + 1; }

  // The next ledger, as a bare LedgerCloseMeta.
  std::vector<uint8_t> Next();

  const World& world() const { return world_; }

 private:
  World world_;
  LedgerHeader header_;  // of the ledger before
};

}  // namespace stellar_arrow::synthetic

// Ledgers given new places in one unbroken chain, so that few make many: numbers, close times and
// the hashes that depend on them. Bytes in, bytes out; checks nothing and does no I/O.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::ledger {

class Ledger;

// A ledger in its new place: one LedgerCloseMeta.
struct Relinked {
  uint32_t sequence = 0;
  xdr::Bytes wire;
};

// Takes ledgers in the order that they shall have; the same ones may come again and again. What
// changes, and nothing else does:
//   ledgerSeq           one more than that of the ledger before
//   closeTime(Ms)       as far after the ledger before as in what was taken; 1 s where that does
//                       not rise
//   previousLedgerHash  of the header, the transaction set, and an empty set's value; the first
//                       ledger keeps its header's
//   txSetHash           unless the value is an empty set, whose hash is zero
//   ledgerHeader.hash
// So transactions keep their hashes, and a ledger that passes `verify --level full` still does.
// Signatures over what changed, and numbers inside of entries and consensus messages, stay as they
// were. Not thread-safe.
class Relinker {
 public:
  // `first` is the number of the first ledger.
  explicit Relinker(uint32_t first) : next_(first) {}

  // `ledger` as the next one of the chain, of as many bytes as before, valid until the next call.
  // Errors: OUT_OF_RANGE past the greatest ledger number or close time.
  arrow::Result<Relinked> Next(const Ledger& ledger);

 private:
  struct Time {
    uint64_t taken = 0;  // milliseconds, as the ledger stated it
    uint64_t given = 0;  // milliseconds, as the chain has it
  };

  uint64_t next_;  // one more than the greatest uint32 at the very end
  std::optional<Hash256> previous_hash_;
  std::optional<Time> previous_time_;
  std::vector<uint8_t> wire_;
  Sha256 sha_;
};

}  // namespace stellar_arrow::ledger

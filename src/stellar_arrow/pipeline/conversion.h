// What workers make of ledgers before these are put in order: rows. Knows Arrow's batches; which
// tables they are of, and how they are filled, is known to whoever converts.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace stellar_arrow::ledger {
class Ledger;
}

namespace stellar_arrow::pipeline {

// Ledgers come in blocks, by their numbers. Workers take whole blocks, and batches end with them,
// so that most lie within what one worker made and need not be copied together.
inline constexpr uint32_t kBlockLedgers = 16;
inline uint32_t BlockOf(uint32_t ledger) { return ledger / kBlockLedgers; }
inline bool EndsBlock(uint32_t ledger) { return ledger % kBlockLedgers == kBlockLedgers - 1; }

// The rows of some consecutive ledgers, table by table.
struct Chunk {
  struct LedgerRows {
    int64_t end = 0;    // the row behind the ledger's last one
    int64_t bytes = 0;  // of the ledger's rows; they add up, whatever ledgers are taken together
  };
  struct Table {
    std::shared_ptr<arrow::RecordBatch> rows;
    std::vector<LedgerRows> ledgers;
  };
  std::vector<Table> tables;
  int64_t bytes = 0;  // of all rows
};

// One worker's. Not thread-safe.
class Converter {
 public:
  virtual ~Converter() = default;

  // Adds the rows of a ledger, paired if Options::pair says so. After an error only Finish() may be
  // called, for the ledgers before.
  virtual arrow::Status Add(const ledger::Ledger& ledger) = 0;
  // Of the ledgers since the last Finish().
  virtual int64_t bytes() const = 0;
  virtual arrow::Result<std::shared_ptr<const Chunk>> Finish() = 0;
};

}  // namespace stellar_arrow::pipeline

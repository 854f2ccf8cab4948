// Where a table's rows are cut into batches. Decides by the ledgers' rows and bytes alone, so that
// the same ledgers give the same batches; copies no row.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "stellar_arrow/columnar/join.h"

namespace stellar_arrow::stream {

struct BatchOptions;

// A batch that is settled, though not put together.
struct Cut {
  uint32_t ledger = 0;  // of its first row
  // Whether all rows of the ledger that was added last are in it and the cuts before it; else only
  // those of the ledgers before are.
  bool through_last = false;
  std::vector<columnar::Piece> pieces;
};

class Cutter {
 public:
  // `table` is for messages.
  Cutter(const BatchOptions& options, std::string_view table) : options_(options), table_(table) {}

  // Adds a ledger's rows, of `bytes`. What is settled by them is appended to `cuts`:
  //  - the first ledger that has rows, so that whoever waits for them need not wait for more;
  //  - a batch that has the most rows it may;
  //  - at the end of a block of ledgers, a batch of its rows alone with a quarter or more of the
  //    bytes it may have;
  //  - where the ledger would take the batch over its limits, the batch without it;
  //  - a ledger that is over the limits by itself, in as many parts as they ask for.
  // Errors: RESOURCE_EXHAUSTED for a row of more bytes than any batch may have.
  arrow::Status Add(uint32_t ledger, columnar::Piece rows, int64_t bytes, std::vector<Cut>* cuts);

  // Settles the batch that is begun, if one is.
  void Flush(std::vector<Cut>* cuts);

  // The ledger of the first row that is in no settled batch.
  std::optional<uint32_t> ledger() const;

 private:
  bool IsOfBlock(uint32_t ledger) const;
  arrow::Status CutAlone(uint32_t ledger, columnar::Piece rows, std::vector<Cut>* cuts) const;

  const BatchOptions& options_;
  const std::string_view table_;
  Cut begun_;
  int64_t rows_ = 0;  // of begun_
  int64_t bytes_ = 0;
  bool is_first_ = true;  // no batch was settled yet
};

}  // namespace stellar_arrow::stream

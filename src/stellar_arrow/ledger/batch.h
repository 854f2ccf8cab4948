// A LedgerCloseMetaBatch as a sequence of bytes to open one by one, so that its ledgers are walked
// once only.
#pragma once

#include <arrow/result.h>

#include <cstdint>

#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::ledger {

// What a batch says of itself.
struct BatchHead {
  uint32_t first = 0;  // startSequence
  uint32_t last = 0;   // endSequence, included
  uint32_t count = 0;  // of the ledgers that follow
  xdr::Bytes ledgers;  // that many LedgerCloseMetas, one after the other
};

// Reads the head of a batch. Errors: DATA_LOSS where the bytes are too few, or the head contradicts
// itself.
arrow::Result<BatchHead> ReadBatchHead(xdr::Bytes wire);

}  // namespace stellar_arrow::ledger

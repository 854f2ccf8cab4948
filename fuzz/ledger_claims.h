// What holds of any bytes that are given out as a ledger, and of all that is made of them.
#pragma once

#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::fuzz {

// Opens `wire` as one LedgerCloseMeta, and takes it through verification, re-linking and every
// table. Ends the program where a claim does not hold.
void ReadLedger(xdr::Bytes wire);

}  // namespace stellar_arrow::fuzz

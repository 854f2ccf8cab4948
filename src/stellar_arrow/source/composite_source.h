// Several sources of the same ledgers, of which the others stand in where one fails.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// A stream reads the first of `sources` that can give it its next ledger, and goes on with another
// one, at the ledger after the last, when that one fails. What comes from another source must link
// to what came before, at every level of verification. Thread-safe, where its sources are. Errors:
// FAILED_PRECONDITION where two of them say that they are of different networks.
arrow::Result<std::unique_ptr<LedgerSource>> OpenComposite(
    std::vector<std::unique_ptr<LedgerSource>> sources);

// Opens one of several sources. May be called again, from any thread.
using OpenLate = std::function<arrow::Result<std::unique_ptr<LedgerSource>>()>;

// What `open` opens; where that does not answer now, a source that is down until it does.
arrow::Result<std::unique_ptr<LedgerSource>> OpenNowOrLater(std::string name, OpenLate open);

}  // namespace stellar_arrow::source

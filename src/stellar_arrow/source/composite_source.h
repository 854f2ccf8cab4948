// Several sources of the same ledgers, of which the others stand in where one fails.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// When a stream goes on with another source that has the next ledger, though its own has not
// failed.
struct CompositeTimes {
  using milliseconds = std::chrono::milliseconds;
  // Each source is asked so often what it has; it may be ahead for so long unseen.
  milliseconds ask{2'000};
  // Its own one has said for so long that it does not have the ledger yet; at once where that is
  // 16 ledgers behind.
  milliseconds behind{10'000};
  // Its own one has said nothing at all for so long. Beyond what any of them takes to give up.
  // What a source has is not taken to be so any more after the same time.
  milliseconds silent{60'000};
  // For so long it goes on with none that it has left. If that one's data were wrong, and this
  // ledger has not come by then, they are the stream's end.
  milliseconds spared{30'000};
};

// A stream reads the first of `sources` that can give it its next ledger, and goes on with another
// one, at the ledger after the last, when that one fails. What comes from another source must link
// to what came before, at every level of verification. Thread-safe, where its sources are. Errors:
// FAILED_PRECONDITION where two of them say that they are of different networks,
// RESOURCE_EXHAUSTED where there can be no threads.
arrow::Result<std::unique_ptr<LedgerSource>> OpenComposite(
    std::vector<std::unique_ptr<LedgerSource>> sources, const CompositeTimes& times = {});

// Opens one of several sources. May be called again, from any thread.
using OpenLate = std::function<arrow::Result<std::unique_ptr<LedgerSource>>()>;

// What `open` opens; where that does not answer now, a source that is down until it does.
arrow::Result<std::unique_ptr<LedgerSource>> OpenNowOrLater(std::string name, OpenLate open);

}  // namespace stellar_arrow::source

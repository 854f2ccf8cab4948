// Ledgers that are made up as they are asked for: the source synthetic:?SETTINGS.
#pragma once

#include <arrow/result.h>

#include <map>
#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// Has every ledger from the first on at once, or one more each time the pace has passed since it
// was opened. Without a pace and an end, the newest is the highest that was asked for so far, and a
// stream begins at most 10,000 ledgers after it (OUT_OF_RANGE).
// Errors: as synthetic::ParseOptions.
arrow::Result<std::unique_ptr<LedgerSource>> OpenSynthetic(
    const std::map<std::string, std::string>& query, std::string name);

}  // namespace stellar_arrow::source

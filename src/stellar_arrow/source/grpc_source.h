// Ledgers from a RawLedgerService, the upstream of the original service: one endless stream of them
// from any ledger on.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// `endpoint` is HOST:PORT. Connects when it is asked. The service does not say which ledgers it
// has, so every range must name its first one. Thread-safe. Errors: INVALID_ARGUMENT for what is no
// HOST:PORT.
arrow::Result<std::unique_ptr<LedgerSource>> OpenGrpc(const std::string& endpoint, std::string name,
                                                      const SourceOptions& options);

}  // namespace stellar_arrow::source

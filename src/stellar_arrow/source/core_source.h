// Ledgers from a stellar-core that this program runs itself: captive core, read by its metadata
// pipe.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

struct CoreSettings {
  std::string config;  // path of the user's part of the configuration
  std::string program = "stellar-core";
  std::string storage;  // folder for its state, made where it is missing; empty: a temporary one
};

// Core is run for one stream at a time, from the stream's begin to its end: `catchup` for a range
// with an end, `run` for one without. Otherwise thread-safe. Errors: as MakeCoreConfig().
arrow::Result<std::unique_ptr<LedgerSource>> OpenCore(CoreSettings settings, std::string name,
                                                      const SourceOptions& options);

}  // namespace stellar_arrow::source

// Ledgers in plain files that are no lake: bare, in a batch, or record-marked, zstd or not.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// Reads every one of `files` once, to recognise its form by strict decoding and to note where its
// ledgers lie; they are delivered by number, whatever file they are in. A pass holds one unzipped
// file at most, and of files that are not zstd one ledger. Errors: DATA_LOSS for a file of no known
// form (naming what each form failed at), and for two ledgers of one number but different hashes.
// Thread-safe.
arrow::Result<std::unique_ptr<LedgerSource>> OpenFiles(std::vector<std::string> files,
                                                       std::string name,
                                                       const SourceOptions& options);

}  // namespace stellar_arrow::source

// A data lake (SEP-54) on a file system of Arrow's: objects of one or more ledgers under names that
// tell which.
#pragma once

#include <arrow/filesystem/type_fwd.h>
#include <arrow/result.h>

#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// Whether the folder `path` looks like a lake: it has a manifest, or names as lakes have them.
arrow::Result<bool> LooksLikeLake(arrow::fs::FileSystem& fs, const std::string& path);

// `name` is what messages call the source. Thread-safe.
arrow::Result<std::unique_ptr<LedgerSource>> OpenLake(std::shared_ptr<arrow::fs::FileSystem> fs,
                                                      std::string path, std::string name,
                                                      const SourceOptions& options);

arrow::Result<LakeListing> ListLakeAt(std::shared_ptr<arrow::fs::FileSystem> fs, std::string path,
                                      std::string name, const SourceOptions& options);

}  // namespace stellar_arrow::source

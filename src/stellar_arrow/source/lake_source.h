// A data lake (SEP-54) in a store: objects of one or more ledgers under names that tell which.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/store.h"

namespace stellar_arrow::source {

// Whether `store` looks like a lake: it has a manifest, or names as lakes have them.
arrow::Result<bool> LooksLikeLake(Store& store);

// `name` is what messages call the source. Thread-safe.
arrow::Result<std::unique_ptr<LedgerSource>> OpenLake(std::shared_ptr<Store> store,
                                                      std::string name,
                                                      const SourceOptions& options);

arrow::Result<LakeListing> ListLakeAt(std::shared_ptr<Store> store, std::string name,
                                      const SourceOptions& options);

}  // namespace stellar_arrow::source

// operations: one row per operation of every transaction.
#pragma once

#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

const Table& OperationsTable();

}  // namespace stellar_arrow::tables

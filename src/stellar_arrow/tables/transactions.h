// transactions: one row per applied transaction, failed ones included.
#pragma once

#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

const Table& TransactionsTable();

}  // namespace stellar_arrow::tables

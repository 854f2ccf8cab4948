// stellar_ledger: one row per ledger.
#pragma once

#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

const Table& StellarLedgerTable();

}  // namespace stellar_arrow::tables

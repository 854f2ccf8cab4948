#include "stellar_arrow/tables/catalog.h"

#include <algorithm>
#include <array>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/tables/operations.h"
#include "stellar_arrow/tables/stellar_ledger.h"
#include "stellar_arrow/tables/transactions.h"
#include "stellar_arrow/tables/ttp_events.h"

namespace stellar_arrow::tables {

std::span<const Table* const> Catalog() {
  static const std::array tables = {&StellarLedgerTable(), &TransactionsTable(), &OperationsTable(),
                                    &TtpEventsTable()};
  return tables;
}

arrow::Result<const Table*> FindTable(std::string_view name) {
  const auto found = std::ranges::find(Catalog(), name, &Table::name);
  if (found != Catalog().end()) return *found;
  std::string known;
  for (const Table* table : Catalog()) {
    known.append(known.empty() ? "" : ", ").append(table->name());
  }
  return Error(ErrorCode::kInvalidArgument, "unknown table ", Quoted(name),
               "; the tables are: ", known);
}

}  // namespace stellar_arrow::tables

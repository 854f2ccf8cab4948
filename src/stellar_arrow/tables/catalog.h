// The tables there are, listed by hand. A table is named, described, and filled ledger by ledger.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stellar_arrow::ledger {
class Ledger;
}

namespace stellar_arrow::tables {

// Fills one record batch after another with a table's rows. Not thread-safe.
class TableAppender {
 public:
  virtual ~TableAppender() = default;

  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  // Adds the rows of one ledger, paired if the table needs transactions. After an error nothing may
  // be added any more; Finish() gives what was before, and perhaps rows of that ledger behind it.
  virtual arrow::Status Append(const ledger::Ledger& ledger) = 0;
  // Rows and bytes (of all buffers) since the last Finish().
  virtual int64_t rows() const = 0;
  virtual int64_t bytes() const = 0;
  // The batch of all rows since the last Finish(); possibly of no rows.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() = 0;
};

// What is asked of a table.
struct Selection {
  std::span<const std::string> columns = {};  // in the order wanted; none = all
  std::string_view network = {};              // its passphrase, for the metadata; empty = not known
};

// Keys of a schema's metadata. All are there, but the network's only where that is known.
inline constexpr std::string_view kTableKey = "stellar_arrow.table";
inline constexpr std::string_view kSchemaVersionKey = "stellar_arrow.schema_version";
inline constexpr std::string_view kProducerKey = "stellar_arrow.producer";  // program and version
inline constexpr std::string_view kNetworkKey = "stellar_arrow.network";    // passphrase

struct ColumnInfo {
  std::string_view name;
  std::string_view type;  // Arrow's name of it
  bool nullable = false;
  std::string_view doc;
};

// A table of the catalog. Immutable; lives for ever.
class Table {
 public:
  virtual ~Table() = default;

  virtual std::string_view name() const = 0;
  virtual std::string_view doc() const = 0;
  virtual std::span<const ColumnInfo> columns() const = 0;
  // "MAJOR.MINOR.PATCH": MINOR grows with columns added after the others, MAJOR with any other
  // change of names, order, types or nullability, PATCH where only the cells' meaning became right.
  virtual std::string_view schema_version() const = 0;
  // Whether a ledger has exactly one row, so that counts are known before the data are.
  virtual bool one_row_per_ledger() const = 0;
  // Whether rows are of transactions, so that the ledgers must be paired (Ledger::Pair).
  virtual bool needs_transactions() const = 0;
  // Errors: INVALID_ARGUMENT naming the unknown or doubled column and listing the table's.
  virtual arrow::Result<std::shared_ptr<arrow::Schema>> Schema(
      const Selection& selection) const = 0;
  // Only the columns asked for are computed. Errors: as Schema().
  virtual arrow::Result<std::unique_ptr<TableAppender>> MakeAppender(
      const Selection& selection, arrow::MemoryPool* pool) const = 0;
};

std::span<const Table* const> Catalog();

// Errors: INVALID_ARGUMENT listing the tables.
arrow::Result<const Table*> FindTable(std::string_view name);

}  // namespace stellar_arrow::tables

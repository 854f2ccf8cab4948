// Record batches as text for people and programs, or as an Arrow stream.
//
// Cells: fixed-size binary is lower-case hex, other binary base64, timestamps RFC 3339 in UTC with
// a fraction only where there is one, lists JSON arrays. Nulls are empty in csv, null in jsonl,
// blank in a table. jsonl writes 64-bit numbers as JSON numbers.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stellar_arrow::cli {

enum class Format { kTable, kCsv, kJsonl, kArrow, kNull };

// "table", "csv", "jsonl", "arrow", "null". Errors: INVALID_ARGUMENT listing them.
arrow::Result<Format> ParseFormat(std::string_view text);
// What follows the table's name in a file of this format: ".csv", ".arrows" and so on.
std::string_view ExtensionOf(Format format);

// Writes batches of one schema. Close() must come last: only then all is written.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual arrow::Status Write(const arrow::RecordBatch& batch) = 0;
  virtual arrow::Status Close() = 0;
};

// `kNull` writes nothing. A table's column widths are those of its first batch.
arrow::Result<std::unique_ptr<RowWriter>> MakeRowWriter(
    Format format, const std::shared_ptr<arrow::Schema>& schema,
    std::shared_ptr<arrow::io::OutputStream> out);

}  // namespace stellar_arrow::cli

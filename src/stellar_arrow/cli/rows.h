// Where the rows of `get` and `export` go, and the summary at their end.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/output.h"

namespace stellar_arrow::cli {

// The format asked for, else that of the output's name, else a table for stdout and Arrow for
// files.
arrow::Result<Format> FormatOf(const RowsArguments& arguments);

// One table's rows on their way to stdout, a file, a device or a pipe. A file has a temporary name
// until Close(), and is removed if that fails or never comes.
class RowsOutput {
 public:
  RowsOutput() = default;
  ~RowsOutput();
  RowsOutput(const RowsOutput&) = delete;
  RowsOutput& operator=(const RowsOutput&) = delete;

  // An empty `path` is stdout.
  static arrow::Result<std::unique_ptr<RowsOutput>> Open(
      Format format, const std::string& path, const std::shared_ptr<arrow::Schema>& schema);

  arrow::Status Write(const arrow::RecordBatch& batch);
  arrow::Status Close();
  int64_t rows() const { return rows_; }

 private:
  std::string path_;
  std::string temporary_;  // empty once it has its name, and where there is none
  std::shared_ptr<arrow::io::OutputStream> out_;
  std::unique_ptr<RowWriter> writer_;
  int64_t rows_ = 0;
  arrow::Status written_;  // the first failure
};

struct RowsSummary {
  std::optional<uint32_t> first, last;
  std::optional<int64_t> ledgers;
  std::vector<std::pair<std::string, int64_t>> rows;  // by table
  int64_t bytes_raw = 0;
  std::optional<int64_t> bytes_compressed;  // Flight does not tell it
  std::optional<std::string> cursor;        // of the last batch, where the server gives some
};

// Prints the summary as one JSON object (to stdout, or to stderr if data go to stdout) if that was
// asked for, else as a line on stderr.
void PrintSummary(const RowsSummary& summary, const RowsArguments& arguments, Format format,
                  std::chrono::steady_clock::time_point start);

}  // namespace stellar_arrow::cli

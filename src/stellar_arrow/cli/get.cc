// `get`: rows of one table from a Flight server, ours or the original.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/flight/client.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/checkpoint/checkpoint.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/flight_client.h"
#include "stellar_arrow/cli/progress.h"
#include "stellar_arrow/cli/rows.h"
#include "stellar_arrow/stream/request.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::cli {
namespace {

namespace af = arrow::flight;

// Notes which ledgers the rows are of, if they say so.
void NoteLedgers(const arrow::RecordBatch& batch, RowsSummary* summary) {
  const auto column = batch.GetColumnByName("ledger_sequence");
  if (column == nullptr || column->type_id() != arrow::Type::UINT32) return;
  const auto& sequences = static_cast<const arrow::UInt32Array&>(*column);
  for (int64_t row = 0; row < sequences.length(); ++row) {
    const uint32_t sequence = sequences.Value(row);
    if (!summary->first) summary->first = sequence;
    if (summary->last != sequence) summary->ledgers = summary->ledgers.value_or(0) + 1;
    summary->last = sequence;
  }
}

// Has what was written on the disk before anyone is told that it is.
arrow::Status Sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (synced) return arrow::Status::OK();
  return Error(ErrorCode::kUnavailable, "cannot sync ", path, ": ", std::strerror(error));
}

// Tells the server that all rows to `cursor` are kept.
arrow::Status Acknowledge(const FlightClient& client, const RowsArguments& arguments,
                          const std::string& cursor) {
  if (std::filesystem::is_regular_file(arguments.output)) {
    const auto path = std::filesystem::absolute(arguments.output);
    ARROW_RETURN_NOT_OK(Sync(path));
    ARROW_RETURN_NOT_OK(Sync(path.parent_path()));
  }
  ARROW_ASSIGN_OR_RAISE(const stream::Cursor parsed, stream::ParseCursor(cursor));
  const nlohmann::ordered_json body = {{"checkpoint_id", arguments.checkpoint},
                                       {"cursor", stream::ToJsonObject(parsed)}};
  return client.DoAction("checkpoint.ack", body.dump()).status();
}

}  // namespace

arrow::Status Get(const RowsArguments& arguments, const Settings& settings) {
  const auto start = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(stream::Request request, stream::ParseRequest(arguments.request));
  if (!arguments.columns.empty()) request.columns = arguments.columns;
  if (const Value& compression = settings.Get("compression"); compression.given) {
    ARROW_ASSIGN_OR_RAISE(request.compression, stream::ParseCompression(compression.text));
  }
  ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(request.table));
  ARROW_RETURN_NOT_OK(table->Schema({request.columns}).status());
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(arguments));
  af::FlightCallOptions options;
  if (!arguments.cursor.empty()) {
    ARROW_ASSIGN_OR_RAISE(const std::string text, TextOrFile(arguments.cursor));
    ARROW_ASSIGN_OR_RAISE(const stream::Cursor cursor, stream::ParseCursor(text));
    options.headers.emplace_back("x-resume-cursor", stream::ToJson(cursor));
  }
  if (!arguments.checkpoint.empty()) {
    ARROW_RETURN_NOT_OK(checkpoint::ParseId(arguments.checkpoint));
    options.headers.emplace_back("x-checkpoint-id", arguments.checkpoint);
  }
  ARROW_ASSIGN_OR_RAISE(const FlightClient client, FlightClient::Connect(settings.Text("server")));
  ARROW_ASSIGN_OR_RAISE(const auto reader, client.DoGet(options, stream::ToTicket(request)));
  const auto schema = reader->GetSchema();
  if (!schema.ok()) return client.FromServer(schema.status());
  ARROW_ASSIGN_OR_RAISE(const auto output, RowsOutput::Open(format, arguments.output, *schema));
  std::optional<int64_t> total;
  if (request.start_at == stream::StartAt::kSequence && request.end) {
    total = int64_t{*request.end} - request.start + 1;
  }
  ProgressBar progress("get", total, arguments.quiet);
  RowsSummary summary;
  const auto copy = [&]() -> arrow::Status {
    while (true) {
      const auto chunk = reader->Next();
      if (!chunk.ok()) return client.FromServer(chunk.status());
      if (chunk->data == nullptr) return arrow::Status::OK();
      if (chunk->app_metadata != nullptr) summary.cursor = chunk->app_metadata->ToString();
      NoteLedgers(*chunk->data, &summary);
      summary.bytes_raw += arrow::util::TotalBufferSize(*chunk->data);
      progress.Clear();
      ARROW_RETURN_NOT_OK(output->Write(*chunk->data));
      progress.Update(summary.ledgers.value_or(output->rows()), summary.bytes_raw);
    }
  };
  const arrow::Status copied = copy();
  progress.Clear();
  ARROW_RETURN_NOT_OK(output->Close());
  summary.rows.emplace_back(request.table, output->rows());
  PrintSummary(summary, arguments, format, start);
  ARROW_RETURN_NOT_OK(copied);
  if (arguments.checkpoint.empty() || !summary.cursor) return arrow::Status::OK();
  return Acknowledge(client, arguments, *summary.cursor);
}

}  // namespace stellar_arrow::cli

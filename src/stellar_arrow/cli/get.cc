// `get`: rows of one table from a Flight server, ours or the original.
#include <arrow/array.h>
#include <arrow/flight/client.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
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

// What the server said, without what the client's libraries add to it.
arrow::Status FromServer(const arrow::Status& status, const std::string& server) {
  if (status.ok()) return status;
  const std::string& message = status.message();
  const size_t end = message.find(". gRPC client debug context");
  return Error(ErrorCode::kUnavailable, "server ", server, ": ", message.substr(0, end));
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
  const std::string& uri = settings.Text("server");
  auto location = af::Location::Parse(uri);
  if (!location.ok()) {
    return Error(ErrorCode::kInvalidArgument, "--server ", uri,
                 " is no URI like grpc://localhost:8815: ", location.status().message());
  }
  ARROW_ASSIGN_OR_RAISE(const auto client, af::FlightClient::Connect(*location));
  auto reader = client->DoGet(af::Ticket{stream::ToTicket(request)});
  if (!reader.ok()) return FromServer(reader.status(), uri);
  const auto schema = (*reader)->GetSchema();
  if (!schema.ok()) return FromServer(schema.status(), uri);
  ARROW_ASSIGN_OR_RAISE(const auto output, RowsOutput::Open(format, arguments.output, *schema));
  std::optional<int64_t> total;
  if (request.start_at == stream::StartAt::kSequence && request.end) {
    total = int64_t{*request.end} - request.start + 1;
  }
  ProgressBar progress("get", total, arguments.quiet);
  RowsSummary summary;
  const auto copy = [&]() -> arrow::Status {
    while (true) {
      const auto chunk = (*reader)->Next();
      if (!chunk.ok()) return FromServer(chunk.status(), uri);
      if (chunk->data == nullptr) return arrow::Status::OK();
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
  return copied;
}

}  // namespace stellar_arrow::cli

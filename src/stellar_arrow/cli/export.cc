// `export`: rows of one or more tables straight from a source, without a server; never waits.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/progress.h"
#include "stellar_arrow/cli/rows.h"
#include "stellar_arrow/stream/request.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::cli {
namespace {

// Columns of several tables are named TABLE.COLUMN; a table that none is named of has all.
arrow::Status AddColumns(const std::vector<std::string>& names,
                         std::vector<stream::Request>* requests) {
  if (requests->size() == 1) {
    requests->front().columns = names;
    return arrow::Status::OK();
  }
  for (const std::string& name : names) {
    const size_t dot = name.find('.');
    const auto request = std::ranges::find(*requests, name.substr(0, dot), &stream::Request::table);
    if (dot == std::string::npos || request == requests->end()) {
      return Error(ErrorCode::kInvalidArgument, "--columns: '", name,
                   "' is no TABLE.COLUMN of the tables asked for");
    }
    request->columns.push_back(name.substr(dot + 1));
  }
  return arrow::Status::OK();
}

// TABLE[,TABLE...][:START[:END]] as one request a table.
arrow::Result<std::vector<stream::Request>> ParseRequests(const RowsArguments& arguments) {
  const size_t colon = std::min(arguments.request.find(':'), arguments.request.size());
  const std::string range = arguments.request.substr(colon);
  std::vector<stream::Request> requests;
  std::string_view names = std::string_view(arguments.request).substr(0, colon);
  while (true) {
    const size_t comma = names.find(',');
    ARROW_ASSIGN_OR_RAISE(auto request,
                          stream::ParseRequest(Concat(names.substr(0, comma), range)));
    for (const stream::Request& other : requests) {
      if (other.table == request.table) {
        return Error(ErrorCode::kInvalidArgument, "table ", request.table, " is named twice");
      }
    }
    requests.push_back(std::move(request));
    if (comma == std::string_view::npos) break;
    names.remove_prefix(comma + 1);
  }
  ARROW_RETURN_NOT_OK(AddColumns(arguments.columns, &requests));
  // Without a range all there is, unlike a subscription, which begins at the newest ledger.
  if (range.empty()) {
    for (stream::Request& request : requests) request.start_at = stream::StartAt::kFirst;
  }
  return requests;
}

std::string PathOf(const RowsArguments& arguments, const stream::Request& request, Format format,
                   bool several) {
  if (!several) return arguments.output;
  return (std::filesystem::path(arguments.output) /
          (request.table + std::string(ExtensionOf(format))))
      .string();
}

}  // namespace

arrow::Status Export(const RowsArguments& arguments, const Settings& settings) {
  const auto start = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto requests, ParseRequests(arguments));
  const bool several = requests.size() > 1;
  Format format = Format::kArrow;
  if (!several || !arguments.format.empty()) {
    ARROW_ASSIGN_OR_RAISE(format, FormatOf(arguments));
  }
  if (several && arguments.output.empty() && format != Format::kNull) {
    return Error(ErrorCode::kInvalidArgument,
                 "several tables need a folder: name one with --output DIR");
  }
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenSource(settings));

  stream::Subscription::Options options;
  for (const stream::Request& request : requests) {
    ARROW_ASSIGN_OR_RAISE(options.tables.emplace_back(), tables::FindTable(request.table));
    options.columns.push_back(request.columns);
  }
  ARROW_ASSIGN_OR_RAISE(options.pipeline, PipelineOptionsOf(settings));
  const std::optional<ledger::Anchor> anchor = options.pipeline.anchor;
  ARROW_ASSIGN_OR_RAISE(LedgerRange range, stream::ResolveRange(requests.front(), *source));
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source->GetExtent());
  if (!range.last) range.last = extent.newest;
  if (range.empty()) {
    return LedgerError(ErrorCode::kOutOfRange, range.first, source->name(),
                       " does not have ledger ", range.first, " yet: its newest is ", *range.last);
  }
  options.pipeline.range = range;
  ARROW_RETURN_NOT_OK(pipeline::FindNetwork(*source, &options.pipeline));
  options.batch.rows = static_cast<int64_t>(settings.Number("batch-size"));
  options.batch.bytes = static_cast<int64_t>(settings.Number("batch-bytes"));
  options.batch.hard_bytes = std::numeric_limits<int64_t>::max();  // nobody has to receive them
  options.wait = false;
  ARROW_ASSIGN_OR_RAISE(const auto subscription,
                        stream::Subscription::Make(*source, std::move(options)));

  std::error_code error;
  const bool folder = several || std::filesystem::is_directory(arguments.output, error);
  if (folder && format != Format::kNull) {
    std::filesystem::create_directories(arguments.output, error);
    if (error) {
      return Error(ErrorCode::kUnavailable, "cannot make the folder ", arguments.output, ": ",
                   error.message());
    }
  }
  std::vector<std::unique_ptr<RowsOutput>> outputs;
  for (size_t i = 0; i < requests.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(outputs.emplace_back(),
                          RowsOutput::Open(format, PathOf(arguments, requests[i], format, folder),
                                           subscription->schema(i)));
  }
  std::optional<int64_t> total;
  if (range.last && range.first != 0) total = int64_t{*range.last} - range.first + 1;
  ProgressBar progress("export", total, arguments.quiet);
  const auto copy = [&]() -> arrow::Status {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, subscription->Next());
      if (!batch) return arrow::Status::OK();
      progress.Clear();
      ARROW_RETURN_NOT_OK(outputs[batch->table]->Write(*batch->rows));
      progress.Update(subscription->counters().ledgers, subscription->counters().bytes_raw);
    }
  };
  const arrow::Status copied = copy();
  progress.Clear();
  if (anchor && copied.ok() &&
      (!subscription->first_ledger() || anchor->sequence < *subscription->first_ledger() ||
       anchor->sequence >= *subscription->next_ledger())) {
    spdlog::warn("the anchor's ledger {} is not in the range: nothing was held against it",
                 anchor->sequence);
  }
  // The rows before a fault are good; the exit code and the message say that they are not all.
  for (const auto& output : outputs) ARROW_RETURN_NOT_OK(output->Close());
  RowsSummary summary;
  summary.first = subscription->first_ledger();
  if (summary.first) summary.last = *subscription->next_ledger() - 1;
  summary.ledgers = subscription->counters().ledgers;
  for (size_t i = 0; i < requests.size(); ++i) {
    summary.rows.emplace_back(requests[i].table, outputs[i]->rows());
  }
  summary.bytes_raw = subscription->counters().bytes_raw;
  summary.bytes_compressed = subscription->counters().bytes_compressed;
  PrintSummary(summary, arguments, format, start);
  return copied;
}

}  // namespace stellar_arrow::cli

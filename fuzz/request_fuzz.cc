// Tickets, commands and paths, as clients send them. The first byte says which: 'p' is a path whose
// parts end with a line, anything else a ticket or command.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/request.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::fuzz {
namespace {

arrow::Result<stream::Request> Parse(std::string_view input) {
  const bool path = input.starts_with('p');
  input.remove_prefix(std::min<size_t>(input.size(), 1));
  if (!path) return stream::ParseRequest(input);
  std::vector<std::string> parts;
  while (!input.empty()) {
    const size_t end = std::min(input.find('\n'), input.size());
    parts.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return stream::ParseRequestPath(parts);
}

void Run(std::string_view input) {
  const auto parsed = Parse(input);
  if (!parsed.ok()) {
    const arrow::Status& status = parsed.status();
    Require(CodeOf(status) == ErrorCode::kInvalidArgument, "a request is refused as such",
            status.ToString());
    RequireReadable(status.message());
    return;
  }
  stream::Request request = *parsed;
  const auto table = tables::FindTable(request.table);
  Require(table.ok(), "the table is known", request.table);
  Require((*table)->Schema({.columns = request.columns}).ok(), "the columns are known");
  Require(request.endpoints >= 1, "there is an endpoint");
  Require(request.start_at != stream::StartAt::kSequence || request.start != 0,
          "a start has a number");
  Require(!request.end || (request.start_at != stream::StartAt::kNewest && *request.end != 0 &&
                           *request.end >= request.start),
          "an end follows a start");
  const std::string ticket = stream::ToTicket(request);
  const auto again = stream::ParseRequest(ticket);
  Require(again.ok(), "a ticket of ours is read", ticket + ": " + again.status().ToString());
  request.endpoints = 1;  // a ticket is for one
  Require(*again == request, "a ticket says what the request said", ticket);
}

}  // namespace
}  // namespace stellar_arrow::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stellar_arrow::fuzz::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

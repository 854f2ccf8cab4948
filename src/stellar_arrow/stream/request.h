// What a client asks for: table, range, columns, and where to go on from. Reads the ticket grammar;
// knows no transport.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/base/range.h"
#include "stellar_arrow/stream/compression.h"
#include "stellar_arrow/stream/cursor.h"

namespace stellar_arrow::stream {

// A ticket, or the parts of a path together. All columns of a table by name take half of it.
inline constexpr size_t kMaxRequestBytes = 4096;

// Where a request begins.
enum class StartAt {
  kNewest,    // "T": the source's newest ledger
  kFirst,     // "T:0": the source's first ledger
  kSequence,  // "T:S"
};

struct Request {
  std::string table;
  StartAt start_at = StartAt::kNewest;
  uint32_t start = 0;                // for kSequence
  std::optional<uint32_t> end;       // included; absent = open
  std::vector<std::string> columns;  // empty = all
  uint32_t endpoints = 1;            // ranges that GetFlightInfo should split a closed range into
  std::optional<Compression> compression;  // absent: not said
  std::optional<Cursor> cursor;            // of an earlier stream, to go on after

  friend bool operator==(const Request&, const Request&) = default;
};

// Reads "T", "T:S", "T:S:", "T:S:0", "T:S:E", or a JSON object
// {"table":…,"start":…,"end":…,"columns":[…],"endpoints":n,"compression":…,"cursor":{…}}. Errors:
// INVALID_ARGUMENT that names the field and the grammar; an unknown table lists the tables, an
// unknown column the columns; more than kMaxRequestBytes are not read. Whether the cursor fits the
// rest is judged by ResolveRange().
arrow::Result<Request> ParseRequest(std::string_view text);

// Reads a descriptor path: ["T"], ["T:S:E"], ["T","S"] or ["T","S","E"].
arrow::Result<Request> ParseRequestPath(std::span<const std::string> path);

// The ticket for `request`; ParseRequest reads it back.
std::string ToTicket(const Request& request);

}  // namespace stellar_arrow::stream

#include "stellar_arrow/stream/request.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/strict_json.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::stream {
namespace {

constexpr std::string_view kGrammar =
    "a request is TABLE, TABLE:START or TABLE:START:END with decimal ledger numbers (START 0 = the "
    "first ledger there is, END 0 or none = open), or a JSON object with table, start, end, "
    "columns, endpoints, compression, cursor";

// More ranges than a client can make use of would only be work for the server.
constexpr uint32_t kMaxEndpoints = 1024;

template <typename... Parts>
arrow::Status Refuse(const Parts&... parts) {
  return Error(ErrorCode::kInvalidArgument, parts..., "; ", kGrammar);
}

arrow::Status CheckSize(size_t bytes) {
  if (bytes <= kMaxRequestBytes) return arrow::Status::OK();
  return Refuse("the request has ", bytes, " bytes; at most ", kMaxRequestBytes, " are read");
}

arrow::Result<uint32_t> ParseNumber(std::string_view field, std::string_view text) {
  const bool digits =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!digits || error != std::errc() || end != text.data() + text.size()) {
    return Refuse(field, " ", Quoted(text), " is not a decimal number from 0 to 4294967295");
  }
  return value;
}

// Holds the parts against each other and the catalog.
arrow::Result<Request> Check(Request request) {
  ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(request.table));
  ARROW_RETURN_NOT_OK(table->Schema({request.columns}).status());
  if (request.start_at == StartAt::kNewest && request.end) {
    return Refuse("there is an end but no start");
  }
  if (request.cursor && request.endpoints > 1) {
    return Refuse("a cursor is of one stream; there are ", request.endpoints, " endpoints");
  }
  if (request.start_at == StartAt::kSequence && request.end && *request.end < request.start) {
    return Refuse("the end ", *request.end, " lies before the start ", request.start);
  }
  return request;
}

void SetStart(uint32_t start, Request* request) {
  request->start_at = start == 0 ? StartAt::kFirst : StartAt::kSequence;
  request->start = start;
}

void SetEnd(uint32_t end, Request* request) {
  if (end != 0) request->end = end;
}

// The parts between the colons of a ticket.
arrow::Result<Request> FromParts(std::span<const std::string_view> parts) {
  Request request;
  request.table = parts[0];
  if (request.table.empty()) return Refuse("the table is missing");
  ARROW_RETURN_NOT_OK(tables::FindTable(request.table).status());
  if (parts.size() > 3) return Refuse("there are ", parts.size(), " parts, the most is 3");
  if (parts.size() > 1) {
    if (parts[1].empty()) return Refuse("the start is empty");
    ARROW_ASSIGN_OR_RAISE(const uint32_t start, ParseNumber("start", parts[1]));
    SetStart(start, &request);
  }
  if (parts.size() > 2 && !parts[2].empty()) {
    ARROW_ASSIGN_OR_RAISE(const uint32_t end, ParseNumber("end", parts[2]));
    SetEnd(end, &request);
  }
  return Check(std::move(request));
}

arrow::Result<Request> FromJson(std::string_view text) {
  using json = nlohmann::ordered_json;
  const auto parsed = ParseObject(text);
  if (!parsed.ok()) return Refuse(parsed.status().message());
  const json& object = *parsed;
  const auto number = [&](const std::string& field, const json& value) -> arrow::Result<uint32_t> {
    if (!value.is_number_unsigned() || value > std::numeric_limits<uint32_t>::max()) {
      return Refuse(field, " is not a whole number from 0 to 4294967295");
    }
    return value.get<uint32_t>();
  };
  Request request;
  for (const auto& [field, value] : object.items()) {
    if (field == "table") {
      if (!value.is_string()) return Refuse("table is not a string");
      request.table = value.get<std::string>();
    } else if (field == "start") {
      ARROW_ASSIGN_OR_RAISE(const uint32_t start, number(field, value));
      SetStart(start, &request);
    } else if (field == "end") {
      ARROW_ASSIGN_OR_RAISE(const uint32_t end, number(field, value));
      SetEnd(end, &request);
    } else if (field == "endpoints") {
      ARROW_ASSIGN_OR_RAISE(request.endpoints, number(field, value));
      if (request.endpoints == 0 || request.endpoints > kMaxEndpoints) {
        return Refuse("endpoints is not a number from 1 to ", kMaxEndpoints);
      }
    } else if (field == "columns") {
      const bool strings = value.is_array() && std::ranges::all_of(value, [](const json& element) {
                             return element.is_string();
                           });
      if (!strings || value.empty()) return Refuse("columns is not a list of names");
      request.columns = value.get<std::vector<std::string>>();
    } else if (field == "compression") {
      if (!value.is_string()) return Refuse("compression is not a string");
      auto compression = ParseCompression(value.get<std::string>());
      if (!compression.ok()) return Refuse(compression.status().message());
      request.compression = *compression;
    } else if (field == "cursor") {
      auto cursor = CursorOf(value);
      if (!cursor.ok()) return Refuse(cursor.status().message());
      request.cursor = *std::move(cursor);
    } else {
      return Refuse("unknown field ", Quoted(field));
    }
  }
  if (request.table.empty()) return Refuse("the table is missing");
  return Check(std::move(request));
}

}  // namespace

arrow::Result<Request> ParseRequest(std::string_view text) {
  ARROW_RETURN_NOT_OK(CheckSize(text.size()));
  if (text.empty()) return Refuse("the request is empty");
  if (text.front() == '{') return FromJson(text);
  std::vector<std::string_view> parts;
  while (true) {
    const size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  return FromParts(parts);
}

arrow::Result<Request> ParseRequestPath(std::span<const std::string> path) {
  if (path.size() == 1) return ParseRequest(path[0]);
  if (path.size() != 2 && path.size() != 3) {
    return Refuse("a descriptor's path of ", path.size(),
                  " parts; it can be [TABLE], [TABLE:START:END], [TABLE, START] or [TABLE, START, "
                  "END]");
  }
  size_t bytes = 0;
  for (const std::string& part : path) bytes += part.size();
  ARROW_RETURN_NOT_OK(CheckSize(bytes));
  const std::vector<std::string_view> parts(path.begin(), path.end());
  return FromParts(parts);
}

std::string ToTicket(const Request& request) {
  if (!request.columns.empty() || request.compression || request.cursor) {
    nlohmann::ordered_json json = {{"table", request.table}};
    if (request.start_at != StartAt::kNewest) json["start"] = request.start;
    if (request.end) json["end"] = *request.end;
    if (!request.columns.empty()) json["columns"] = request.columns;
    if (request.compression) json["compression"] = CompressionName(*request.compression);
    if (request.cursor) json["cursor"] = ToJsonObject(*request.cursor);
    return json.dump();
  }
  std::string ticket = request.table;
  if (request.start_at != StartAt::kNewest) ticket += ":" + std::to_string(request.start);
  if (request.end) ticket += ":" + std::to_string(*request.end);
  return ticket;
}

}  // namespace stellar_arrow::stream

// A named place in a stream, and the text of the file that keeps it. Knows no file system.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "stellar_arrow/stream/cursor.h"

namespace stellar_arrow::checkpoint {

struct Checkpoint {
  std::string id;
  // The range that was asked for.
  uint32_t start = 0;
  std::optional<uint32_t> end;  // absent: open
  stream::Cursor cursor;        // has a `last`
  int64_t bytes = 0;            // of batches that were sent
  bool acknowledged = false;    // by a client that has the rows; else the server's guess
  std::string time;             // when it was made: "2026-11-26T11:00:00Z"
  std::string request;          // in words, for people
};

// 1 to 64 of A-Z, a-z, 0-9, '_', '.', '-', and not dots alone: what can be part of a file's name
// anywhere. Errors: INVALID_ARGUMENT.
arrow::Result<std::string> ParseId(std::string_view text);

// Whether the places of both can be of one stream, or of streams that follow each other. Errors:
// FAILED_PRECONDITION where `cursor` is of another table or network.
arrow::Status CheckSame(const Checkpoint& checkpoint, const stream::Cursor& cursor);

// The file's content, or its object: the fields of docs/checkpoints.md in their order.
std::string ToText(const Checkpoint& checkpoint);
nlohmann::ordered_json ToJsonObject(const Checkpoint& checkpoint);

// Reads what ToText() wrote, to the byte. Errors: FAILED_PRECONDITION that says why it is not that:
// torn or changed, of another program, of a newer version, or of another id than `id`.
arrow::Result<Checkpoint> ParseCheckpoint(std::string_view text, std::string_view id);

}  // namespace stellar_arrow::checkpoint

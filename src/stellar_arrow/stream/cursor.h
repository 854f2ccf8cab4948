// Where a stream stands after a batch, as its client keeps it and comes back with it. Every batch
// carries its cursor; docs/cursor.md tells clients what it says. Knows no transport.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "stellar_arrow/ledger/sha256.h"

namespace stellar_arrow::stream {

// What changes from batch to batch.
struct Position {
  uint32_t first = 0;  // the ledger after the `last` of the batch before
  // The last ledger of which all rows are in. Absent: not even the stream's first one is complete.
  std::optional<uint32_t> last;
  ledger::Hash256 last_hash{};  // its hash, as the ledger states it
  int64_t rows = 0;             // of all ledgers so far, to `last`
  ledger::Hash256 digest{};     // over the same

  // Goes on by a complete ledger with `rows` rows: digest = SHA-256(digest, sequence, hash, rows),
  // the numbers as 4 and 8 bytes, big-endian.
  void Add(uint32_t ledger, const ledger::Hash256& hash, int64_t rows, ledger::Sha256& sha);

  friend bool operator==(const Position&, const Position&) = default;
};

struct Cursor {
  std::optional<ledger::Hash256> network;  // its id; absent where it is not known
  std::string table;
  std::string schema;  // version
  Position at;

  // The ledger that comes next.
  uint32_t next() const { return at.last ? *at.last + 1 : at.first; }

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// One JSON object, with the fields of docs/cursor.md in their order.
std::string ToJson(const Cursor& cursor);
nlohmann::ordered_json ToJsonObject(const Cursor& cursor);

// Reads what ToJson() wrote. Errors: INVALID_ARGUMENT that names the field; a version that is not
// ours, and fields that are not known or not there.
arrow::Result<Cursor> ParseCursor(std::string_view text);
arrow::Result<Cursor> CursorOf(const nlohmann::ordered_json& object);

}  // namespace stellar_arrow::stream

#include "stellar_arrow/checkpoint/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/strict_json.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::checkpoint {
namespace {

using nlohmann::ordered_json;

constexpr uint64_t kFormat = 1;
constexpr size_t kMostIdBytes = 64;

template <typename... Parts>
arrow::Status Refuse(const Parts&... parts) {
  return Error(ErrorCode::kFailedPrecondition, parts...);
}

// All but the checksum.
ordered_json Fields(const Checkpoint& checkpoint) {
  ordered_json json = stream::ToJsonObject(checkpoint.cursor);
  const uint32_t last = checkpoint.cursor.at.last.value_or(0);
  return {{"stream_id", checkpoint.id},
          {"start_ledger", checkpoint.start},
          {"end_ledger", checkpoint.end.value_or(0)},
          {"last_processed", last},
          {"processed_count", last < checkpoint.start ? 0 : int64_t{last} - checkpoint.start + 1},
          {"bytes_processed", checkpoint.bytes},
          {"last_checkpoint", checkpoint.time},
          {"metadata", {{"request", checkpoint.request}}},
          {"format", kFormat},
          {"network", json["network"]},
          {"table", json["table"]},
          {"schema", json["schema"]},
          {"last_hash", json["last_hash"]},
          {"rows", json["rows"]},
          {"digest", json["digest"]},
          {"acknowledged", checkpoint.acknowledged}};
}

// What the fields say. Throws where one is missing or of another type.
arrow::Result<Checkpoint> FromFields(const ordered_json& json) {
  Checkpoint checkpoint;
  json.at("stream_id").get_to(checkpoint.id);
  json.at("start_ledger").get_to(checkpoint.start);
  if (const auto end = json.at("end_ledger").get<uint32_t>(); end != 0) checkpoint.end = end;
  json.at("bytes_processed").get_to(checkpoint.bytes);
  json.at("last_checkpoint").get_to(checkpoint.time);
  json.at("metadata").at("request").get_to(checkpoint.request);
  json.at("acknowledged").get_to(checkpoint.acknowledged);
  const auto last = json.at("last_processed").get<uint32_t>();
  const uint32_t next = last + (last < UINT32_MAX ? 1 : 0);
  ordered_json cursor = {{"v", 1}, {"first", next}, {"last", last}};
  for (const char* field : {"network", "table", "schema", "last_hash", "rows", "digest"}) {
    cursor[field] = json.at(field);
  }
  auto parsed = stream::CursorOf(cursor);
  if (!parsed.ok()) return Refuse("it is torn or was changed: ", parsed.status().message());
  checkpoint.cursor = *std::move(parsed);
  return checkpoint;
}

}  // namespace

arrow::Status CheckSame(const Checkpoint& checkpoint, const stream::Cursor& cursor) {
  const stream::Cursor& known = checkpoint.cursor;
  const auto refuse = [&](std::string_view what, const auto& kept, const auto& wanted) {
    return Refuse("the checkpoint ", Quoted(checkpoint.id), " is of the ", what, " ", kept,
                  ", not of ", wanted, "; take another name, or remove the checkpoint");
  };
  if (known.table != cursor.table) return refuse("table", known.table, Quoted(cursor.table));
  if (known.network && cursor.network && *known.network != *cursor.network) {
    return refuse("network with the id", text::EncodeHex(*known.network),
                  text::EncodeHex(*cursor.network));
  }
  return arrow::Status::OK();
}

arrow::Result<std::string> ParseId(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  if (text.empty() || text.size() > kMostIdBytes || !std::ranges::all_of(text, allowed) ||
      text.find_first_not_of('.') == std::string_view::npos) {
    return Error(ErrorCode::kInvalidArgument, "the checkpoint's name ", Quoted(text),
                 " is not 1 to ", kMostIdBytes,
                 " of the characters A-Z, a-z, 0-9, '_', '.' and '-', with one that is no dot");
  }
  return std::string(text);
}

ordered_json ToJsonObject(const Checkpoint& checkpoint) {
  ordered_json json = Fields(checkpoint);
  const std::string text = json.dump();
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  json["checksum"] = text::EncodeHex(ledger::Sha256Of({bytes, text.size()}));
  return json;
}

std::string ToText(const Checkpoint& checkpoint) { return ToJsonObject(checkpoint).dump(2) + "\n"; }

arrow::Result<Checkpoint> ParseCheckpoint(std::string_view text, std::string_view id) {
  const auto json = stream::ParseObject(text);
  if (!json.ok()) return Refuse("it is torn, or no checkpoint: ", json.status().message());
  const auto format = json->find("format");
  if (format == json->end()) return Refuse("it is not of this program: it has no format");
  if (format->is_number_unsigned() && format->get<uint64_t>() > kFormat) {
    return Refuse("it has the format ", format->get<uint64_t>(), ", which is newer than ", kFormat,
                  ", the newest that is known here: use the newer release");
  }
  Checkpoint checkpoint;
  try {
    ARROW_ASSIGN_OR_RAISE(checkpoint, FromFields(*json));
  } catch (const ordered_json::exception& error) {
    return Refuse("it is torn or was changed: ", error.what());
  }
  // Every byte of it, the checksum among them.
  if (ToText(checkpoint) != text)
    return Refuse("it is torn or was changed: its checksum is not right");
  if (checkpoint.id != id) {
    return Refuse("it is the checkpoint ", Quoted(checkpoint.id), ", not ", Quoted(id));
  }
  return checkpoint;
}

}  // namespace stellar_arrow::checkpoint

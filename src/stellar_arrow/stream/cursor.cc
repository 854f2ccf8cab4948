#include "stellar_arrow/stream/cursor.h"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/strict_json.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::stream {
namespace {

using ledger::Hash256;
using nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr size_t kMostNameBytes = 64;  // of a table or a version

template <typename... Parts>
arrow::Status Refuse(const Parts&... parts) {
  return Error(ErrorCode::kInvalidArgument, "the cursor's ", parts...,
               "; send a batch's app_metadata back as it came");
}

template <typename Integer>
std::array<uint8_t, sizeof(Integer)> BigEndian(Integer value) {
  std::array<uint8_t, sizeof(Integer)> bytes;
  for (size_t i = bytes.size(); i-- > 0; value >>= 8) bytes[i] = static_cast<uint8_t>(value);
  return bytes;
}

// Takes the fields out of an object one by one, so that those that nobody asked for remain.
class Fields {
 public:
  explicit Fields(const ordered_json& object) : object_(object) {}

  arrow::Result<const ordered_json*> Get(const char* field) {
    const auto found = object_.find(field);
    if (found == object_.end()) return Refuse("field ", field, " is missing");
    ++taken_;
    return &*found;
  }
  arrow::Result<uint64_t> Number(const char* field, uint64_t max) {
    ARROW_ASSIGN_OR_RAISE(const ordered_json* value, Get(field));
    const bool negative =
        !value->is_number_integer() || (!value->is_number_unsigned() && value->get<int64_t>() < 0);
    if (negative || value->get<uint64_t>() > max) {
      return Refuse(field, " is not a whole number from 0 to ", max);
    }
    return value->get<uint64_t>();
  }
  arrow::Result<std::string> Text(const char* field) {
    ARROW_ASSIGN_OR_RAISE(const ordered_json* value, Get(field));
    if (!value->is_string() || value->get_ref<const std::string&>().size() > kMostNameBytes) {
      return Refuse(field, " is not a string of at most ", kMostNameBytes, " bytes");
    }
    return value->get<std::string>();
  }
  arrow::Result<Hash256> Hash(const char* field) {
    ARROW_ASSIGN_OR_RAISE(const ordered_json* value, Get(field));
    Hash256 hash;
    if (!value->is_string() || !text::DecodeHex(value->get_ref<const std::string&>(), hash)) {
      return Refuse(field, " is not 64 hex digits");
    }
    return hash;
  }
  // Whether a field is there and null; one that is not there is missed by whoever reads it.
  bool IsNull(const char* field) const {
    const auto found = object_.find(field);
    return found != object_.end() && found->is_null();
  }
  arrow::Status End() const {
    return taken_ == object_.size() ? arrow::Status::OK() : Refuse("fields are not all known");
  }

 private:
  const ordered_json& object_;
  size_t taken_ = 0;
};

}  // namespace

void Position::Add(uint32_t ledger, const Hash256& hash, int64_t ledger_rows, ledger::Sha256& sha) {
  sha.Update(digest);
  sha.Update(BigEndian(ledger));
  sha.Update(hash);
  sha.Update(BigEndian(static_cast<uint64_t>(ledger_rows)));
  digest = sha.Finish();
  last = ledger;
  last_hash = hash;
  rows += ledger_rows;
}

ordered_json ToJsonObject(const Cursor& cursor) {
  ordered_json json;
  json["v"] = kVersion;
  json["network"] = nullptr;
  if (cursor.network) json["network"] = text::EncodeHex(*cursor.network);
  json["table"] = cursor.table;
  json["schema"] = cursor.schema;
  json["first"] = cursor.at.first;
  json["last"] = nullptr;
  json["last_hash"] = nullptr;
  if (cursor.at.last) {
    json["last"] = *cursor.at.last;
    json["last_hash"] = text::EncodeHex(cursor.at.last_hash);
  }
  json["rows"] = cursor.at.rows;
  json["digest"] = text::EncodeHex(cursor.at.digest);
  return json;
}

std::string ToJson(const Cursor& cursor) { return ToJsonObject(cursor).dump(); }

arrow::Result<Cursor> CursorOf(const ordered_json& object) {
  constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max();
  if (!object.is_object()) {
    return Error(ErrorCode::kInvalidArgument, "the cursor is not a JSON object");
  }
  Fields fields(object);
  ARROW_ASSIGN_OR_RAISE(const uint64_t version, fields.Number("v", kMost));
  if (version != kVersion) {
    return Refuse("version is ", version, ", which a server of another version wrote; known is ",
                  kVersion);
  }
  Cursor cursor;
  if (fields.IsNull("network")) {
    ARROW_RETURN_NOT_OK(fields.Get("network"));
  } else {
    ARROW_ASSIGN_OR_RAISE(cursor.network, fields.Hash("network"));
  }
  ARROW_ASSIGN_OR_RAISE(cursor.table, fields.Text("table"));
  ARROW_ASSIGN_OR_RAISE(cursor.schema, fields.Text("schema"));
  ARROW_ASSIGN_OR_RAISE(const uint64_t first, fields.Number("first", kMost));
  cursor.at.first = static_cast<uint32_t>(first);
  if (fields.IsNull("last")) {
    ARROW_RETURN_NOT_OK(fields.Get("last"));
    ARROW_RETURN_NOT_OK(fields.Get("last_hash"));
    if (!fields.IsNull("last_hash")) return Refuse("last is null, but last_hash is not");
  } else {
    // There is a ledger after it.
    ARROW_ASSIGN_OR_RAISE(const uint64_t last, fields.Number("last", kMost - 1));
    cursor.at.last = static_cast<uint32_t>(last);
    ARROW_ASSIGN_OR_RAISE(cursor.at.last_hash, fields.Hash("last_hash"));
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t rows,
                        fields.Number("rows", std::numeric_limits<int64_t>::max()));
  cursor.at.rows = static_cast<int64_t>(rows);
  ARROW_ASSIGN_OR_RAISE(cursor.at.digest, fields.Hash("digest"));
  ARROW_RETURN_NOT_OK(fields.End());
  if (cursor.next() == 0) return Refuse("first is 0, which is no ledger");
  return cursor;
}

arrow::Result<Cursor> ParseCursor(std::string_view text) {
  const auto object = ParseObject(text);
  if (!object.ok()) return WithContext(object.status(), "the cursor");
  return CursorOf(*object);
}

}  // namespace stellar_arrow::stream

#include "stellar_arrow/stream/strict_json.h"

#include <set>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::stream {

using nlohmann::ordered_json;

arrow::Result<ordered_json> ParseObject(std::string_view text) {
  std::vector<std::set<std::string>> open;  // the keys of the objects that have not ended
  bool repeated = false;
  const auto watch = [&](int, ordered_json::parse_event_t event, ordered_json& parsed) {
    if (event == ordered_json::parse_event_t::object_start) {
      open.emplace_back();
    } else if (event == ordered_json::parse_event_t::object_end) {
      open.pop_back();
    } else if (event == ordered_json::parse_event_t::key) {
      repeated |= !open.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  ordered_json object = ordered_json::parse(text, watch, /*allow_exceptions=*/false);
  // The parser takes a NUL for the end of its text.
  if (text.find('\0') != std::string_view::npos || !object.is_object()) {
    return Error(ErrorCode::kInvalidArgument, Quoted(text), " is not a JSON object");
  }
  if (repeated) return Error(ErrorCode::kInvalidArgument, "a field is there twice");
  return object;
}

}  // namespace stellar_arrow::stream

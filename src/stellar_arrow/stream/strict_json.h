// JSON objects as clients send them: one object, and no key twice. Knows no field.
#pragma once

#include <arrow/result.h>

#include <nlohmann/json.hpp>
#include <string_view>

namespace stellar_arrow::stream {

// Reads an object; its keys keep their order. Errors: INVALID_ARGUMENT that says why not. A key
// that is there twice is refused: which one would count?
arrow::Result<nlohmann::ordered_json> ParseObject(std::string_view text);

}  // namespace stellar_arrow::stream

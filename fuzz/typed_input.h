// The input of the targets that take XDR: a line, then a value's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::fuzz {

// What is longer is cut off: more bytes find nothing that fewer would not.
inline constexpr size_t kMaxInputBytes = size_t{1} << 20;

struct TypedInput {
  std::string head;           // the first line, without its end
  std::vector<uint8_t> wire;  // what follows it
};

// What the head "TYPE" or "TYPE PATH" names.
struct Subject {
  size_t index = 0;       // of AllTypes()
  std::string_view path;  // of the head's text

  const xdr::TypeInfo& type() const { return *xdr::AllTypes()[index]; }
};

// Absent where there is no such type.
std::optional<Subject> SubjectOf(std::string_view head);

// Reads `input`, which may be one zstd frame: corpora are kept so.
TypedInput ReadInput(xdr::Bytes input);

// The input of `head` and `wire`, zipped where that is shorter; nullopt if it would take more than
// `max_size` bytes.
std::optional<std::vector<uint8_t>> FormatInput(std::string_view head, xdr::Bytes wire,
                                                size_t max_size);

}  // namespace stellar_arrow::fuzz

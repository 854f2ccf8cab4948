// Text of arbitrary bytes: Arrow's utf8 columns must hold valid UTF-8, whatever the protocol
// allows.
#pragma once

#include <string>
#include <string_view>

namespace stellar_arrow::text {

// `bytes` as valid UTF-8: themselves where they are, else a copy in `*scratch` with one U+FFFD for
// each maximal part of an ill-formed sequence (as the Unicode standard recommends, and Python and
// Rust do). Valid while both are.
std::string_view ValidUtf8(std::string_view bytes, std::string* scratch);

}  // namespace stellar_arrow::text

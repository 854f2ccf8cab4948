// Bytes as hex digits and back. Standard library only; the lowest folder of all.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace stellar_arrow::text {

// Lower-case digits, two a byte.
std::string EncodeHex(std::span<const uint8_t> bytes);
void AppendHex(std::span<const uint8_t> bytes, std::string& out);
// Writes them at `at`; returns their end.
char* WriteHex(std::span<const uint8_t> bytes, char* at);

// Reads exactly 2 * out.size() digits of either case. False, with `out` unspecified, if there are
// more or fewer, or another character.
bool DecodeHex(std::string_view digits, std::span<uint8_t> out);

}  // namespace stellar_arrow::text

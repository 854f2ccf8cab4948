#include "stellar_arrow/text/hex.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace stellar_arrow::text {
namespace {

// The two digits of each byte.
constexpr auto kDigitPairs = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return pairs;
}();

int DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

char* WriteHex(std::span<const uint8_t> bytes, char* at) {
  for (const uint8_t byte : bytes) {
    std::memcpy(at, kDigitPairs[byte].data(), 2);
    at += 2;
  }
  return at;
}

void AppendHex(std::span<const uint8_t> bytes, std::string& out) {
  const size_t begin = out.size();
  out.resize(begin + 2 * bytes.size());
  WriteHex(bytes, out.data() + begin);
}

std::string EncodeHex(std::span<const uint8_t> bytes) {
  std::string out;
  AppendHex(bytes, out);
  return out;
}

bool DecodeHex(std::string_view digits, std::span<uint8_t> out) {
  if (digits.size() != 2 * out.size()) return false;
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = DigitValue(digits[2 * i]);
    const int low = DigitValue(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace stellar_arrow::text

#include "stellar_arrow/text/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stellar_arrow::text {
namespace {

struct Sequence {
  size_t length = 1;  // bytes that belong together
  bool valid = false;
};

// The sequence that `bytes`, which are not empty, begin with: a letter, or as much of one as is
// well-formed, which is at least one byte.
Sequence First(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {1, true};
  size_t length = 0;
  // What the second byte may be depends on the first: no overlong forms, no surrogates, nothing
  // above U+10FFFF.
  uint8_t low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (size_t i = 1; i < length; ++i) {
    if (i == bytes.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

// How many bytes at the start of `bytes` are known to be ASCII.
size_t PlainPrefix(std::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  size_t size = 0;
  for (uint64_t word; size + sizeof word <= bytes.size(); size += sizeof word) {
    std::memcpy(&word, bytes.data() + size, sizeof word);
    if ((word & kHighBits) != 0) break;
  }
  return size;
}

}  // namespace

std::string_view ValidUtf8(std::string_view bytes, std::string* scratch) {
  size_t valid = PlainPrefix(bytes);
  while (valid < bytes.size()) {
    const Sequence sequence = First(bytes.substr(valid));
    if (!sequence.valid) break;
    valid += sequence.length;
  }
  if (valid == bytes.size()) return bytes;
  scratch->assign(bytes.substr(0, valid));
  for (size_t i = valid; i < bytes.size();) {
    const Sequence sequence = First(bytes.substr(i));
    scratch->append(sequence.valid ? bytes.substr(i, sequence.length)
                                   : std::string_view("\xEF\xBF\xBD"));
    i += sequence.length;
  }
  return *scratch;
}

}  // namespace stellar_arrow::text

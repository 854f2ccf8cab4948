#include "stellar_arrow/tables/json_object.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "stellar_arrow/text/utf8.h"

namespace stellar_arrow::tables {
namespace {

template <typename Number>
void AppendDecimal(Number value, std::string* out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

}  // namespace

void AppendJsonString(std::string_view bytes, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string scratch;  // filled for ill-formed bytes only
  const std::string_view text = text::ValidUtf8(bytes, &scratch);
  *out += '"';
  size_t plain = 0;  // where what needs no escape begins
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text, plain, i - plain);
    plain = i + 1;
    if (c < 0x20) {
      *out += "\\u00";
      *out += kDigits[c >> 4];
      *out += kDigits[c & 15];
    } else {
      *out += '\\';
      *out += text[i];
    }
  }
  out->append(text, plain, text.size() - plain);
  *out += '"';
}

void AppendJsonNumber(int64_t value, std::string* out) { AppendDecimal(value, out); }
void AppendJsonNumber(uint64_t value, std::string* out) { AppendDecimal(value, out); }

void JsonObject::Clear() {
  members_.clear();
  sorted_ = true;
  size_ = 0;
  value_.clear();
}

// Puts the members into the order of their keys.
void JsonObject::Sort() {
  std::vector<std::pair<JsonKey::Place, std::string>> sorted;
  for (size_t i = 0; i < members_.size(); ++i) {
    const size_t begin = members_[i].begin;
    const size_t end = i + 1 < members_.size() ? members_[i + 1].begin - 1 : size_;
    sorted.emplace_back(members_[i].key, text_.substr(begin, end - begin));
  }
  std::ranges::sort(sorted, {}, [](const auto& member) { return member.first.text; });
  char* at = text_.data();
  for (const auto& [key, member] : sorted) {
    *at = at == text_.data() ? '{' : ',';
    at = Copy(member, at + 1);
  }
}

std::string_view JsonObject::Text() {
  FlushValue();
  if (members_.empty()) return "{}";
  if (!std::exchange(sorted_, true)) Sort();
  *Room(1) = '}';
  return {text_.data(), size_ + 1};
}

}  // namespace stellar_arrow::tables

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
  values_.clear();
}

std::string* JsonObject::Value(std::string_view key) {
  if (!members_.empty()) members_.back().end = values_.size();
  members_.push_back({key, values_.size(), 0});
  return &values_;
}

std::string_view JsonObject::Text() {
  if (!members_.empty()) members_.back().end = values_.size();
  std::ranges::sort(members_, {}, &Member::key);
  text_ = '{';
  for (const Member& member : members_) {
    if (text_.size() != 1) text_ += ',';
    text_.append("\"").append(member.key).append("\":");
    text_.append(values_, member.begin, member.end - member.begin);
  }
  text_ += '}';
  return text_;
}

}  // namespace stellar_arrow::tables

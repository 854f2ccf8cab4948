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
  keys_hash_ = 0;
  values_.clear();
}

std::string* JsonObject::Value(JsonKey key) {
  members_.push_back({key, values_.size()});
  keys_hash_ = (keys_hash_ ^ reinterpret_cast<uintptr_t>(key.text().data())) * 0x9E3779B97F4A7C15u;
  return &values_;
}

const JsonObject::Shape& JsonObject::ShapeOfMembers() {
  Shape& shape = shapes_[keys_hash_];
  if (std::ranges::equal(shape.keys, members_, {}, {}, &Member::key)) return shape;
  shape = {};
  for (size_t i = 0; i < members_.size(); ++i) {
    shape.keys.push_back(members_[i].key);
    shape.order.push_back(i);
  }
  std::ranges::sort(shape.order, {}, [&](size_t i) { return shape.keys[i].text(); });
  for (const size_t i : shape.order) {
    std::string& lead = shape.leads.emplace_back(shape.leads.empty() ? "\"" : ",\"");
    lead.append(shape.keys[i].text()).append("\":");
  }
  return shape;
}

std::string_view JsonObject::Text() {
  const Shape& shape = ShapeOfMembers();
  text_ = '{';
  for (size_t place = 0; place < shape.order.size(); ++place) {
    const size_t i = shape.order[place];
    const size_t begin = members_[i].begin;
    const size_t end = i + 1 < members_.size() ? members_[i + 1].begin : values_.size();
    text_.append(shape.leads[place]).append(values_, begin, end - begin);
  }
  text_ += '}';
  return text_;
}

}  // namespace stellar_arrow::tables

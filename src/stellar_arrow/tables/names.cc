#include "stellar_arrow/tables/names.h"

#include <algorithm>

#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::tables {
namespace {

// ASCII only, whatever the locale.
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
char Lower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char Upper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

// A type's name as Go's code has it: of capitals in a row the first one stays, and the last one
// where a word begins with it, so that ExtendFootprintTTLResultCode is
// ExtendFootprintTtlResultCode.
std::string GoTypeName(std::string_view type) {
  std::string name;
  for (size_t i = 0; i < type.size(); ++i) {
    const bool inside = i != 0 && IsUpper(type[i - 1]);
    const bool word_begins = i + 1 < type.size() && IsLower(type[i + 1]);
    name += inside && !word_begins ? Lower(type[i]) : type[i];
  }
  return name;
}

std::string GoName(std::string_view type, std::string_view member) {
  std::string name = GoTypeName(type);
  bool word_begins = true;
  for (const char c : SnakeWords(member)) {
    if (c == '_') {
      word_begins = true;
    } else {
      name += word_begins ? Upper(c) : c;
      word_begins = false;
    }
  }
  return name;
}

}  // namespace

std::string SnakeWords(std::string_view member) {
  std::string words;
  for (size_t i = 0; i < member.size(); ++i) {
    if (i != 0 && IsUpper(member[i]) && IsLower(member[i - 1])) words += '_';
    words += Lower(member[i]);
  }
  return words;
}

EnumNames::EnumNames(std::string_view type, Style style) {
  const xdr::TypeInfo* const info = xdr::FindType(type);
  if (info == nullptr || info->members.empty()) return;
  const auto [least, most] = std::ranges::minmax(info->members, {}, &xdr::EnumMember::value);
  first_ = least.value;
  names_.resize(static_cast<size_t>(most.value - first_) + 1);
  for (const xdr::EnumMember& member : info->members) {
    names_[static_cast<size_t>(member.value - first_)] =
        style == Style::kSnake ? SnakeWords(member.name) : GoName(type, member.name);
  }
}

std::string_view EnumNames::operator[](int32_t value) const {
  const auto place = static_cast<uint64_t>(int64_t{value} - first_);
  return place < names_.size() ? std::string_view(names_[place]) : std::string_view();
}

}  // namespace stellar_arrow::tables

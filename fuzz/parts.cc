#include "fuzz/parts.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "stellar_arrow/xdr/runtime.h"
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::fuzz {
namespace {

using xdr::ArmInfo;
using xdr::Bytes;
using xdr::FieldInfo;
using xdr::Kind;
using xdr::TypeInfo;
using xdr::detail::Load32;
using xdr::detail::Load64;
using xdr::value::Writer;
using Buffer = std::vector<uint8_t>;

// Notes the value of `type` at `at` and all that it is made of; returns its end.
size_t Note(const TypeInfo& alias, const uint8_t* wire, size_t at, std::vector<PartAt>& parts) {
  const TypeInfo& type = Resolve(alias);
  const size_t index = parts.size();
  parts.push_back({&type, at, 0});
  size_t end = at;
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kUnsignedInt:
    case Kind::kBool:
    case Kind::kEnum:
      end += 4;
      break;
    case Kind::kHyper:
    case Kind::kUnsignedHyper:
      end += 8;
      break;
    case Kind::kOpaque:
      end += xdr::detail::PaddedSize(type.size);
      break;
    case Kind::kVarOpaque:
    case Kind::kString:
      end += 4 + xdr::detail::PaddedSize(Load32(wire + at));
      break;
    case Kind::kArray:
      for (uint32_t i = 0; i < type.size; ++i) end = Note(*type.element, wire, end, parts);
      break;
    case Kind::kVarArray: {
      end += 4;
      for (uint32_t left = Load32(wire + at); left != 0; --left) {
        end = Note(*type.element, wire, end, parts);
      }
      break;
    }
    case Kind::kOptional:
      end += 4;
      if (Load32(wire + at) != 0) end = Note(*type.element, wire, end, parts);
      break;
    case Kind::kStruct:
      for (const FieldInfo& field : type.fields) end = Note(*field.type, wire, end, parts);
      break;
    case Kind::kUnion: {
      const ArmInfo* arm = FindArm(type, static_cast<int32_t>(Load32(wire + at)));
      end += 4;
      if (arm->type != nullptr) end = Note(*arm->type, wire, end, parts);
      break;
    }
    case Kind::kAlias:
      break;  // resolved
  }
  parts[index].size = end - at;
  return end;
}

Bytes At(Bytes wire, const PartAt& part) { return wire.subspan(part.begin, part.size); }

Buffer Replaced(Bytes wire, const PartAt& part, const Buffer& by) {
  Buffer out(wire.begin(), wire.begin() + static_cast<ptrdiff_t>(part.begin));
  out.insert(out.end(), by.begin(), by.end());
  out.insert(out.end(), wire.begin() + static_cast<ptrdiff_t>(part.begin + part.size), wire.end());
  return out;
}

Buffer Word(uint32_t word) {
  Buffer out;
  Writer w(&out);
  w.Word(word);
  w.Done();
  return out;
}

// Texts that mean something somewhere: in events, as asset codes, to readers of text.
constexpr std::string_view kTexts[] = {"transfer",     "mint",           "burn",   "clawback",
                                       "fee",          "set_authorized", "native", "USDC",
                                       "USD",          "to_muxed_id",    "amount", "\xff\xfe",
                                       "\xf0\x9f",     "a\xcc\x81",      "\"\\",   "line\nbreak",
                                       "home.example", "\xed\xa0\x80",   "USD:GA", "core_metrics"};

}  // namespace

std::vector<PartAt> PartsOf(const TypeInfo& type, Bytes wire) {
  std::vector<PartAt> parts;
  Note(type, wire.data(), 0, parts);
  return parts;
}

Buffer PartMutator::Mutate(const TypeInfo& type, Bytes wire) {
  Buffer out(wire.begin(), wire.end());
  for (uint32_t left = 1 + Below(4); left != 0; --left) {
    const std::vector<PartAt> parts = PartsOf(type, out);
    const PartAt& part = Choose(parts);
    if (Below(4) == 0) {  // the place of one of the same type
      std::vector<const PartAt*> same;
      for (const PartAt& other : parts) {
        if (other.type == part.type && other.begin != part.begin) same.push_back(&other);
      }
      if (!same.empty()) {
        const Bytes found = At(out, *same[Below(same.size())]);
        out = Replaced(out, part, Buffer(found.begin(), found.end()));
        continue;
      }
    }
    out = Replaced(out, part, Changed(*part.type, At(out, part)));
  }
  return out;
}

Buffer PartMutator::Cross(const TypeInfo& type, Bytes wire, const TypeInfo& other_type,
                          Bytes other) {
  const std::vector<PartAt> parts = PartsOf(type, wire);
  const std::vector<PartAt> others = PartsOf(other_type, other);
  for (int tries = 20; tries != 0; --tries) {
    const PartAt& part = Choose(parts);
    if (part.begin == 0 && part.size == wire.size()) continue;
    std::vector<const PartAt*> same;
    for (const PartAt& candidate : others) {
      if (candidate.type == part.type) same.push_back(&candidate);
    }
    if (same.empty()) continue;
    const Bytes found = At(other, *same[Below(same.size())]);
    return Replaced(wire, part, Buffer(found.begin(), found.end()));
  }
  return Buffer(wire.begin(), wire.end());
}

// Any part, or one of any type: most parts are words of few types.
const PartAt& PartMutator::Choose(const std::vector<PartAt>& parts) {
  if (Below(2) == 0) return parts[Below(parts.size())];
  // By place, not by address, so that a seed gives the same on every run.
  std::vector<std::pair<const TypeInfo*, std::vector<const PartAt*>>> types;
  for (const PartAt& part : parts) {
    const auto found = std::ranges::find(types, part.type, [](const auto& t) { return t.first; });
    if (found == types.end()) {
      types.push_back({part.type, {&part}});
    } else {
      found->second.push_back(&part);
    }
  }
  const auto& chosen = types[Below(types.size())].second;
  return *chosen[Below(chosen.size())];
}

Buffer PartMutator::Changed(const TypeInfo& type, Bytes part) {
  Buffer out;
  Writer w(&out);
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kUnsignedInt:
      w.Word(static_cast<uint32_t>(EdgeWord(Load32(part.data()))));
      break;
    case Kind::kHyper:
    case Kind::kUnsignedHyper:
      w.Long(EdgeWord(Load64(part.data())));
      break;
    case Kind::kBool:
      w.Word(Load32(part.data()) ^ 1);
      break;
    case Kind::kEnum:
      w.Word(static_cast<uint32_t>(type.members[Below(type.members.size())].value));
      break;
    case Kind::kOpaque:
    case Kind::kVarOpaque:
    case Kind::kString:
      w.Done();
      return ChangedBytes(type, part);
    case Kind::kArray:
    case Kind::kVarArray:
      w.Done();
      return ChangedList(type, part);
    case Kind::kOptional: {
      const bool present = Load32(part.data()) != 0;
      w.Word(present ? 0 : 1);
      w.Done();
      if (present) return out;
      const Buffer value = values_.Value(*type.element);
      out.insert(out.end(), value.begin(), value.end());
      return out;
    }
    case Kind::kStruct:
    case Kind::kAlias:
      w.Done();
      return values_.Value(type);
    case Kind::kUnion: {
      w.Done();
      const auto cases = type.arms[Below(type.arms.size())].cases;
      return values_.UnionValue(type, cases[Below(cases.size())].value);
    }
  }
  w.Done();
  return out;
}

Buffer PartMutator::ChangedBytes(const TypeInfo& type, Bytes part) {
  const bool fixed = type.kind == Kind::kOpaque;
  const Bytes content = fixed ? part.first(type.size) : part.subspan(4, Load32(part.data()));
  Buffer bytes(content.begin(), content.end());
  constexpr uint32_t kMost = 80;  // bytes that a variable one becomes
  switch (Below(5)) {
    case 0:
      bytes.assign(fixed ? type.size : Below(std::min(type.size, kMost) + size_t{1}),
                   Below(2) == 0 ? 0 : 0xff);
      break;
    case 1:
      if (!bytes.empty()) bytes[Below(bytes.size())] = static_cast<uint8_t>(random_());
      break;
    case 2:
      if (!bytes.empty()) bytes.back() ^= static_cast<uint8_t>(1u << Below(8));
      break;
    default: {
      const std::string_view text = kTexts[Below(std::size(kTexts))];
      bytes.assign(text.begin(), text.end());
      break;
    }
  }
  if (fixed || bytes.size() > type.size) bytes.resize(type.size);
  Buffer out;
  Writer w(&out);
  if (fixed) {
    w.Fixed(bytes);
  } else {
    w.Opaque(bytes, type.size, "");
  }
  w.Done();
  return out;
}

Buffer PartMutator::ChangedList(const TypeInfo& type, Bytes part) {
  const bool fixed = type.kind == Kind::kArray;
  std::vector<Buffer> elements;
  Bytes rest = fixed ? part : part.subspan(4);
  for (uint32_t left = fixed ? type.size : Load32(part.data()); left != 0; --left) {
    const Bytes element = ValueAt(*type.element, rest);
    elements.emplace_back(element.begin(), element.end());
    rest = rest.subspan(element.size());
  }
  const auto any = [&] { return elements.begin() + Below(elements.size()); };
  switch (elements.empty() ? 0 : Below(fixed ? 2 : 6)) {
    case 0:
      if (fixed) {
        if (!elements.empty()) *any() = values_.Value(*type.element);
      } else {
        elements.insert(elements.begin() + Below(elements.size() + 1),
                        values_.Value(*type.element));
      }
      break;
    case 1:
      std::swap(*any(), *any());
      break;
    case 2:
    case 3:
      elements.erase(any());
      break;
    case 4: {
      const Buffer again = *any();
      elements.insert(any(), 1 + Below(3), again);
      break;
    }
    case 5:
      elements.resize(Below(elements.size()));
      break;
  }
  Buffer out;
  if (!fixed) {
    if (elements.size() > type.size) elements.resize(type.size);
    out = Word(static_cast<uint32_t>(elements.size()));
  }
  for (const Buffer& element : elements) out.insert(out.end(), element.begin(), element.end());
  return out;
}

uint64_t PartMutator::EdgeWord(uint64_t word) {
  constexpr uint64_t kEdges[] = {0,          1,          2,
                                 100,        0x7fffffff, 0x80000000,
                                 0xffffffff, INT64_MAX,  uint64_t{1} << 63,
                                 UINT64_MAX, 10'000'000, 253402300799 /* the year 9999 */};
  switch (Below(5)) {
    case 0:
      return word + 1;
    case 1:
      return word - 1;
    case 2:
      return word ^ uint64_t { 1 } << Below(64);
    default:
      return kEdges[Below(std::size(kEdges))];
  }
}

}  // namespace stellar_arrow::fuzz

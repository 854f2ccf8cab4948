#include "tests/support/random_xdr.h"

#include <algorithm>

namespace stellar_arrow::support {

using xdr::ArmInfo;
using xdr::FieldInfo;
using xdr::Kind;
using xdr::TypeInfo;
using xdr::value::Writer;
using Buffer = std::vector<uint8_t>;

namespace {

constexpr size_t kBudget = 600;  // bytes
constexpr int kNesting = 12;     // levels

}  // namespace

Buffer RandomXdr::Value(const TypeInfo& type) {
  Buffer wire;
  Writer w(&wire);
  out_ = &wire;
  Append(type, w, 0);
  w.Done();
  return wire;
}

Buffer RandomXdr::UnionValue(const TypeInfo& type, int32_t discriminant) {
  Buffer wire;
  Writer w(&wire);
  out_ = &wire;
  AppendUnion(type, discriminant, w, 0);
  w.Done();
  return wire;
}

uint32_t RandomXdr::Count(uint32_t limit, int level, uint32_t most) {
  if (out_->size() > kBudget || level > kNesting) return 0;
  return static_cast<uint32_t>(random_() % (std::min(limit, most) + uint64_t{1}));
}

Buffer RandomXdr::Random(uint32_t size) {
  Buffer bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_());
  return bytes;
}

void RandomXdr::AppendUnion(const TypeInfo& type, int32_t discriminant, Writer& w, int level) {
  w.Word(static_cast<uint32_t>(discriminant));
  const ArmInfo* arm = FindArm(type, discriminant);
  if (arm->type != nullptr) Append(*arm->type, w, level + 1);
}

void RandomXdr::Append(const TypeInfo& type, Writer& w, int level) {
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kUnsignedInt:
      return w.Word(static_cast<uint32_t>(random_()));
    case Kind::kHyper:
    case Kind::kUnsignedHyper:
      return w.Long(uint64_t{random_()} << 32 | random_());
    case Kind::kBool:
      return w.Word(random_() % 2);
    case Kind::kEnum:
      return w.Word(static_cast<uint32_t>(type.members[random_() % type.members.size()].value));
    case Kind::kOpaque:
      return w.Fixed(Random(type.size));
    case Kind::kVarOpaque:
    case Kind::kString:
      return w.Opaque(Random(Count(type.size, level, 70)), type.size, "");
    case Kind::kArray:
      for (uint32_t i = 0; i < type.size; ++i) Append(*type.element, w, level + 1);
      return;
    case Kind::kVarArray: {
      const uint32_t count = Count(type.size, level, 3);
      w.Word(count);
      for (uint32_t i = 0; i < count; ++i) Append(*type.element, w, level + 1);
      return;
    }
    case Kind::kOptional: {
      const uint32_t present = Count(1, level, 1);
      w.Word(present);
      if (present != 0) Append(*type.element, w, level + 1);
      return;
    }
    case Kind::kStruct:
      for (const FieldInfo& field : type.fields) Append(*field.type, w, level + 1);
      return;
    case Kind::kUnion: {
      // The first arm where it is getting deep: no type's first arm leads to itself.
      const size_t arms = level > kNesting ? 1 : type.arms.size();
      const auto cases = type.arms[random_() % arms].cases;
      return AppendUnion(type, cases[random_() % cases.size()].value, w, level);
    }
    case Kind::kAlias:
      return Append(*type.element, w, level);
  }
}

}  // namespace stellar_arrow::support

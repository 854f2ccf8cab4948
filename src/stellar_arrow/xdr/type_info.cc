// What the tables alone can do: find types, measure values, and check them slowly but with words.
#include "stellar_arrow/xdr/type_info.h"

#include <string>
#include <utility>

#include "stellar_arrow/xdr/runtime.h"

namespace stellar_arrow::xdr {
namespace {

// A check in progress. Methods return false once `error` is set; the path is put together while
// they return.
class Checker {
 public:
  explicit Checker(Bytes wire) : wire_(wire) {}

  size_t position() const { return position_; }
  CheckError& error() { return error_; }

  // A value of `type` whose levels of nesting, itself included, are `depth`.
  bool Value(const TypeInfo& type, uint32_t depth) {
    switch (type.kind) {
      case Kind::kInt:
      case Kind::kUnsignedInt:
        return Skip(4);
      case Kind::kHyper:
      case Kind::kUnsignedHyper:
        return Skip(8);
      case Kind::kBool: {
        uint32_t word = 0;
        return Word(&word) && Flag(word);
      }
      case Kind::kEnum:
        return Enum(type);
      case Kind::kOpaque:
        return Opaque(type.size);
      case Kind::kVarOpaque:
      case Kind::kString: {
        uint32_t length;
        return Length(type, /*least=*/1, &length) && Opaque(length);
      }
      case Kind::kArray:
        return Array(*type.element, type.size, depth);
      case Kind::kVarArray: {
        uint32_t count;
        return Length(type, /*least=*/4, &count) && Array(*type.element, count, depth);
      }
      case Kind::kOptional: {
        uint32_t present = 0;
        if (!Word(&present) || !Flag(present)) return false;
        return present == 0 || Value(*type.element, depth + 1);
      }
      case Kind::kAlias:
        return Value(*type.element, depth);
      case Kind::kStruct:
        if (!DepthIsFine(type, depth)) return false;
        for (const FieldInfo& field : type.fields) {
          if (!Value(*field.type, depth + 1)) return Within(field.name);
        }
        return true;
      case Kind::kUnion:
        return DepthIsFine(type, depth) && Union(type, depth);
    }
    return false;
  }

 private:
  size_t Left() const { return wire_.size() - position_; }

  bool Fail(CheckErrorCode code, std::string detail = {}) {
    error_ = {code, position_, {}, std::move(detail)};
    return false;
  }

  // Puts `part` ahead of the path of the error at hand.
  bool Within(std::string_view part) {
    std::string path(part);
    if (!error_.path.empty() && error_.path.front() != '[') path += '.';
    error_.path.insert(0, path);
    return false;
  }

  bool Skip(size_t size) {
    if (Left() < size) return Fail(CheckErrorCode::kTruncated);
    position_ += size;
    return true;
  }

  bool Word(uint32_t* word) {
    if (Left() < 4) return Fail(CheckErrorCode::kTruncated);
    *word = detail::Load32(wire_.data() + position_);
    position_ += 4;
    return true;
  }

  // For a fault found in the word just read.
  bool FailInWord(CheckErrorCode code, std::string detail) {
    position_ -= 4;
    return Fail(code, std::move(detail));
  }

  bool Flag(uint32_t word) {
    return word <= 1 || FailInWord(CheckErrorCode::kBadBool, std::to_string(word));
  }

  bool DepthIsFine(const TypeInfo& type, uint32_t depth) {
    return !type.recursive || depth <= kMaxDepth ||
           Fail(CheckErrorCode::kTooDeep,
                "more than " + std::to_string(kMaxDepth) + " levels, in " + std::string(type.name));
  }

  // `least` is the fewest bytes that one unit of the length takes.
  bool Length(const TypeInfo& type, size_t least, uint32_t* length) {
    if (!Word(length)) return false;
    if (*length > type.size) {
      return FailInWord(CheckErrorCode::kLengthOverLimit,
                        std::to_string(*length) + ", the most is " + std::to_string(type.size));
    }
    if (*length > Left() / least) {
      return FailInWord(
          CheckErrorCode::kLengthOverLimit,
          std::to_string(*length) + ", but only " + std::to_string(Left()) + " bytes are left");
    }
    return true;
  }

  bool Opaque(uint32_t length) {
    if (!Skip(length)) return false;
    const size_t padding = (0u - length) & 3;
    if (Left() < padding) return Fail(CheckErrorCode::kTruncated);
    for (size_t i = 0; i < padding; ++i, ++position_) {
      if (wire_[position_] != 0) return Fail(CheckErrorCode::kNonZeroPadding);
    }
    return true;
  }

  bool Array(const TypeInfo& element, uint32_t count, uint32_t depth) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!Value(element, depth + 1))
        return Within(std::string("[").append(std::to_string(i)) += "]");
    }
    return true;
  }

  bool Enum(const TypeInfo& type) {
    uint32_t word = 0;
    if (!Word(&word)) return false;
    for (const EnumMember& member : type.members) {
      if (member.value == static_cast<int32_t>(word)) return true;
    }
    return FailInWord(CheckErrorCode::kUnknownEnumValue,
                      std::to_string(static_cast<int32_t>(word)) + " of " + std::string(type.name));
  }

  bool Union(const TypeInfo& type, uint32_t depth) {
    const TypeInfo& discriminant = *type.discriminant.type;
    if (!Value(discriminant, depth + 1)) return Within(type.discriminant.name);
    const auto value = static_cast<int32_t>(detail::Load32(wire_.data() + position_ - 4));
    const ArmInfo* arm = FindArm(type, value);
    if (arm == nullptr) {
      FailInWord(CheckErrorCode::kUnknownUnionArm,
                 std::to_string(value) + " of " + std::string(type.name));
      return Within(type.discriminant.name);
    }
    if (arm->type == nullptr) return true;
    return Value(*arm->type, depth + 1) || Within(arm->name);
  }

  Bytes wire_;
  size_t position_ = 0;
  CheckError error_;
};

const uint8_t* SkipValue(const TypeInfo& type, const uint8_t* p) {
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kUnsignedInt:
    case Kind::kBool:
    case Kind::kEnum:
      return p + 4;
    case Kind::kHyper:
    case Kind::kUnsignedHyper:
      return p + 8;
    case Kind::kOpaque:
      return p + detail::PaddedSize(type.size);
    case Kind::kVarOpaque:
    case Kind::kString:
      return detail::SkipOpaque(p);
    case Kind::kArray:
      for (uint32_t i = 0; i < type.size; ++i) p = SkipValue(*type.element, p);
      return p;
    case Kind::kVarArray: {
      uint32_t count = detail::Load32(p);
      for (p += 4; count != 0; --count) p = SkipValue(*type.element, p);
      return p;
    }
    case Kind::kOptional:
      return detail::Load32(p) == 0 ? p + 4 : SkipValue(*type.element, p + 4);
    case Kind::kAlias:
      return SkipValue(*type.element, p);
    case Kind::kStruct:
      for (const FieldInfo& field : type.fields) p = SkipValue(*field.type, p);
      return p;
    case Kind::kUnion: {
      const ArmInfo* arm = FindArm(type, static_cast<int32_t>(detail::Load32(p)));
      return arm->type == nullptr ? p + 4 : SkipValue(*arm->type, p + 4);
    }
  }
  return p;
}

}  // namespace

const TypeInfo* FindType(std::string_view name) {
  for (const TypeInfo* type : AllTypes()) {
    if (type->name == name) return type;
  }
  return nullptr;
}

const TypeInfo& Resolve(const TypeInfo& type) {
  const TypeInfo* resolved = &type;
  while (resolved->kind == Kind::kAlias) resolved = resolved->element;
  return *resolved;
}

const ArmInfo* FindArm(const TypeInfo& union_type, int32_t discriminant) {
  // Most unions number their arms from 0 on, one case each.
  const auto place = static_cast<size_t>(discriminant);
  if (place < union_type.arms.size()) {
    const ArmInfo& arm = union_type.arms[place];
    if (arm.cases.front().value == discriminant) return &arm;
  }
  for (const ArmInfo& arm : union_type.arms) {
    for (const UnionCase& c : arm.cases) {
      if (c.value == discriminant) return &arm;
    }
  }
  return nullptr;
}

Bytes ValueAt(const TypeInfo& type, Bytes checked) {
  return checked.first(static_cast<size_t>(SkipValue(type, checked.data()) - checked.data()));
}

std::optional<CheckError> ExplainPrefix(const TypeInfo& type, Bytes wire) {
  Checker checker(wire);
  if (checker.Value(type, 1)) return std::nullopt;
  return std::move(checker.error());
}

std::optional<CheckError> Explain(const TypeInfo& type, Bytes wire) {
  Checker checker(wire);
  if (!checker.Value(type, 1)) return std::move(checker.error());
  if (checker.position() == wire.size()) return std::nullopt;
  return CheckError{CheckErrorCode::kTrailingBytes,
                    checker.position(),
                    {},
                    std::to_string(wire.size() - checker.position()) + " bytes"};
}

}  // namespace stellar_arrow::xdr

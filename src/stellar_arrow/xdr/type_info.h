// The protocol's types as data at run time: for what is done to any type, such as printing a value,
// following a path, and telling why bytes are malformed. The tables are generated.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/error.h"

namespace stellar_arrow::xdr {

enum class Kind : uint8_t {
  kInt,
  kUnsignedInt,
  kHyper,
  kUnsignedHyper,
  kBool,
  kEnum,
  kOpaque,     // opaque[size]
  kVarOpaque,  // opaque<size>
  kString,     // string<size>
  kArray,      // element[size]
  kVarArray,   // element<size>
  kOptional,   // element*
  kStruct,
  kUnion,
  kAlias,  // a typedef: a name for `element`
};

struct TypeInfo;

// `json_name` is the name in SEP-51's JSON.
struct EnumMember {
  std::string_view name;
  std::string_view json_name;
  int32_t value;
};

struct FieldInfo {
  std::string_view name;
  std::string_view json_name;
  const TypeInfo* type;
};

struct UnionCase {
  int32_t value;
  std::string_view json_name;
};

struct ArmInfo {
  std::span<const UnionCase> cases;
  std::string_view name;  // empty for void
  const TypeInfo* type;   // null for void
};

struct TypeInfo {
  Kind kind;
  std::string_view name;   // the protocol's; empty for a type that has none of its own
  uint16_t place = 0;      // in AllTypes(), from 1; 0 for a type without a name
  bool recursive = false;  // can contain itself
  uint32_t size = 0;       // bytes, elements, or the most of them: see Kind
  const TypeInfo* element = nullptr;
  std::span<const EnumMember> members = {};
  std::span<const FieldInfo> fields = {};
  FieldInfo discriminant = {};
  std::span<const ArmInfo> arms = {};
};

// Every named type of the protocol, in the order of its files.
std::span<const TypeInfo* const> AllTypes();

// Null where there is no such type.
const TypeInfo* FindType(std::string_view name);

// The type that `type` is a name for; itself where it is none.
const TypeInfo& Resolve(const TypeInfo& type);

// The arm that `discriminant` selects, or null.
const ArmInfo* FindArm(const TypeInfo& union_type, int32_t discriminant);

// The bytes of the value of `type` at the start of `checked`, which holds at least one.
Bytes ValueAt(const TypeInfo& type, Bytes checked);

// Checks that `wire` is one value of `type` and nothing more, by the tables: slow, but it can say
// what is wrong and where. The generated Check functions accept exactly the same bytes.
std::optional<CheckError> Explain(const TypeInfo& type, Bytes wire);

// The same, but bytes may follow the value.
std::optional<CheckError> ExplainPrefix(const TypeInfo& type, Bytes wire);

}  // namespace stellar_arrow::xdr

// The readers of all types in one table, for what is done to any type chosen at run time.
// Generated, so that no accessor is left out.
#pragma once

#include <span>
#include <string_view>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::fuzz {

struct TypeViews {
  std::string_view name;
  // Whether the type's Check accepts the bytes. Null for a type that is only a part of others: an
  // enum, or a name for a list, a text and the like.
  bool (*check)(xdr::Bytes wire);
  // Writes what the accessors of the checked value say, all the way down.
  void (*copy)(xdr::Bytes checked, xdr::value::Writer& w);
};

// All types of AllTypes(), in the same order.
std::span<const TypeViews> AllViews();

}  // namespace stellar_arrow::fuzz

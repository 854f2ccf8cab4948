// Finds a part of a value by a path such as v1.txProcessing[3].result.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::xdr {

struct Part {
  const TypeInfo* type = nullptr;
  Bytes wire;
};

struct PathError {
  std::string message;  // names the step that leads nowhere, and what there is instead
};

// Follows `path` from the checked value `wire` of `type`. A step is a field or arm by the
// protocol's name or by SEP-51's, or an index in brackets; a union's arm must be the one that is
// present, and an optional is stepped through if it is. The empty path is the value itself.
std::variant<Part, PathError> FollowPath(const TypeInfo& type, Bytes wire, std::string_view path);

}  // namespace stellar_arrow::xdr

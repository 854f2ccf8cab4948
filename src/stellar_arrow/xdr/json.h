// Any XDR value as JSON in SEP-51's form, as the official command line prints it.
#pragma once

#include <string>

#include "stellar_arrow/xdr/bytes.h"
#include "stellar_arrow/xdr/type_info.h"

namespace stellar_arrow::xdr {

// Appends the JSON, on one line, of the checked value `wire` of `type` to `out`. The result is
// ASCII, whatever the bytes.
void AppendJson(const TypeInfo& type, Bytes wire, std::string& out);

}  // namespace stellar_arrow::xdr

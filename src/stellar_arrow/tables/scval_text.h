// Values of contracts as stellar-etl shows them: short, for people, and not to be read back.
// (SEP-51 is the form that keeps everything: xdr/json.h.)
#pragma once

#include <string>
#include <string_view>

#include "stellar_arrow/tables/key_text.h"
#include "stellar_arrow/xdr/generated/Stellar-contract.h"

namespace stellar_arrow::tables {

// As Go's SDK prints it: "[1 2]", "[{key value}]", "(void)". Strings come as they are, so the text
// may be ill-formed. `keys` keeps the addresses' texts.
void AppendScValText(const xdr::SCVal& value, KeyText* keys, std::string* out);

// What stellar-etl names the value's type: "U32", "Sym", "Address"; empty for those without
// content.
std::string_view ScValTypeName(xdr::SCValType type);

// The strkey of the address, of whatever kind.
void AppendAddressText(const xdr::SCAddress& address, KeyText* keys, std::string* out);

}  // namespace stellar_arrow::tables

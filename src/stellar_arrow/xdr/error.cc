#include "stellar_arrow/xdr/error.h"

namespace stellar_arrow::xdr {
namespace {

std::string_view Meaning(CheckErrorCode code) {
  switch (code) {
    case CheckErrorCode::kTruncated:
      return "the bytes end inside the value";
    case CheckErrorCode::kTrailingBytes:
      return "bytes follow the value's end";
    case CheckErrorCode::kLengthOverLimit:
      return "length over the limit";
    case CheckErrorCode::kUnknownEnumValue:
      return "unknown enum value";
    case CheckErrorCode::kUnknownUnionArm:
      return "unknown union arm";
    case CheckErrorCode::kBadBool:
      return "a flag that is neither 0 nor 1";
    case CheckErrorCode::kNonZeroPadding:
      return "padding that is not zero";
    case CheckErrorCode::kTooDeep:
      return "nested too deep";
  }
  return "malformed";
}

}  // namespace

std::string CheckError::ToString() const {
  std::string text = path;
  if (!text.empty()) text += ' ';
  text.append("at byte ").append(std::to_string(offset)).append(": ").append(Meaning(code));
  if (!detail.empty()) text.append(" (").append(detail).append(")");
  return text;
}

}  // namespace stellar_arrow::xdr

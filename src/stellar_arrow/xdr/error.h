// Why bytes are not the XDR value they should be. Standard library only: ledger/ and source/ turn
// it into an arrow::Status with what they know. (The protocol itself has a type named Error.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace stellar_arrow::xdr {

enum class CheckErrorCode : uint8_t {
  kTruncated,         // the bytes end inside the value
  kTrailingBytes,     // the value ends before the bytes do
  kLengthOverLimit,   // a length word above the type's limit, or above what the bytes can hold
  kUnknownEnumValue,  // an enum word that the type does not define
  kUnknownUnionArm,   // a discriminant that selects no arm
  kBadBool,           // a bool or an optional's flag other than 0 and 1
  kNonZeroPadding,    // a padding byte other than 0
  kTooDeep,           // nested deeper than kMaxDepth
};

struct CheckError {
  CheckErrorCode code = CheckErrorCode::kTruncated;
  uint64_t offset = 0;  // of the word or byte at fault, from the value's first byte
  std::string path;     // protocol's names: "v0.txProcessing[3].result"; empty = the value itself
  std::string detail;   // the value found, where there is one: "unknown code -99"

  // "v0.txProcessing[3].result at byte 48120: unknown enum value -99".
  std::string ToString() const;
};

// A checked view, or why there is none.
template <typename View>
class Checked {
 public:
  Checked(View view) : value_(view) {}                     // NOLINT: made to be returned
  Checked(CheckError error) : value_(std::move(error)) {}  // NOLINT

  bool ok() const { return value_.index() == 0; }
  // Only when ok().
  const View& operator*() const { return std::get<0>(value_); }
  const View* operator->() const { return &std::get<0>(value_); }
  // Only when not ok().
  const CheckError& error() const { return std::get<1>(value_); }

 private:
  std::variant<View, CheckError> value_;
};

}  // namespace stellar_arrow::xdr

#include "stellar_arrow/flight/wire_error.h"

#include <arrow/flight/types.h>

#include <nlohmann/json.hpp>
#include <string>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::flight {

using arrow::flight::FlightStatusCode;
using arrow::flight::MakeFlightError;

// gRPC sends messages as headers, of which clients take 8 to 16 KiB; the details go there too.
constexpr size_t kMaxMessageBytes = 2048;

arrow::Status ToWire(const arrow::Status& status, std::optional<uint32_t> next) {
  if (status.ok()) return status;
  const ErrorCode code = CodeOf(status);
  std::string message = Concat(ErrorCodeName(code), ": ", status.message());
  if (message.size() > kMaxMessageBytes)
    message.replace(kMaxMessageBytes, std::string::npos, "...");
  nlohmann::ordered_json details = {{"code", ErrorCodeName(code)}};
  const ErrorDetail* detail = DetailOf(status);
  if (detail != nullptr && detail->ledger()) details["ledger"] = *detail->ledger();
  if (next) details["next"] = *next;
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kOutOfRange:
      return arrow::Status::Invalid(message);
    case ErrorCode::kNotFound:
      return arrow::Status::KeyError(message);
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
      return MakeFlightError(FlightStatusCode::Unavailable, message, details.dump());
    case ErrorCode::kCancelled:
      return MakeFlightError(FlightStatusCode::Cancelled, message, details.dump());
    case ErrorCode::kDataLoss:
    case ErrorCode::kInternal:
      return MakeFlightError(FlightStatusCode::Internal, message, details.dump());
  }
  return MakeFlightError(FlightStatusCode::Internal, message, details.dump());
}

}  // namespace stellar_arrow::flight

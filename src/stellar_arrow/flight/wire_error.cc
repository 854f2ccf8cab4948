#include "stellar_arrow/flight/wire_error.h"

#include <arrow/flight/types.h>

#include <nlohmann/json.hpp>
#include <string>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::flight {

using arrow::flight::FlightStatusCode;
using arrow::flight::MakeFlightError;

namespace {

// gRPC sends messages as headers, of which clients take 8 to 16 KiB; the details go there too.
constexpr size_t kMaxMessageBytes = 2048;

// What is to be done before a stream can go on, where no message says so itself.
std::string_view Remedy(ErrorCode code) {
  switch (code) {
    case ErrorCode::kDataLoss:
      return "; mend the source (`verify` lists what is wrong with it)";
    case ErrorCode::kInternal:
      return "; this is a fault of the server's: report it, with its log";
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kOutOfRange:
    case ErrorCode::kNotFound:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
    case ErrorCode::kUnimplemented:
      break;
  }
  return "";
}

}  // namespace

arrow::Status ToWire(const arrow::Status& status, std::optional<uint32_t> next) {
  if (status.ok()) return status;
  const ErrorCode code = CodeOf(status);
  std::string message = Concat(ErrorCodeName(code), ": ", FullMessage(status));
  if (message.size() > kMaxMessageBytes)
    message.replace(kMaxMessageBytes, std::string::npos, "...");
  message += Remedy(code);
  if (next) message += Concat("; go on from ledger ", *next);
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
    case ErrorCode::kUnimplemented:
      return arrow::Status::NotImplemented(message);
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

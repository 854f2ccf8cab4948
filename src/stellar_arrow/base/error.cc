#include "stellar_arrow/base/error.h"

#include <cstring>

namespace stellar_arrow {
namespace {

constexpr const char* kTypeId = "stellar_arrow::ErrorDetail";

// The Arrow code that says most nearly the same, for callers who know nothing of the detail.
arrow::StatusCode NearestArrowCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kDataLoss:
      return arrow::StatusCode::Invalid;
    case ErrorCode::kNotFound:
      return arrow::StatusCode::KeyError;
    case ErrorCode::kOutOfRange:
      return arrow::StatusCode::IndexError;
    case ErrorCode::kResourceExhausted:
      return arrow::StatusCode::CapacityError;
    case ErrorCode::kUnavailable:
      return arrow::StatusCode::IOError;
    case ErrorCode::kCancelled:
      return arrow::StatusCode::Cancelled;
    case ErrorCode::kUnimplemented:
      return arrow::StatusCode::NotImplemented;
    case ErrorCode::kInternal:
      return arrow::StatusCode::UnknownError;
  }
  return arrow::StatusCode::UnknownError;
}

}  // namespace

std::string Quoted(std::string_view text, size_t most) {
  std::string quoted = "'";
  for (const char c : text.substr(0, most)) quoted += c >= ' ' && c <= '~' ? c : '?';
  quoted += text.size() > most ? "...'" : "'";
  return quoted;
}

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kNotFound:
      return "NOT_FOUND";
    case ErrorCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case ErrorCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case ErrorCode::kDataLoss:
      return "DATA_LOSS";
    case ErrorCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case ErrorCode::kUnavailable:
      return "UNAVAILABLE";
    case ErrorCode::kCancelled:
      return "CANCELLED";
    case ErrorCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case ErrorCode::kInternal:
      return "INTERNAL";
  }
  return "INTERNAL";
}

const char* ErrorDetail::type_id() const { return kTypeId; }

std::string ErrorDetail::ToString() const { return std::string(ErrorCodeName(code_)); }

const ErrorDetail* DetailOf(const arrow::Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::strcmp(detail->type_id(), kTypeId) != 0) return nullptr;
  return static_cast<const ErrorDetail*>(detail.get());
}

ErrorCode CodeOf(const arrow::Status& status) {
  if (const ErrorDetail* detail = DetailOf(status)) return detail->code();
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::TypeError:
      return ErrorCode::kInvalidArgument;
    case arrow::StatusCode::NotImplemented:
      return ErrorCode::kUnimplemented;
    case arrow::StatusCode::KeyError:
      return ErrorCode::kNotFound;
    case arrow::StatusCode::IndexError:
      return ErrorCode::kOutOfRange;
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return ErrorCode::kResourceExhausted;
    case arrow::StatusCode::IOError:
      return ErrorCode::kUnavailable;
    case arrow::StatusCode::Cancelled:
      return ErrorCode::kCancelled;
    default:
      return ErrorCode::kInternal;
  }
}

std::string FullMessage(const arrow::Status& status) {
  if (status.detail() == nullptr || DetailOf(status) != nullptr) return status.message();
  return status.message() + ": " + status.detail()->ToString();
}

arrow::Status MakeError(ErrorCode code, std::optional<uint32_t> ledger, std::string message,
                        bool gap) {
  return arrow::Status(NearestArrowCode(code), std::move(message),
                       std::make_shared<ErrorDetail>(code, ledger, gap));
}

arrow::Status WithContext(const arrow::Status& status, std::string_view context) {
  return arrow::Status(status.code(), std::string(context) + ": " + status.message(),
                       status.detail());
}

}  // namespace stellar_arrow

// What went wrong, in one form for every layer above xdr/: an arrow::Status whose detail carries
// the true code and the ledger. Knows no transport: flight/ maps the codes to the wire.
#pragma once

#include <arrow/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace stellar_arrow {

// The parts written one after the other, as operator<< writes them.
template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// Another's text for a message: in quotes, cut short, and with what is not printable ASCII
// replaced, so that it can neither flood nor forge what it stands in.
std::string Quoted(std::string_view text, size_t most = 60);

// So much of what other programs say is told.
inline constexpr size_t kMostOfOthers = 400;

// The gRPC names, because clients will read them. `docs/errors.md` tells users what to do for each.
enum class ErrorCode {
  kInvalidArgument,     // the request or option is wrong whatever the state
  kNotFound,            // the object, file or ledger named does not exist
  kOutOfRange,          // the source does not have the range and cannot grow to it
  kFailedPrecondition,  // right in itself, but contradicts what is there (network, anchor)
  kDataLoss,            // gap, broken chain, wrong hash, undecodable ledger
  kResourceExhausted,   // a limit of ours was reached
  kUnavailable,         // try again later
  kCancelled,           // the caller gave up
  kUnimplemented,       // a call that there is no answer to
  kInternal,            // a bug of ours
};

// "DATA_LOSS" and so on.
std::string_view ErrorCodeName(ErrorCode code);

class ErrorDetail final : public arrow::StatusDetail {
 public:
  explicit ErrorDetail(ErrorCode code, std::optional<uint32_t> ledger = {},
                       bool gap = false) noexcept
      : code_(code), ledger_(ledger), gap_(gap) {}

  const char* type_id() const override;
  std::string ToString() const override;

  ErrorCode code() const { return code_; }
  // The ledger at fault, where one is known.
  std::optional<uint32_t> ledger() const { return ledger_; }
  // Whether that ledger is missing, where the source should have it.
  bool gap() const { return gap_; }

 private:
  ErrorCode code_;
  std::optional<uint32_t> ledger_;
  bool gap_;
};

// The detail of `status`, or null if it carries none (an error of Arrow's or the system's own).
const ErrorDetail* DetailOf(const arrow::Status& status);

// The code of a status that is not OK: its detail's, or the nearest to Arrow's own code.
ErrorCode CodeOf(const arrow::Status& status);

// What `status` says, with what only a detail of Arrow's tells, such as the system's error.
std::string FullMessage(const arrow::Status& status);

arrow::Status MakeError(ErrorCode code, std::optional<uint32_t> ledger, std::string message,
                        bool gap = false);

// A status with `code`; the message is its parts written one after the other.
template <typename... Parts>
arrow::Status Error(ErrorCode code, const Parts&... parts) {
  return MakeError(code, std::nullopt, Concat(parts...));
}

// The same for a fault of one ledger. The message should begin with "ledger <sequence>".
template <typename... Parts>
arrow::Status LedgerError(ErrorCode code, uint32_t ledger, const Parts&... parts) {
  return MakeError(code, ledger, Concat(parts...));
}

// DATA_LOSS for a ledger that is missing, where the source should have it.
template <typename... Parts>
arrow::Status GapError(uint32_t ledger, const Parts&... parts) {
  return MakeError(ErrorCode::kDataLoss, ledger, Concat(parts...), /*gap=*/true);
}

// The same error with `context` ahead of its message, as "context: message"; code and ledger stay.
arrow::Status WithContext(const arrow::Status& status, std::string_view context);

}  // namespace stellar_arrow

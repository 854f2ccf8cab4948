// Every error as a real client sees it.
#include "stellar_arrow/flight/wire_error.h"

#include <arrow/flight/client.h>
#include <arrow/flight/server.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::flight {
namespace {

namespace af = arrow::flight;
using af::FlightStatusCode;
using arrow::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

std::vector<ErrorCode> AllCodes() {
  std::vector<ErrorCode> codes;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    codes.push_back(static_cast<ErrorCode>(code));
  }
  return codes;
}

// What Arrow's client makes of the code on the wire. With a Flight code details travel, too.
struct Seen {
  StatusCode arrow;
  std::optional<FlightStatusCode> flight;
};

Seen Expected(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kOutOfRange:
    case ErrorCode::kFailedPrecondition:
      return {StatusCode::Invalid, {}};
    case ErrorCode::kNotFound:
      return {StatusCode::KeyError, {}};
    case ErrorCode::kUnimplemented:
      return {StatusCode::NotImplemented, {}};
    case ErrorCode::kDataLoss:
    case ErrorCode::kInternal:
      return {StatusCode::IOError, FlightStatusCode::Internal};
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
      return {StatusCode::IOError, FlightStatusCode::Unavailable};
    case ErrorCode::kCancelled:
      return {StatusCode::IOError, FlightStatusCode::Cancelled};
  }
  return {};
}

constexpr uint32_t kLedger = 30822018;
constexpr uint32_t kNext = 30822017;

// Fails every DoGet with the error whose code is the ticket.
class FailingService final : public af::FlightServerBase {
 public:
  arrow::Status DoGet(const af::ServerCallContext&, const af::Ticket& ticket,
                      std::unique_ptr<af::FlightDataStream>*) override {
    if (ticket.ticket == "long") {
      return ToWire(Error(ErrorCode::kUnavailable, std::string(100'000, 'x')), kNext);
    }
    if (ticket.ticket == "arrow") return ToWire(arrow::Status::OutOfMemory("malloc failed"));
    int code = 0;
    std::from_chars(ticket.ticket.data(), ticket.ticket.data() + ticket.ticket.size(), code);
    return ToWire(LedgerError(static_cast<ErrorCode>(code), kLedger, "this went wrong"), kNext);
  }
};

class WireErrorTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto any = af::Location::ForGrpcTcp("127.0.0.1", 0).ValueOrDie();
    ASSERT_TRUE(service_.Init(af::FlightServerOptions(any)).ok());
    const auto there = af::Location::ForGrpcTcp("127.0.0.1", service_.port()).ValueOrDie();
    auto client = af::FlightClient::Connect(there);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = std::move(*client);
  }
  void TearDown() override {
    EXPECT_TRUE(client_->Close().ok());
    EXPECT_TRUE(service_.Shutdown().ok());
  }

  // How a stream for `ticket` fails.
  arrow::Status Fail(const std::string& ticket) {
    auto stream = client_->DoGet(af::Ticket{ticket});
    if (!stream.ok()) return stream.status();
    return (*stream)->Next().status();
  }

  FailingService service_;
  std::unique_ptr<af::FlightClient> client_;
};

TEST_F(WireErrorTest, ArrivesWithItsTrueCodeWhatHappenedAndWhereToGoOn) {
  for (const ErrorCode code : AllCodes()) {
    const std::string name(ErrorCodeName(code));
    const arrow::Status status = Fail(std::to_string(static_cast<int>(code)));
    const Seen expected = Expected(code);
    EXPECT_EQ(status.code(), expected.arrow) << name << ": " << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr(name + ": this went wrong"),
                                        HasSubstr("go on from ledger 30822017")));
    const auto detail = af::FlightStatusDetail::UnwrapStatus(status);
    EXPECT_EQ(detail != nullptr, expected.flight.has_value()) << name << ": " << status;
    if (detail == nullptr || !expected.flight) continue;
    EXPECT_EQ(detail->code(), *expected.flight) << name;
    EXPECT_EQ(
        detail->extra_info(),
        nlohmann::ordered_json({{"code", name}, {"ledger", kLedger}, {"next", kNext}}).dump());
  }
}

TEST_F(WireErrorTest, SaysWhatToDoWhereItIsTheSourceOrTheServerThatIsAtFault) {
  EXPECT_THAT(ToWire(Error(ErrorCode::kDataLoss, "a gap")).message(), HasSubstr("mend the source"));
  EXPECT_THAT(ToWire(Error(ErrorCode::kInternal, "a bug")).message(), HasSubstr("report it"));
}

TEST_F(WireErrorTest, IsCutToWhatHeadersMayHoldWithoutLosingItsEnd) {
  const std::string message = Fail("long").message();
  EXPECT_LT(message.size(), 5000u);  // twice what is sent: Arrow's client repeats it
  EXPECT_THAT(message,
              AllOf(HasSubstr("UNAVAILABLE: xxx"), HasSubstr("x...; go on from ledger 30822017")));
}

TEST_F(WireErrorTest, HasACodeOfOursThoughItIsArrowsOwn) {
  EXPECT_THAT(Fail("arrow").message(), HasSubstr("RESOURCE_EXHAUSTED: malloc failed"));
}

}  // namespace
}  // namespace stellar_arrow::flight

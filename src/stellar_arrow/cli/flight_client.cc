#include "stellar_arrow/cli/flight_client.h"

#include <arrow/buffer.h>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::cli {

namespace af = arrow::flight;

arrow::Result<FlightClient> FlightClient::Connect(const std::string& uri) {
  auto location = af::Location::Parse(uri);
  if (!location.ok()) {
    return Error(ErrorCode::kInvalidArgument, "--server ", uri,
                 " is no URI like grpc://localhost:8815: ", location.status().message());
  }
  FlightClient client;
  client.uri_ = uri;
  ARROW_ASSIGN_OR_RAISE(client.client_, af::FlightClient::Connect(*location));
  return client;
}

arrow::Result<std::unique_ptr<af::FlightStreamReader>> FlightClient::DoGet(
    const af::FlightCallOptions& options, const std::string& ticket) const {
  auto reader = client_->DoGet(options, af::Ticket{ticket});
  if (!reader.ok()) return FromServer(reader.status());
  return reader;
}

arrow::Result<std::vector<std::string>> FlightClient::DoAction(const std::string& type,
                                                               const std::string& body) const {
  const auto results = client_->DoAction(af::Action{type, arrow::Buffer::FromString(body)});
  if (!results.ok()) return FromServer(results.status());
  std::vector<std::string> bodies;
  while (true) {
    const auto result = (*results)->Next();
    if (!result.ok()) return FromServer(result.status());
    if (*result == nullptr) return bodies;
    bodies.push_back((*result)->body->ToString());
  }
}

arrow::Status FlightClient::FromServer(const arrow::Status& status) const {
  if (status.ok()) return status;
  const std::string& message = status.message();
  const size_t end = message.find(". gRPC client debug context");
  return Error(ErrorCode::kUnavailable, "server ", uri_, ": ", message.substr(0, end));
}

}  // namespace stellar_arrow::cli

// A Flight server as the commands use it, ours or the original.
#pragma once

#include <arrow/flight/client.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <string>
#include <vector>

namespace stellar_arrow::cli {

class FlightClient {
 public:
  // Errors: INVALID_ARGUMENT for what is no URI.
  static arrow::Result<FlightClient> Connect(const std::string& uri);

  arrow::Result<std::unique_ptr<arrow::flight::FlightStreamReader>> DoGet(
      const arrow::flight::FlightCallOptions& options, const std::string& ticket) const;
  // The bodies of the results.
  arrow::Result<std::vector<std::string>> DoAction(const std::string& type,
                                                   const std::string& body) const;

  // What the server said, without what the client's libraries add to it.
  arrow::Status FromServer(const arrow::Status& status) const;

 private:
  std::string uri_;
  std::unique_ptr<arrow::flight::FlightClient> client_;
};

}  // namespace stellar_arrow::cli

// The RawLedgerService over one source, for clients that want ledgers as they are. Knows pipelines;
// never sees a table.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "stellar_arrow/flight/admission.h"
#include "stellar_arrow/memory/budget.h"
#include "stellar_arrow/ops/metrics.h"
#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::raw_ledger {

struct ServerOptions {
  std::string listen = "127.0.0.1";
  int port = 0;  // 0 = a free one
  flight::AdmissionLimits admission;
  // What every stream is made with; the range is the request's.
  pipeline::Options pipeline;
  // Whether all streams are to end (UNAVAILABLE, with the ledger to go on from). From any thread.
  std::function<bool()> ending = [] { return false; };
  // What grpc.health.v1 is to say. Asked five times a second.
  std::function<bool()> serving = [] { return true; };
  ops::Metrics* metrics = nullptr;  // told of streams and ledgers; must outlive the server
  // Called with a line for the log when a stream ends.
  std::function<void(const std::string&)> log;
};

class Server {
 public:
  virtual ~Server() = default;  // cuts what still runs

  virtual int port() const = 0;

  // Takes no more calls, and cuts those that have not ended after `timeout`.
  virtual void Shutdown(std::chrono::milliseconds timeout) = 0;

  // Listens and serves at once: RawLedgerService, grpc.health.v1 and reflection. `source` and
  // `budget` must outlive the server. Errors: FAILED_PRECONDITION where it cannot listen.
  static arrow::Result<std::unique_ptr<Server>> Make(source::LedgerSource& source,
                                                     memory::Budget& budget, ServerOptions options);
};

}  // namespace stellar_arrow::raw_ledger

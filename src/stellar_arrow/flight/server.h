// The Flight service over one source: descriptors and tickets in, streams of batches out. Knows
// requests and subscriptions; never sees XDR.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "stellar_arrow/checkpoint/checkpoints.h"
#include "stellar_arrow/flight/admission.h"
#include "stellar_arrow/memory/budget.h"
#include "stellar_arrow/ops/metrics.h"
#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::flight {

struct ServerOptions {
  std::string listen = "127.0.0.1";  // address to listen on
  int port = 8815;                   // 0 = a free one
  // The URI that endpoints tell clients to come back to; empty = the connection they have.
  std::string advertise;
  AdmissionLimits admission;
  // What every stream is made with; the range is the request's.
  pipeline::Options pipeline;
  stream::BatchOptions batch;
  // How batches are compressed where neither the request nor its header says.
  stream::Compression compression = stream::Compression::kNone;
  int compression_level = stream::kLeastLevel;  // of whatever compression is used
  checkpoint::Options checkpoints;
  // Called with a line for the log when a stream ends or a call is refused.
  std::function<void(const std::string&)> log;
  ops::Metrics* metrics = nullptr;  // counts, if there; must outlive the server
};

class Server {
 public:
  virtual ~Server() = default;

  // The port that clients find it at.
  virtual int port() const = 0;
  // Serves until Drain() has ended all; blocks.
  virtual arrow::Status Serve() = 0;
  // Ends the service: no call is answered any more (UNAVAILABLE), streams end at their next batch
  // border with UNAVAILABLE and the ledger to go on from, and Serve() returns. Streams that cannot
  // end because their clients do not read are cut before `timeout` has passed. From any thread;
  // only the first call does anything.
  virtual arrow::Status Drain(std::chrono::milliseconds timeout) = 0;
  // Whether Drain() has been called. From any thread.
  virtual bool draining() const = 0;
  virtual const checkpoint::Checkpoints& checkpoints() const = 0;

  // Listens at once, and takes the folder of checkpoints if it was chosen. `source` and `budget`,
  // which all streams share, must outlive the server.
  static arrow::Result<std::unique_ptr<Server>> Make(source::LedgerSource& source,
                                                     memory::Budget& budget, ServerOptions options);
};

}  // namespace stellar_arrow::flight

// The Flight service over one source: descriptors and tickets in, streams of batches out. Knows
// requests and subscriptions; never sees XDR.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <functional>
#include <memory>
#include <string>

#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::flight {

struct ServerOptions {
  std::string listen = "127.0.0.1";  // address to listen on
  int port = 8815;                   // 0 = a free one
  // The URI that endpoints tell clients to come back to; empty = the connection they have.
  std::string advertise;
  // What every stream is made with; the range is the request's.
  pipeline::Options pipeline;
  stream::BatchOptions batch;
  // Called at the end of each stream with a line for the log.
  std::function<void(const std::string&)> on_stream_end;
};

class Server {
 public:
  virtual ~Server() = default;

  // The port that clients find it at.
  virtual int port() const = 0;
  // Serves until Shutdown(); blocks.
  virtual arrow::Status Serve() = 0;
  // Takes no new calls, ends the streams there are with UNAVAILABLE, and makes Serve() return. From
  // any thread.
  virtual arrow::Status Shutdown() = 0;

  // Listens at once. `source` must outlive the server.
  static arrow::Result<std::unique_ptr<Server>> Make(source::LedgerSource& source,
                                                     ServerOptions options);
};

}  // namespace stellar_arrow::flight

// `serve`: one source behind a Flight server, until a signal.
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <thread>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/flight/server.h"

namespace stellar_arrow::cli {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

arrow::Status Serve(const Settings& settings) {
  // Blocked here and so in every thread that follows: one thread waits for them.
  const sigset_t signals = StopSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  ARROW_ASSIGN_OR_RAISE(const auto source, OpenSource(settings));
  flight::ServerOptions options;
  options.listen = settings.Text("listen");
  options.port = static_cast<int>(settings.Number("port"));
  options.advertise = settings.Text("advertise");
  ARROW_ASSIGN_OR_RAISE(options.pipeline, PipelineOptionsOf(settings));
  options.batch.rows = static_cast<int64_t>(settings.Number("batch-size"));
  options.batch.bytes = static_cast<int64_t>(settings.Number("batch-bytes"));
  options.on_stream_end = [](const std::string& line) { spdlog::info("{}", line); };

  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source->GetExtent());
  if (extent.first) {
    spdlog::info("{} has ledgers {} to {}{}", source->name(), *extent.first, *extent.newest,
                 extent.grows ? " and can grow" : "");
  } else {
    spdlog::info("{} has no ledgers yet", source->name());
  }
  // Refuses now what every stream would refuse.
  ARROW_RETURN_NOT_OK(pipeline::FindNetwork(*source, &options.pipeline));
  ARROW_ASSIGN_OR_RAISE(const auto server, flight::Server::Make(*source, options));
  spdlog::info("listening on grpc://{}:{}", options.listen, server->port());
  std::thread waiter([&] {
    int signal = 0;
    ::sigwait(&signals, &signal);
    spdlog::info("stopping on signal {}", signal);
    if (const arrow::Status stopped = server->Shutdown(); !stopped.ok()) {
      spdlog::error("{}", stopped.message());
    }
  });
  const arrow::Status served = server->Serve();
  // Serving can end by itself only in error; then nobody else wakes the waiter.
  if (!served.ok()) ::pthread_kill(waiter.native_handle(), SIGTERM);
  waiter.join();
  spdlog::info("stopped");
  return served;
}

}  // namespace stellar_arrow::cli

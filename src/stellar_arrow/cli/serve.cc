// `serve`: one source behind a Flight server, until a signal.
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/version.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/memory_monitor.h"
#include "stellar_arrow/cli/source_watch.h"
#include "stellar_arrow/flight/server.h"
#include "stellar_arrow/ops/log.h"
#include "stellar_arrow/ops/probes.h"
#include "stellar_arrow/raw_ledger/server.h"

namespace stellar_arrow::cli {
namespace {

sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Ends the server when a signal says so, and the program with it where the server cannot end in
// time, or a second signal comes. Made before all other threads: they inherit that signals are
// blocked.
class Stopper {
 public:
  Stopper(std::chrono::milliseconds timeout, ops::Health& health)
      : timeout_(timeout), health_(health), thread_([this] { Run(); }) {}
  ~Stopper() {
    retired_ = true;
    ::pthread_kill(thread_.native_handle(), SIGTERM);  // wakes it
    thread_.join();
    if (drain_.joinable()) drain_.join();
  }

  // Until there is a server, a signal ends the program at once.
  void Watch(flight::Server* server) {
    const std::lock_guard lock(mutex_);
    server_ = server;
  }

  // Lets go of the server, once it has been drained. From now on a signal ends the program at once
  // again, and so does the time, where one came before.
  void LetGo() {
    std::unique_lock lock(mutex_);
    drained_.wait(lock, [this] { return !draining_; });
    server_ = nullptr;
  }

 private:
  void Run() {
    int signal = 0;
    ::sigwait(&signals_, &signal);
    if (retired_) return;
    health_.Draining();
    spdlog::info("stopping on signal {}", signal);
    {
      const std::lock_guard lock(mutex_);
      if (server_ == nullptr) std::quick_exit(EXIT_SUCCESS);
      draining_ = true;
    }
    drain_ = std::thread([this] {
      if (const arrow::Status drained = server_->Drain(timeout_); !drained.ok()) {
        spdlog::error("{}", drained.message());
      }
      const std::lock_guard lock(mutex_);
      draining_ = false;
      drained_.notify_all();
    });
    const timespec limit{timeout_.count() / 1000, timeout_.count() % 1000 * 1'000'000};
    while ((signal = ::sigtimedwait(&signals_, nullptr, &limit)) < 0 && errno == EINTR) {
    }
    if (retired_) return;
    if (signal > 0) {
      spdlog::warn("ending at once on signal {}", signal);
      std::quick_exit(EXIT_FAILURE);
    }
    // They wait for something that may never come, such as a file system's answer.
    spdlog::warn("ending though some streams have not");
    std::quick_exit(EXIT_SUCCESS);
  }

  const std::chrono::milliseconds timeout_;
  ops::Health& health_;
  const sigset_t signals_ = BlockStopSignals();
  std::atomic<bool> retired_ = false;
  std::mutex mutex_;
  std::condition_variable drained_;
  flight::Server* server_ = nullptr;
  bool draining_ = false;  // server_ does not change meanwhile
  std::thread drain_;
  std::thread thread_;  // last: it uses all of the above
};

// Every connection takes a descriptor, and so does a stream that reads: all that the system allows
// are ours.
void RaiseDescriptorLimit(uint64_t streams) {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 2 * streams) {
    spdlog::warn(
        "{} file descriptors are too few for {} streams (max-streams): allow more "
        "(ulimit -n, LimitNOFILE)",
        limit.rlim_cur, streams);
  }
}

using HttpServers = std::vector<std::unique_ptr<ops::HttpServer>>;

// The ports of probes and metrics. Each answers all paths.
arrow::Result<HttpServers> OpenHttpPorts(const Settings& settings, const ops::Health& health,
                                         ops::Metrics& metrics) {
  const std::string& address = settings.Text("listen");
  HttpServers servers;
  for (const std::string_view option : {"metrics-port", "health-port"}) {
    const int port = static_cast<int>(settings.Number(option));
    if (port != 0 && !servers.empty() && servers.front()->port() == port) continue;
    auto server = ops::HttpServer::Make(address, port, [&](std::string_view path) {
      return ops::AnswerProbe(path, health, metrics);
    });
    if (server.ok()) {
      spdlog::info("{} http://{}:{}", option == "metrics-port" ? "metrics on" : "health on",
                   address, (*server)->port());
      servers.push_back(*std::move(server));
    } else if (settings.Get(option).given) {
      return WithContext(server.status(), settings.Get(option).origin);
    } else {
      // Nobody asked for this one: a second server on a machine serves all the same.
      spdlog::warn("{}; going on without it: --{} names another port, 0 a free one",
                   server.status().message(), option);
    }
  }
  return servers;
}

// Says what the source has, and refuses now what every stream would refuse. Errors: UNAVAILABLE
// where it does not answer.
arrow::Status LookAt(source::LedgerSource& source, pipeline::Options* options) {
  const auto extent = source.GetExtent();
  ARROW_RETURN_NOT_OK(extent.status());
  if (extent->first) {
    spdlog::info("{} has ledgers {} to {}{}", source.name(), *extent->first, *extent->newest,
                 extent->grows ? " and can grow" : "");
  } else {
    spdlog::info("{} does not say yet which ledgers it has", source.name());
  }
  ARROW_RETURN_NOT_OK(pipeline::FindNetwork(source, options));
  return pipeline::CheckNetwork(source, *options);
}

// Null where none is asked for. `flight` tells when its streams are to end.
arrow::Result<std::unique_ptr<raw_ledger::Server>> OpenRawLedgerPort(
    const Settings& settings, source::LedgerSource& source, memory::Budget& budget,
    const flight::ServerOptions& like, const flight::Server& flight, const ops::Health& health) {
  if (!settings.Get("raw-ledger-port").given) return nullptr;
  raw_ledger::ServerOptions options;
  options.listen = like.listen;
  options.port = static_cast<int>(settings.Number("raw-ledger-port"));
  options.admission = like.admission;
  options.pipeline = like.pipeline;
  options.ending = [&flight] { return flight.draining(); };
  options.metrics = like.metrics;
  options.serving = [&health] { return ops::ReasonsNotReady(health.Now()).empty(); };
  options.log = like.log;
  ARROW_ASSIGN_OR_RAISE(auto server, raw_ledger::Server::Make(source, budget, std::move(options)));
  spdlog::info("raw ledgers on {}:{}", like.listen, server->port());
  return server;
}

}  // namespace

arrow::Status Serve(const Settings& settings) {
  ops::Health health(settings.Duration("ready-max-lag"));
  Stopper stopper(settings.Duration("drain-timeout"), health);
  const std::string_view producer = Producer();
  ops::Metrics metrics(static_cast<int64_t>(settings.Number("batch-size")),
                       producer.substr(producer.rfind(' ') + 1));
  memory::Budget budget(static_cast<int64_t>(settings.Number("max-memory")));
  metrics.SetMemory([&budget] { return budget.bytes(); });
  ARROW_ASSIGN_OR_RAISE(const auto http, OpenHttpPorts(settings, health, metrics));

  ARROW_ASSIGN_OR_RAISE(const auto source, OpenSource(settings));
  flight::ServerOptions options;
  options.listen = settings.Text("listen");
  options.port = static_cast<int>(settings.Number("port"));
  options.advertise = settings.Text("advertise");
  options.admission.streams = settings.Number("max-streams");
  RaiseDescriptorLimit(options.admission.streams);
  options.admission.streams_per_peer = settings.Number("max-streams-per-peer");
  ARROW_ASSIGN_OR_RAISE(options.pipeline, PipelineOptionsOf(settings));
  options.batch.rows = static_cast<int64_t>(settings.Number("batch-size"));
  options.batch.bytes = static_cast<int64_t>(settings.Number("batch-bytes"));
  ARROW_ASSIGN_OR_RAISE(options.compression,
                        stream::ParseCompression(settings.Text("compression")));
  options.compression_level = static_cast<int>(settings.Number("compression-level"));
  options.batch.flush = settings.Duration("flush-interval");
  options.metrics = &metrics;
  options.checkpoints = CheckpointOptionsOf(settings);
  options.checkpoints.on_note = [](const std::string& line) { spdlog::warn("{}", line); };
  options.log = [](const std::string& line) { ops::LogOfClients(line); };

  const arrow::Status looked_at = LookAt(*source, &options.pipeline);
  if (!looked_at.ok() && CodeOf(looked_at) == ErrorCode::kUnavailable) {
    // It is waited for: the server is not ready until it answers.
    spdlog::warn("{}", FullMessage(looked_at));
  } else {
    ARROW_RETURN_NOT_OK(looked_at);
  }
  const MemoryMonitor monitor(budget, settings.Duration("pool-monitor-interval"));
  std::optional<SourceWatch> watch(std::in_place, *source, options.pipeline.max_object_bytes,
                                   health, metrics);
  ARROW_ASSIGN_OR_RAISE(const auto server, flight::Server::Make(*source, budget, options));
  metrics.SetCheckpointAge([&server] { return server->checkpoints().oldest_age(); });
  health.Ask([&server, &budget](ops::State* state) {
    state->memory_is_short = !budget.takes_streams();
    // Of streams that run: what failed for those that ended is tried again by nobody.
    const checkpoint::Checkpoints& checkpoints = server->checkpoints();
    const arrow::Status written = checkpoints.last_write();
    if (!written.ok() && checkpoints.oldest_age()) state->checkpoint_error = written.message();
  });
  // The HTTP ports outlive the server, and ask it no more once it is about to go.
  const std::shared_ptr<void> asks_no_more(nullptr, [&](void*) {
    metrics.SetCheckpointAge({});
    health.Ask({});
  });
  ARROW_ASSIGN_OR_RAISE(const auto raw_ledgers,
                        OpenRawLedgerPort(settings, *source, budget, options, *server, health));
  stopper.Watch(server.get());
  health.Listening();
  spdlog::info("listening on grpc://{}:{}", options.listen, server->port());
  const arrow::Status served = server->Serve();
  if (raw_ledgers != nullptr) raw_ledgers->Shutdown(settings.Duration("drain-timeout") / 10);
  stopper.LetGo();
  watch.reset();  // may wait for the source, as that may itself; the stopper does not for ever
  spdlog::info("stopped; of {} bytes of memory {} were used at most", budget.limit(),
               budget.most_bytes());
  return served;
}

}  // namespace stellar_arrow::cli

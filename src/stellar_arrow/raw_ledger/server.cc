#include "stellar_arrow/raw_ledger/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/sleep.h"
#include "stellar_arrow/flight/dead_peers.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/protos/raw_ledger_service.grpc.pb.h"

namespace stellar_arrow::raw_ledger {
namespace {

using raw_ledger_service::RawLedger;
using raw_ledger_service::RawLedgerService;
using raw_ledger_service::StreamLedgersRequest;

constexpr std::chrono::milliseconds kHealthInterval{200};
// Pings that clients may send, however few ledgers there are to send.
constexpr int kLeastPingMilliseconds = 5'000;

grpc::Status ToGrpc(const arrow::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = [&] {
    switch (CodeOf(status)) {
      case ErrorCode::kInvalidArgument:
        return grpc::StatusCode::INVALID_ARGUMENT;
      case ErrorCode::kNotFound:
        return grpc::StatusCode::NOT_FOUND;
      case ErrorCode::kOutOfRange:
        return grpc::StatusCode::OUT_OF_RANGE;
      case ErrorCode::kFailedPrecondition:
        return grpc::StatusCode::FAILED_PRECONDITION;
      case ErrorCode::kDataLoss:
        return grpc::StatusCode::DATA_LOSS;
      // Limits of ours: another time there may be room, and clients that get this code give up.
      case ErrorCode::kResourceExhausted:
      case ErrorCode::kUnavailable:
        return grpc::StatusCode::UNAVAILABLE;
      case ErrorCode::kCancelled:
        return grpc::StatusCode::CANCELLED;
      case ErrorCode::kUnimplemented:
        return grpc::StatusCode::UNIMPLEMENTED;
      case ErrorCode::kInternal:
        break;
    }
    return grpc::StatusCode::INTERNAL;
  }();
  return {code, FullMessage(status)};
}

class Service final : public RawLedgerService::Service {
 public:
  Service(source::LedgerSource& source, memory::Budget& budget, ServerOptions options)
      : source_(source),
        budget_(budget),
        options_(std::move(options)),
        admission_(options_.admission) {}

  const ServerOptions& options() const { return options_; }

  grpc::Status StreamRawLedgers(grpc::ServerContext* context, const StreamLedgersRequest* request,
                                grpc::ServerWriter<RawLedger>* writer) override {
    int64_t ledgers = 0;
    const arrow::Status ended = Send(*context, request->start_ledger(), *writer, &ledgers);
    if (options_.metrics != nullptr && !ended.ok() && CodeOf(ended) != ErrorCode::kCancelled &&
        !options_.ending()) {
      options_.metrics->Failed(ended);
    }
    if (options_.log) {
      options_.log(Concat("raw ledgers from ", request->start_ledger(), " to ", context->peer(),
                          " ended ", ended.ok() ? "at the source's end" : FullMessage(ended), ": ",
                          ledgers, " ledgers"));
    }
    return ToGrpc(ended);
  }

 private:
  arrow::Status Send(grpc::ServerContext& context, uint32_t first,
                     grpc::ServerWriter<RawLedger>& writer, int64_t* ledgers) {
    ARROW_ASSIGN_OR_RAISE(const auto place, admission_.Enter(context.peer()));
    ARROW_ASSIGN_OR_RAISE(const auto memory,
                          budget_.Open(Concat("raw ledgers from ", first, " to ", context.peer())));
    const ops::RunningStream running(options_.metrics);
    pipeline::Options options = options_.pipeline;
    if (ops::Metrics* const metrics = options_.metrics) {
      options.on_ledger = [metrics](const pipeline::PassedLedger& ledger) {
        metrics->LedgerPassed({ledger.sequence, ledger.processing, ledger.conversion});
      };
    }
    options.range = {first, {}};
    options.memory = memory.get();
    options.stopped = [&] {
      return options_.ending() || context.IsCancelled() || !memory->Check().ok();
    };
    uint32_t next = first;
    // What ended it, where that is not what `status` says.
    const auto why = [&](const arrow::Status& status) {
      if (options_.ending()) {
        return Error(ErrorCode::kUnavailable, "the server is shutting down; go on from ledger ",
                     next, " in 10 s");
      }
      const arrow::Status short_of_memory = memory->Check();
      return short_of_memory.ok() ? status : short_of_memory;
    };
    const auto pipeline = pipeline::Pipeline::Make(source_, options);
    ARROW_RETURN_NOT_OK(why(pipeline.status()));
    RawLedger message;
    while (true) {
      const auto progress = (*pipeline)->Next(/*wait=*/true);
      ARROW_RETURN_NOT_OK(why(progress.status()));
      if (*progress == pipeline::Progress::kEnd) return arrow::Status::OK();
      const ledger::Ledger& ledger = (*pipeline)->ledger();
      message.set_sequence(ledger.sequence());
      message.set_ledger_close_meta_xdr(ledger.wire().data(), ledger.wire().size());
      if (!writer.Write(message)) {
        return Error(ErrorCode::kCancelled, "early by its client");
      }
      if (options_.metrics != nullptr) {
        options_.metrics->RawLedgerSent(static_cast<int64_t>(ledger.wire().size()));
      }
      next = ledger.sequence() + 1;
      ++*ledgers;
    }
  }

  source::LedgerSource& source_;
  memory::Budget& budget_;
  const ServerOptions options_;
  flight::Admission admission_;
};

class GrpcServer final : public Server {
 public:
  GrpcServer(source::LedgerSource& source, memory::Budget& budget, ServerOptions options)
      : service_(source, budget, std::move(options)) {}

  ~GrpcServer() override { Shutdown(std::chrono::milliseconds{0}); }

  arrow::Status Listen() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    const ServerOptions& options = service_.options();
    grpc::ServerBuilder builder;
    builder.AddListeningPort(Concat(options.listen, ":", options.port),
                             grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               kLeastPingMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, flight::kIdleSeconds * 1000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, flight::kSilenceSeconds * 1000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return Error(ErrorCode::kFailedPrecondition, "cannot listen on ", options.listen, ":",
                   options.port,
                   " (is another server there? --raw-ledger-port names another, 0 a free one)");
    }
    health_ = std::jthread([this](const std::stop_token& stop) { TellHealth(stop); });
    return arrow::Status::OK();
  }

  int port() const override { return port_; }

  void Shutdown(std::chrono::milliseconds timeout) override {
    health_.request_stop();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + timeout);
  }

 private:
  void TellHealth(const std::stop_token& stop) {
    std::optional<bool> told;
    do {
      const ServerOptions& options = service_.options();
      const bool serving = !options.ending() && options.serving();
      if (told != serving) server_->GetHealthCheckService()->SetServingStatus(serving);
      told = serving;
    } while (SleepFor(kHealthInterval, stop));
  }

  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::jthread health_;  // last: it uses all of the above
};

}  // namespace

arrow::Result<std::unique_ptr<Server>> Server::Make(source::LedgerSource& source,
                                                    memory::Budget& budget, ServerOptions options) {
  auto server = std::make_unique<GrpcServer>(source, budget, std::move(options));
  ARROW_RETURN_NOT_OK(server->Listen());
  return server;
}

}  // namespace stellar_arrow::raw_ledger

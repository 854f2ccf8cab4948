#include "stellar_arrow/flight/server.h"

#include <arrow/buffer.h>
#include <arrow/flight/server.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/stop_when.h"
#include "stellar_arrow/checkpoint/actions.h"
#include "stellar_arrow/flight/dead_peers.h"
#include "stellar_arrow/flight/stream_count.h"
#include "stellar_arrow/flight/wire_error.h"
#include "stellar_arrow/stream/request.h"
#include "stellar_arrow/tables/catalog.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::flight {
namespace {

namespace af = arrow::flight;

arrow::Status ShuttingDown(std::optional<uint32_t> next = {}) {
  return Error(ErrorCode::kUnavailable, "the server is shutting down",
               next ? "" : "; ask another one, or this one again in 10 s");
}

// What a client may say in place of its request's field, and what it is told.
constexpr std::string_view kCompressionHeader = "x-compression-type";
constexpr std::string_view kBatchSizeHeader = "x-batch-size";
// Where to go on from, in place of the request's field.
constexpr std::string_view kCursorHeader = "x-resume-cursor";
// The name that the stream's place is kept under; told to every client.
constexpr std::string_view kCheckpointHeader = "x-checkpoint-id";

// What `parse` makes of a header of a call, if that is there.
template <typename T>
arrow::Result<std::optional<T>> FromHeader(const af::ServerCallContext& context,
                                           std::string_view name,
                                           arrow::Result<T> (*parse)(std::string_view)) {
  const af::CallHeaders& headers = context.incoming_headers();
  const auto [begin, end] = headers.equal_range(name);
  if (begin == end) return std::nullopt;
  if (std::next(begin) != end) {
    return Error(ErrorCode::kInvalidArgument, "the header ", name, " is there twice");
  }
  auto parsed = parse(begin->second);
  if (!parsed.ok()) return WithContext(parsed.status(), Concat("header ", name));
  return *std::move(parsed);
}

// What was asked for, wherever it begins.
std::string NameOf(stream::Request request) {
  request.cursor.reset();
  return stream::ToTicket(request);
}

// A subscription as Flight sends it. The call's context lives as long as the stream does.
class BatchStream final : public af::FlightDataStream {
 public:
  BatchStream(std::unique_ptr<Admission::Place> place, std::unique_ptr<memory::StreamMemory> memory,
              std::unique_ptr<StreamCount> count,
              std::unique_ptr<checkpoint::Checkpoints::Stream> checkpoint,
              std::unique_ptr<stream::Subscription> subscription, stream::Cursor cursor,
              std::string request, const std::atomic<bool>& draining,
              const std::function<void(const std::string&)>& log)
      : place_(std::move(place)),
        memory_(std::move(memory)),
        count_(std::move(count)),
        checkpoint_(std::move(checkpoint)),
        subscription_(std::move(subscription)),
        mapper_(*subscription_->schema(0)),
        cursor_(std::move(cursor)),
        request_(std::move(request)),
        draining_(draining),
        log_(log) {}

  ~BatchStream() override {
    const stream::Counters counters = subscription_->counters();
    // Who reads that it has ended finds its checkpoint written.
    subscription_.reset();
    checkpoint_.reset();
    if (!log_) return;
    log_(Concat(
        "stream ", request_, " ended ",
        ended_.ok() ? finished_ ? "at its end" : "early by its client" : FullMessage(ended_), ": ",
        counters.ledgers, " ledgers, ", counters.bytes_raw, " bytes of XDR, made ",
        counters.batches, " batches of ", counters.bytes_rows, " bytes, ", counters.bytes_sent,
        " as sent, encoded in ",
        std::chrono::duration_cast<std::chrono::milliseconds>(counters.encoding).count(), " ms"));
  }

  std::shared_ptr<arrow::Schema> schema() override { return subscription_->schema(0); }

  arrow::Result<af::FlightPayload> GetSchemaPayload() override {
    af::FlightPayload payload;
    ARROW_RETURN_NOT_OK(arrow::ipc::GetSchemaPayload(
        *schema(), arrow::ipc::IpcWriteOptions::Defaults(), mapper_, &payload.ipc_message));
    return payload;
  }

  arrow::Result<af::FlightPayload> Next() override {
    af::FlightPayload payload;  // an empty one ends the stream
    auto batch = subscription_->Next();
    if (!batch.ok()) {
      const std::optional<uint32_t> next = subscription_->next_ledger();
      ended_ = draining_                ? ShuttingDown(next)
               : !memory_->Check().ok() ? memory_->Check()
                                        : batch.status();
      if (!draining_ && CodeOf(ended_) != ErrorCode::kCancelled) count_->Failed(ended_);
      return ToWire(ended_, next);
    }
    finished_ = !batch->has_value();
    if (*batch) {
      count_->Sent(**batch);
      payload.ipc_message = *(*batch)->payload;
      cursor_.at = (*batch)->position;
      if (checkpoint_) checkpoint_->Sent(cursor_.at, payload.ipc_message.body_length);
      payload.app_metadata = arrow::Buffer::FromString(stream::ToJson(cursor_));
    }
    return payload;
  }

 private:
  const std::unique_ptr<Admission::Place> place_;  // destroyed last
  const std::unique_ptr<memory::StreamMemory> memory_;
  const std::unique_ptr<StreamCount> count_;
  std::unique_ptr<checkpoint::Checkpoints::Stream> checkpoint_;  // null: none is kept
  std::unique_ptr<stream::Subscription> subscription_;
  const arrow::ipc::DictionaryFieldMapper mapper_;
  stream::Cursor cursor_;  // of the last batch
  const std::string request_;
  const std::atomic<bool>& draining_;
  const std::function<void(const std::string&)>& log_;
  bool finished_ = false;
  arrow::Status ended_;
};

class Service final : public af::FlightServerBase {
 public:
  Service(source::LedgerSource& source, memory::Budget& budget, ServerOptions options)
      : source_(source),
        budget_(budget),
        options_(std::move(options)),
        admission_(options_.admission),
        checkpoints_(options_.checkpoints),
        pipeline_(options_.pipeline) {
    pipeline_.stopped = [this] { return draining_.load(); };  // while the network is looked for
  }

  Admission& admission() { return admission_; }
  checkpoint::Checkpoints& checkpoints() { return checkpoints_; }
  const checkpoint::Checkpoints& checkpoints() const { return checkpoints_; }
  bool draining() const { return draining_; }
  // False if it has begun already.
  bool BeginDraining() { return !draining_.exchange(true); }

  arrow::Status ListFlights(const af::ServerCallContext&, const af::Criteria*,
                            std::unique_ptr<af::FlightListing>* listings) override {
    return Answer([&]() -> arrow::Status {
      std::vector<af::FlightInfo> infos;
      for (const tables::Table* table : tables::Catalog()) {
        stream::Request request;
        request.table = table->name();
        ARROW_ASSIGN_OR_RAISE(auto info,
                              InfoOf(request, af::FlightDescriptor::Path({request.table}), {}));
        infos.push_back(std::move(info));
      }
      *listings = std::make_unique<af::SimpleFlightListing>(std::move(infos));
      return arrow::Status::OK();
    });
  }

  arrow::Status GetFlightInfo(const af::ServerCallContext&, const af::FlightDescriptor& descriptor,
                              std::unique_ptr<af::FlightInfo>* info) override {
    return Answer([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const stream::Request request, RequestOf(descriptor));
      ARROW_ASSIGN_OR_RAISE(const LedgerRange range, stream::ResolveRange(request, source_));
      ARROW_ASSIGN_OR_RAISE(auto made, InfoOf(request, descriptor, range));
      *info = std::make_unique<af::FlightInfo>(std::move(made));
      return arrow::Status::OK();
    });
  }

  arrow::Status GetSchema(const af::ServerCallContext&, const af::FlightDescriptor& descriptor,
                          std::unique_ptr<af::SchemaResult>* schema) override {
    return Answer([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const stream::Request request, RequestOf(descriptor));
      ARROW_ASSIGN_OR_RAISE(const auto found, SchemaOf(request));
      return af::SchemaResult::Make(*found).Value(schema);
    });
  }

  arrow::Status DoGet(const af::ServerCallContext& context, const af::Ticket& ticket,
                      std::unique_ptr<af::FlightDataStream>* stream) override {
    return Answer([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(stream::Request request, RequestOf(context, ticket));
      ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(request.table));
      ARROW_ASSIGN_OR_RAISE(auto place, admission_.Enter(context.peer()));
      ARROW_ASSIGN_OR_RAISE(const auto named,
                            FromHeader(context, kCheckpointHeader, &checkpoint::ParseId));
      const std::string id = named ? *named : checkpoint::Checkpoints::MakeId(request.table);
      const checkpoint::Checkpoints::Use in_use(checkpoints_, id);
      std::optional<checkpoint::Checkpoint> kept;
      if (named) {
        ARROW_ASSIGN_OR_RAISE(kept, checkpoints_.Find(id));
      }
      // The client knows better than what is kept for it.
      const bool from_checkpoint = kept && !request.cursor;
      if (from_checkpoint) request.cursor = kept->cursor;
      const auto about_checkpoint = [&](const arrow::Status& status) {
        const bool misfit = !status.ok() && (CodeOf(status) == ErrorCode::kFailedPrecondition ||
                                             CodeOf(status) == ErrorCode::kOutOfRange);
        return from_checkpoint && misfit ? WithContext(status, Concat("checkpoint ", Quoted(id)))
                                         : status;
      };
      std::string name = NameOf(request);
      checkpoint::Checkpoint begun{.id = id, .end = request.end, .request = name};
      if (request.cursor) name += Concat(" from ledger ", request.cursor->next());
      ARROW_ASSIGN_OR_RAISE(auto memory, budget_.Open(Concat(name, " to ", context.peer())));
      stream::Subscription::Options options;
      options.tables = {table};
      options.columns = {request.columns};
      // Nobody waits for a source on behalf of a client that has left.
      const auto left = [this, &context] { return draining_ || context.is_cancelled(); };
      options.pipeline = PipelineOptions(left);
      options.batch = options_.batch;
      ARROW_ASSIGN_OR_RAISE(const auto asked,
                            FromHeader(context, kCompressionHeader, &stream::ParseCompression));
      const auto compression = request.compression.value_or(asked.value_or(options_.compression));
      ARROW_ASSIGN_OR_RAISE(options.ipc,
                            stream::IpcOptionsOf(compression, options_.compression_level));
      if (request.cursor) {
        ARROW_RETURN_NOT_OK(about_checkpoint(CheckNetwork(*request.cursor, options.pipeline)));
        options.after = request.cursor->at;
      }
      const auto range = stream::ResolveRange(request, source_, StopWhen(left).token());
      if (!range.ok()) return about_checkpoint(range.status());
      options.pipeline.range = *range;
      options.pipeline.memory = memory.get();
      options.pool = memory->pool(memory::Stage::kColumns);
      options.pipeline.stopped = [left, memory = memory.get()] {
        return left() || !memory->Check().ok();
      };
      stream::Cursor cursor{.table = request.table, .schema = std::string(table->schema_version())};
      if (options.pipeline.network) cursor.network = options.pipeline.network->id;
      if (kept) ARROW_RETURN_NOT_OK(checkpoint::CheckSame(*kept, cursor));
      if (ops::Metrics* const metrics = options_.metrics) {
        options.pipeline.on_ledger = [metrics](const pipeline::PassedLedger& ledger) {
          metrics->LedgerPassed({ledger.sequence, ledger.processing, ledger.conversion});
        };
      }
      auto subscription = stream::Subscription::Make(source_, std::move(options));
      if (!subscription.ok()) {
        ARROW_RETURN_NOT_OK(memory->Check());
        return about_checkpoint(subscription.status());
      }
      begun.start = kept ? kept->start : range->first;
      begun.bytes = kept ? kept->bytes : 0;
      begun.cursor = cursor;
      auto count = std::make_unique<StreamCount>(options_.metrics, table->name(), compression);
      *stream = std::make_unique<BatchStream>(
          std::move(place), std::move(memory), std::move(count),
          checkpoints_.Begin(std::move(begun), named.has_value()), *std::move(subscription),
          std::move(cursor), std::move(name), draining_, options_.log);
      context.AddHeader(std::string(kCheckpointHeader), id);
      context.AddHeader(std::string(kCompressionHeader),
                        std::string(stream::CompressionName(compression)));
      context.AddHeader(std::string(kBatchSizeHeader), std::to_string(options_.batch.rows));
      return arrow::Status::OK();
    });
  }

  // The calls that there is no answer to. Arrow's own refusals do not begin with their code.

  arrow::Status PollFlightInfo(const af::ServerCallContext&, const af::FlightDescriptor&,
                               std::unique_ptr<af::PollInfo>*) override {
    return Unanswered("PollFlightInfo", "ask GetFlightInfo, which answers at once");
  }
  arrow::Status DoPut(const af::ServerCallContext&, std::unique_ptr<af::FlightMessageReader>,
                      std::unique_ptr<af::FlightMetadataWriter>) override {
    return Unanswered("DoPut", "the server takes no rows");
  }
  arrow::Status DoExchange(const af::ServerCallContext&, std::unique_ptr<af::FlightMessageReader>,
                           std::unique_ptr<af::FlightMessageWriter>) override {
    return Unanswered("DoExchange", "the server takes no rows; ask with DoGet");
  }
  arrow::Status DoAction(const af::ServerCallContext&, const af::Action& action,
                         std::unique_ptr<af::ResultStream>* results) override {
    const std::string_view body =
        action.body == nullptr ? std::string_view() : std::string_view(*action.body);
    return Answer([&]() -> arrow::Status {
      if (body.size() > stream::kMaxRequestBytes) {
        return Error(ErrorCode::kInvalidArgument, "the body has ", body.size(), " bytes; at most ",
                     stream::kMaxRequestBytes, " are read");
      }
      const auto check = [this](const stream::Cursor& cursor) -> arrow::Status {
        ARROW_RETURN_NOT_OK(tables::FindTable(cursor.table).status());
        return CheckNetwork(cursor, PipelineOptions());
      };
      ARROW_ASSIGN_OR_RAISE(const auto replies,
                            checkpoint::Act(action.type, body, checkpoints_, check));
      std::vector<af::Result> sent(replies.size());
      for (size_t i = 0; i < replies.size(); ++i) {
        sent[i].body = arrow::Buffer::FromString(replies[i]);
      }
      *results = std::make_unique<af::SimpleResultStream>(std::move(sent));
      return arrow::Status::OK();
    });
  }
  arrow::Status ListActions(const af::ServerCallContext&,
                            std::vector<af::ActionType>* actions) override {
    return Answer([&] {
      actions->clear();
      for (const checkpoint::Action& action : checkpoint::Actions()) {
        actions->push_back({std::string(action.type), std::string(action.doc)});
      }
      return arrow::Status::OK();
    });
  }

 private:
  // What every call goes through: `make` answers it, and fails with a status of our own.
  template <typename Make>
  arrow::Status Answer(Make make) {
    if (draining_) return ToWire(ShuttingDown());
    const arrow::Status made = make();
    const bool left = !made.ok() && CodeOf(made) == ErrorCode::kCancelled;
    if (left && draining_) return ToWire(ShuttingDown());
    if (!made.ok()) {
      if (options_.metrics != nullptr && !left) options_.metrics->Failed(made);
      if (options_.log) {
        options_.log(Concat("refused: ", ErrorCodeName(CodeOf(made)), ": ", FullMessage(made)));
      }
    }
    return ToWire(made);
  }

  arrow::Status Unanswered(std::string_view call, std::string_view advice) {
    return Answer(
        [&] { return Error(ErrorCode::kUnimplemented, call, " has no answer; ", advice); });
  }

  static arrow::Result<stream::Request> RequestOf(const af::FlightDescriptor& descriptor) {
    switch (descriptor.type) {
      case af::FlightDescriptor::PATH:
        return stream::ParseRequestPath(descriptor.path);
      case af::FlightDescriptor::CMD:
        return stream::ParseRequest(descriptor.cmd);
      case af::FlightDescriptor::UNKNOWN:
        break;
    }
    return Error(ErrorCode::kInvalidArgument, "the descriptor is neither a path nor a command");
  }

  static arrow::Result<stream::Request> RequestOf(const af::ServerCallContext& context,
                                                  const af::Ticket& ticket) {
    ARROW_ASSIGN_OR_RAISE(stream::Request request, stream::ParseRequest(ticket.ticket));
    ARROW_ASSIGN_OR_RAISE(auto cursor, FromHeader(context, kCursorHeader, &stream::ParseCursor));
    if (cursor && request.cursor) {
      return Error(ErrorCode::kInvalidArgument, "there is a cursor in the request and another in ",
                   "the header ", kCursorHeader, "; send one");
    }
    if (cursor) request.cursor = std::move(cursor);
    return request;
  }

  // Where both are known.
  arrow::Status CheckNetwork(const stream::Cursor& cursor, const pipeline::Options& options) const {
    if (!cursor.network || !options.network || *cursor.network == options.network->id) {
      return arrow::Status::OK();
    }
    return Error(ErrorCode::kFailedPrecondition, "the cursor is of the network with the id ",
                 text::EncodeHex(*cursor.network), ", but ", source_.name(), " is of ",
                 options.network->ToString(), ", whose id is ",
                 text::EncodeHex(options.network->id));
  }

  // The options of a stream, with the network if it is known. It is looked for until there are
  // ledgers, so that every door tells the same schema and no call pays for it again. Calls look
  // side by side: where the source does not answer, they are all told so at the same time.
  pipeline::Options PipelineOptions(const std::function<bool()>& left = {}) {
    std::unique_lock lock(mutex_);
    if (searched_) return pipeline_;
    pipeline::Options options = pipeline_;
    lock.unlock();
    if (left) options.stopped = left;
    const auto extent = source_.GetExtent(StopWhen(options.stopped).token());
    // What is wrong with the source is told by the stream that reads it.
    const bool found =
        extent.ok() && extent->first && pipeline::FindNetwork(source_, &options).ok();
    lock.lock();
    if (found && !searched_) {
      options.stopped = pipeline_.stopped;
      pipeline_ = std::move(options);
      searched_ = true;
    }
    return pipeline_;
  }

  arrow::Result<std::shared_ptr<arrow::Schema>> SchemaOf(const stream::Request& request) {
    ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(request.table));
    const pipeline::Options options = PipelineOptions();
    tables::Selection selection{request.columns};
    if (options.network) selection.network = options.network->passphrase;
    return table->Schema(selection);
  }

  arrow::Result<af::FlightEndpoint> EndpointOf(const stream::Request& request) const {
    af::FlightEndpoint endpoint;
    endpoint.ticket.ticket = stream::ToTicket(request);
    if (!options_.advertise.empty()) {
      ARROW_ASSIGN_OR_RAISE(endpoint.locations.emplace_back(),
                            af::Location::Parse(options_.advertise));
    }
    return endpoint;
  }

  // `range` is what the request means now.
  arrow::Result<af::FlightInfo> InfoOf(const stream::Request& request,
                                       const af::FlightDescriptor& descriptor, LedgerRange range) {
    ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(request.table));
    ARROW_ASSIGN_OR_RAISE(const auto schema, SchemaOf(request));
    std::vector<af::FlightEndpoint> endpoints;
    const bool closed = range.last && range.first != 0;
    const uint64_t ledgers = closed ? uint64_t{*range.last} - range.first + 1 : 0;
    if (closed && request.endpoints > 1) {
      // Disjoint ranges that differ by one ledger at most, none of them empty.
      const uint64_t parts = std::min<uint64_t>(request.endpoints, ledgers);
      for (uint64_t part = 0; part < parts; ++part) {
        stream::Request piece = request;
        piece.endpoints = 1;
        piece.start_at = stream::StartAt::kSequence;
        piece.start = static_cast<uint32_t>(range.first + ledgers * part / parts);
        piece.end = static_cast<uint32_t>(range.first + ledgers * (part + 1) / parts - 1);
        ARROW_ASSIGN_OR_RAISE(endpoints.emplace_back(), EndpointOf(piece));
      }
    } else {
      ARROW_ASSIGN_OR_RAISE(endpoints.emplace_back(), EndpointOf(request));
    }
    const int64_t records =
        closed && table->one_row_per_ledger() ? static_cast<int64_t>(ledgers) : -1;
    return af::FlightInfo::Make(*schema, descriptor, endpoints, records, /*total_bytes=*/-1,
                                /*ordered=*/true);
  }

  source::LedgerSource& source_;
  memory::Budget& budget_;
  const ServerOptions options_;
  Admission admission_;
  checkpoint::Checkpoints checkpoints_;
  std::mutex mutex_;
  pipeline::Options pipeline_;  // guarded by mutex_, as is the next
  bool searched_ = false;       // for the network
  std::atomic<bool> draining_ = false;
};

class FlightServer final : public Server {
 public:
  FlightServer(source::LedgerSource& source, memory::Budget& budget, ServerOptions options)
      : service_(source, budget, std::move(options)) {}

  arrow::Status Listen(const std::string& address, int port) {
    ARROW_ASSIGN_OR_RAISE(const auto location, af::Location::ForGrpcTcp(address, port));
    const arrow::Status listening = service_.Init(af::FlightServerOptions(location));
    if (listening.ok()) {
      ARROW_RETURN_NOT_OK(DetectDeadPeers(service_.port()));
      return service_.checkpoints().Start(Concat("grpc://", address, ":", service_.port()));
    }
    return Error(
        ErrorCode::kFailedPrecondition, "cannot listen on ", address, ":", port,
        " (is another server there? --port names another, 0 a free one): ", listening.message());
  }

  int port() const override { return service_.port(); }
  arrow::Status Serve() override { return service_.Serve(); }
  bool draining() const override { return service_.draining(); }
  const checkpoint::Checkpoints& checkpoints() const override { return service_.checkpoints(); }
  arrow::Status Drain(std::chrono::milliseconds timeout) override {
    if (!service_.BeginDraining()) return arrow::Status::OK();
    // Streams end by themselves, but for those that wait for their client to read.
    service_.admission().WaitForNone(timeout * 8 / 10);
    // Time for the last words on their way, then all is cut.
    const auto deadline = std::chrono::system_clock::now() + timeout / 10;
    return service_.Shutdown(&deadline);
  }

 private:
  Service service_;
};

}  // namespace

arrow::Result<std::unique_ptr<Server>> Server::Make(source::LedgerSource& source,
                                                    memory::Budget& budget, ServerOptions options) {
  const std::string listen = options.listen;
  const int port = options.port;
  if (!options.advertise.empty()) {
    ARROW_RETURN_NOT_OK(af::Location::Parse(options.advertise).status());
  }
  auto server = std::make_unique<FlightServer>(source, budget, std::move(options));
  ARROW_RETURN_NOT_OK(server->Listen(listen, port));
  return server;
}

}  // namespace stellar_arrow::flight

#include "stellar_arrow/source/grpc_source.h"

#include <arrow/buffer.h>
#include <arrow/util/io_util.h>
#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/protos/health.grpc.pb.h"
#include "stellar_arrow/protos/raw_ledger_service.grpc.pb.h"
#include "stellar_arrow/source/answer_cache.h"
#include "stellar_arrow/source/object_bytes.h"
#include "stellar_arrow/source/taken_ledgers.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;
using raw_ledger_service::RawLedger;
using raw_ledger_service::RawLedgerService;
using HealthService = grpc::health::v1::Health;
using std::chrono::milliseconds;

constexpr milliseconds kConnectTime{5'000};
constexpr milliseconds kCheckTime{3'000};
// How long whoever asks what the source has waits for one that fails.
constexpr milliseconds kAnswerBudget{5'000};
// A service that sends nothing for so long has nothing more for now. Once that is known it is not
// waited for again, until so many ledgers have come without a pause.
constexpr milliseconds kTipPause{2'000};
constexpr int kLedgersBehindTip = 16;
// Before the first ledger of a stream services may have to start what makes them.
constexpr milliseconds kFirstLedgerTime{60'000};
// After so long without a ledger the service is asked whether it is there.
constexpr milliseconds kSilence{15'000};
// Between two streams that ended at once and well.
constexpr milliseconds kReopenPause{1'000};

arrow::Status FromGrpc(const grpc::Status& status, const std::string& name) {
  const auto say = [&](ErrorCode code, const char* advice = "") {
    return Error(code, name, ": ", Quoted(status.error_message(), kMostOfOthers), advice);
  };
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return arrow::Status::OK();
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return arrow::internal::IOErrorFromErrno(ETIMEDOUT, name, " did not answer in time");
    case grpc::StatusCode::INVALID_ARGUMENT:
      return say(ErrorCode::kInvalidArgument);
    case grpc::StatusCode::NOT_FOUND:
      return say(ErrorCode::kNotFound);
    case grpc::StatusCode::OUT_OF_RANGE:
      return say(ErrorCode::kOutOfRange);
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return say(ErrorCode::kFailedPrecondition);
    case grpc::StatusCode::DATA_LOSS:
      return say(ErrorCode::kDataLoss);
    // Of a service that is busy, which passes; or of a message that is too big, which does not, but
    // the code is the same.
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return say(ErrorCode::kUnavailable,
                 "; where that is a message's size, --max-object-bytes allows more");
    case grpc::StatusCode::UNIMPLEMENTED:
      return say(ErrorCode::kUnimplemented, "; is it a raw_ledger_service.RawLedgerService?");
    // What services say when what they stand on fails, and gRPC when a connection does.
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::CANCELLED:
    default:
      return say(ErrorCode::kUnavailable);
  }
}

// A connection to the service, which opens itself anew where it is seen to be cut.
struct Connection {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<RawLedgerService::Stub> ledgers;
  std::unique_ptr<HealthService::Stub> health;
};

class Service {
 public:
  Service(std::string endpoint, std::string name, const SourceOptions& options)
      : endpoint_(std::move(endpoint)), name_(std::move(name)), recovery_(name_, options.recovery) {
    arguments_.SetMaxReceiveMessageSize(
        static_cast<int>(std::min<int64_t>(options.max_object_bytes, INT_MAX)));
    // When to try again is for Recovery to say.
    arguments_.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(kConnectTime.count()));
    arguments_.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments_.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    connection_ = Open();
  }

  const std::string& name() const { return name_; }
  Recovery& recovery() { return recovery_; }
  const Recovery& recovery() const { return recovery_; }

  std::shared_ptr<Connection> connection() {
    const std::lock_guard lock(mutex_);
    // One that could not be opened fails every call at once from then on, and as gRPC works within
    // calls only, it would not be opened between them.
    if (connection_->channel->GetState(/*try_to_connect=*/false) ==
        GRPC_CHANNEL_TRANSIENT_FAILURE) {
      connection_ = Open();
    }
    return connection_;
  }

  // Has the next call open another connection than `dead`, on which nothing comes any more: nobody
  // else notices that, where the peer is gone without a word.
  void Drop(const std::shared_ptr<Connection>& dead) {
    const std::lock_guard lock(mutex_);
    if (connection_ == dead) connection_ = Open();
  }

 private:
  std::shared_ptr<Connection> Open() const {
    auto channel =
        grpc::CreateCustomChannel(endpoint_, grpc::InsecureChannelCredentials(), arguments_);
    return std::make_shared<Connection>(
        Connection{channel, RawLedgerService::NewStub(channel), HealthService::NewStub(channel)});
  }

  const std::string endpoint_;
  const std::string name_;
  Recovery recovery_;
  grpc::ChannelArguments arguments_;
  std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
};

// What the service is known to have.
constexpr Extent kUnknown{{}, {}, /*grows=*/true};

// One attempt to learn whether the service is there. That it does not know the question is an
// answer, too.
arrow::Result<Extent> AskHealth(Service& service, const Patience& patience) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience.Within(kCheckTime));
  const std::stop_callback cancel(patience.stop, [&context] { context.TryCancel(); });
  grpc::health::v1::HealthCheckResponse answer;
  const auto connection = service.connection();
  const grpc::Status status = connection->health->Check(&context, {}, &answer);
  if (patience.stop.stop_requested()) {
    return Error(ErrorCode::kCancelled, "reading ", service.name(), " was cancelled");
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) service.Drop(connection);
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return FromGrpc(status, service.name());
  }
  if (status.ok() && answer.status() == grpc::health::v1::HealthCheckResponse::NOT_SERVING) {
    return Error(ErrorCode::kUnavailable, service.name(), " says that it does not serve for now");
  }
  return kUnknown;
}

// One StreamRawLedgers call. Not more than one message is asked for, so what waits is bounded by
// that and by HTTP/2's window. Used by one thread at a time, but for the stop token.
class Call {
 public:
  enum class Event { kLedger, kNothing, kEnd };

  Call(Service& service, uint32_t first, const std::stop_token& stop)
      : connection_(service.connection()), cancel_(stop, [this] { context_.TryCancel(); }) {
    raw_ledger_service::StreamLedgersRequest request;
    request.set_start_ledger(first);
    reader_ = connection_->ledgers->PrepareAsyncStreamRawLedgers(&context_, request, &queue_);
    reader_->StartCall(nullptr);
  }

  ~Call() {
    context_.TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  // What comes within `wait`.
  Event Poll(milliseconds wait) {
    const auto until = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_millis(wait.count(), GPR_TIMESPAN));
    while (step_ != Step::kEnded) {
      if (step_ == Step::kIdle) {
        step_ = Step::kReading;
        reader_->Read(&message_, nullptr);
      }
      void* tag = nullptr;
      bool ok = false;
      if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) {
        return Event::kNothing;
      }
      switch (step_) {
        case Step::kStarting:
        case Step::kReading: {
          const bool ledger = ok && step_ == Step::kReading;
          step_ = ok ? Step::kIdle : Step::kEnding;
          if (!ok) reader_->Finish(&status_, nullptr);
          if (ledger) return Event::kLedger;
          break;
        }
        case Step::kEnding:
        case Step::kIdle:
        case Step::kEnded:
          step_ = Step::kEnded;
          break;
      }
    }
    return Event::kEnd;
  }

  const std::shared_ptr<Connection>& connection() const { return connection_; }
  // After kLedger.
  const RawLedger& message() const { return message_; }
  // After kEnd.
  const grpc::Status& status() const { return status_; }

 private:
  enum class Step { kStarting, kIdle, kReading, kEnding, kEnded };

  const std::shared_ptr<Connection> connection_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<RawLedger>> reader_;
  Step step_ = Step::kStarting;
  RawLedger message_;
  grpc::Status status_;
  std::stop_callback<std::function<void()>> cancel_;
};

class GrpcStream final : public ObjectStream {
 public:
  GrpcStream(std::shared_ptr<Service> service, LedgerRange range, GapPolicy gaps,
             arrow::MemoryPool* pool)
      : service_(std::move(service)),
        first_(range.first),
        next_(range.first),
        last_(range.last),
        gaps_(gaps),
        pool_(pool) {}

  arrow::Result<Fetched> Next() override {
    while (!done_ && !stop_.stop_requested()) {
      bool came = false;
      if (!IsIdle()) {
        ARROW_ASSIGN_OR_RAISE(came, service_->recovery().Run({.stop = stop_.get_token()},
                                                             [this] { return Receive(); }));
      }
      if (came) {
        ARROW_ASSIGN_OR_RAISE(auto object, Take(call_->message()));
        if (object) return Fetched{Fetched::State::kObject, *std::move(object), {}};
      } else if (at_tip_) {
        return Fetched{Fetched::State::kNotYet,
                       {},
                       Concat(service_->name(), " has not sent ledger ", next_, " yet")};
      }
    }
    call_.reset();
    return Fetched{};
  }

  void Wait(int64_t most) override {
    if (call_ != nullptr && !event_) {
      event_ = call_->Poll(milliseconds(most));
      if (*event_ == Call::Event::kNothing) event_.reset();
    } else if (call_ == nullptr) {
      std::this_thread::sleep_for(milliseconds(most));
    }
  }

  void Cancel() override { stop_.request_stop(); }

 private:
  // Whether there is nothing to do for now: the service was heard not long ago, and sends nothing.
  // That says nothing new of it, so Recovery is not told.
  bool IsIdle() {
    if (call_ == nullptr) return Clock::now() < reopen_at_;
    if (!event_) event_ = call_->Poll(at_tip_ ? milliseconds{0} : kTipPause);
    if (*event_ != Call::Event::kNothing) return false;
    event_.reset();
    const auto now = Clock::now();
    without_pause_ = 0;
    at_tip_ = at_tip_ || of_call_ > 0 || now - heard_ >= kFirstLedgerTime;
    return now - alive_ < kSilence && call_->connection() == service_->connection();
  }

  // Whether a ledger came; if not the service is there and has none for a while. One attempt: what
  // fails ends the call, and the next attempt goes on from the next ledger.
  arrow::Result<bool> Receive() {
    if (call_ == nullptr) {
      call_ = std::make_unique<Call>(*service_, next_, stop_.get_token());
      event_.reset();
      of_call_ = 0;
      heard_ = Clock::now();
    }
    const Call::Event event = event_ ? *event_ : call_->Poll(kTipPause);
    event_.reset();
    if (stop_.stop_requested()) {
      return Error(ErrorCode::kCancelled, "reading ", service_->name(), " was cancelled");
    }
    switch (event) {
      case Call::Event::kLedger:
        heard_ = alive_ = Clock::now();
        ++of_call_;
        if (++without_pause_ >= kLedgersBehindTip) at_tip_ = false;
        return true;
      case Call::Event::kNothing:
        return MindTheSilence();
      case Call::Event::kEnd:
        break;
    }
    const grpc::Status status = call_->status();
    call_.reset();
    if (!status.ok()) return FromGrpc(status, service_->name());
    // The service is said to be endless, so either a proxy has had enough, or it has no more.
    if (of_call_ > 0) return Error(ErrorCode::kUnavailable, service_->name(), " ended the stream");
    reopen_at_ = Clock::now() + kReopenPause;
    at_tip_ = true;
    return false;
  }

  // Asks whether anybody is there, on behalf of a call that brings nothing.
  arrow::Result<bool> MindTheSilence() {
    const arrow::Status alive = call_->connection() == service_->connection()
                                    ? AskHealth(*service_, {.stop = stop_.get_token()}).status()
                                    : Error(ErrorCode::kUnavailable, service_->name(),
                                            " does not answer on the connection any more");
    if (!alive.ok()) {
      call_.reset();
      return alive;
    }
    alive_ = Clock::now();
    return false;
  }

  // What a message holds; absent: it is not wanted.
  arrow::Result<std::optional<Object>> Take(const RawLedger& message) {
    const std::string& name = service_->name();
    const xdr::Bytes bytes(reinterpret_cast<const uint8_t*>(message.ledger_close_meta_xdr().data()),
                           message.ledger_close_meta_xdr().size());
    const auto id =
        ledger::PeekLedger(bytes.first(std::min(bytes.size(), ledger::kMaxHeaderBytes)));
    const uint32_t sequence = message.sequence();
    if (!id || id->sequence != sequence) {
      return LedgerError(ErrorCode::kDataLoss, sequence, "ledger ", sequence, ": what ", name,
                         " sent for it is ",
                         id ? Concat("ledger ", id->sequence)
                            : std::string("no LedgerCloseMeta: its ledger header cannot be read"));
    }
    std::string place = Concat(name, " ledger ", sequence);
    if (sequence < next_) {
      if (sequence >= first_) ARROW_RETURN_NOT_OK(taken_.IsRepeated(*id, place));
      return std::nullopt;
    }
    if (sequence > next_ && gaps_ == GapPolicy::kFail) {
      // Services are known to go on behind an error of theirs. Asked again they may have it.
      if (missing_ == next_) {
        return GapError(next_, "ledger ", next_, " is missing: ", name, " sent ledger ", sequence,
                        " in its place, twice");
      }
      missing_ = next_;
      call_.reset();
      return std::nullopt;
    }
    done_ = (last_ && sequence >= *last_) || sequence == UINT32_MAX;
    if (last_ && sequence > *last_) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto copy, CopyOf(bytes, pool_));
    taken_.Add(*id);
    next_ = sequence + 1;
    if (done_) call_.reset();
    return Object{std::move(place), Form::kLedger, /*zstd=*/false,
                  std::move(copy),  sequence,      sequence};
  }

  const std::shared_ptr<Service> service_;
  const uint32_t first_;
  uint32_t next_;
  const std::optional<uint32_t> last_;
  const GapPolicy gaps_;
  arrow::MemoryPool* const pool_;
  std::stop_source stop_;
  TakenLedgers taken_;
  std::optional<uint32_t> missing_;  // was, when it was asked for the last time
  bool done_ = false;
  bool at_tip_ = false;    // as far as a service can be known that does not say
  int without_pause_ = 0;  // ledgers that came
  std::unique_ptr<Call> call_;
  int64_t of_call_ = 0;               // ledgers that it brought
  std::optional<Call::Event> event_;  // of it, that Wait() saw
  Clock::time_point heard_;           // when it began, or brought the last one
  Clock::time_point alive_;           // when the service was last known to be there
  Clock::time_point reopen_at_;
};

class GrpcSource final : public LedgerSource {
 public:
  explicit GrpcSource(std::shared_ptr<Service> service) : service_(std::move(service)) {}

  std::string_view name() const override { return service_->name(); }

  arrow::Result<Extent> GetExtent(const std::stop_token& stop) override {
    return extent_.Get(stop, [&] {
      const Patience patience{.until = Recovery::Clock::now() + kAnswerBudget, .stop = stop};
      return service_->recovery().Run(patience, [&] { return AskHealth(*service_, patience); });
    });
  }

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token&) override {
    if (range.first == 0) {
      return Error(ErrorCode::kInvalidArgument, service_->name(),
                   " does not say which ledgers it has: name the range's first one, as in "
                   "stellar_ledger:30822015");
    }
    return std::make_unique<GrpcStream>(service_, range, gaps, pool);
  }

  const Recovery* recovery() const override { return &service_->recovery(); }

 private:
  const std::shared_ptr<Service> service_;
  ExtentCache extent_;
};

bool IsHostAndPort(std::string_view endpoint) {
  const size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view port = endpoint.substr(colon + 1);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number >= 1 &&
         number <= 65535 && endpoint.find_first_of("/@?# ") == std::string_view::npos;
}

}  // namespace

arrow::Result<std::unique_ptr<LedgerSource>> OpenGrpc(const std::string& endpoint, std::string name,
                                                      const SourceOptions& options) {
  if (!IsHostAndPort(endpoint)) {
    return Error(ErrorCode::kInvalidArgument, "source '", name,
                 "' must be grpc://HOST:PORT, as in grpc://localhost:50053");
  }
  return std::make_unique<GrpcSource>(
      std::make_shared<Service>(endpoint, std::move(name), options));
}

}  // namespace stellar_arrow::source

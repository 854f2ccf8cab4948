// What a RawLedgerService may do to its reader: nothing is lost, doubled or taken for another
// ledger.
#include "stellar_arrow/source/grpc_source.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/protos/raw_ledger_service.grpc.pb.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {
namespace {

using raw_ledger_service::RawLedger;
using raw_ledger_service::StreamLedgersRequest;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint32_t kFirst = 100;
constexpr uint32_t kLast = 139;

using Ledgers = std::map<uint32_t, std::string>;

Ledgers MakeLedgers(const std::string& settings = "") {
  Ledgers ledgers;
  const auto source =
      OpenSource("synthetic:?start=100&count=40&transactions=1&soroban=0" + settings);
  const auto stream = (*source)->OpenStream({kFirst, kLast}, GapPolicy::kFail).ValueOrDie();
  while (true) {
    const Fetched fetched = stream->Next().ValueOrDie();
    if (fetched.state != Fetched::State::kObject) return ledgers;
    ledgers[fetched.object.first] = fetched.object.bytes->ToString();
  }
}

const Ledgers& AllLedgers() {
  static const Ledgers ledgers = MakeLedgers();
  return ledgers;
}

RawLedger Message(uint32_t sequence, const std::string& bytes) {
  RawLedger message;
  message.set_sequence(sequence);
  message.set_ledger_close_meta_xdr(bytes);
  return message;
}

// A stub of the service, which does as its script says.
class StubService final : public raw_ledger_service::RawLedgerService::Service {
 public:
  using Writer = grpc::ServerWriter<RawLedger>;
  // `call` counts from 0.
  using Script = std::function<grpc::Status(int call, uint32_t start, Writer&)>;

  explicit StubService(Script script) : script_(std::move(script)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~StubService() override {
    Stop();
    // Behind all calls, which ThreadSanitizer does not see of a library that is not made for it.
    const std::lock_guard lock(mutex_);
  }
  void Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string url() const { return "grpc://127.0.0.1:" + std::to_string(port_); }
  std::vector<uint32_t> starts() const {
    const std::lock_guard lock(mutex_);
    return starts_;
  }

  grpc::Status StreamRawLedgers(grpc::ServerContext* context, const StreamLedgersRequest* request,
                                Writer* writer) override {
    int call = 0;
    {
      const std::lock_guard lock(mutex_);
      call = static_cast<int>(starts_.size());
      starts_.push_back(request->start_ledger());
    }
    grpc::Status status = script_(call, request->start_ledger(), *writer);
    // As the service says, it has no end.
    while (status.ok() && !ends_ && !context->IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return status;
  }

  void End() { ends_ = true; }

 private:
  const Script script_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::atomic<bool> ends_ = false;
  mutable std::mutex mutex_;
  std::vector<uint32_t> starts_;
};

void Send(StubService::Writer& writer, uint32_t first, uint32_t last) {
  for (uint32_t i = first; i <= last; ++i) writer.Write(Message(i, AllLedgers().at(i)));
}

struct Pass {
  std::vector<uint32_t> ledgers;
  arrow::Status status;
  Fetched::State state = Fetched::State::kEnd;
};

Pass Read(LedgerSource& source, LedgerRange range, GapPolicy gaps = GapPolicy::kFail) {
  Pass pass;
  const auto stream = source.OpenStream(range, gaps).ValueOrDie();
  while (true) {
    const auto fetched = stream->Next();
    pass.status = fetched.status();
    if (!fetched.ok()) return pass;
    pass.state = fetched->state;
    if (pass.state != Fetched::State::kObject) return pass;
    const Object& object = fetched->object;
    EXPECT_EQ(object.bytes->ToString(), AllLedgers().at(object.first));
    pass.ledgers.push_back(object.first);
  }
}

Pass Read(const StubService& stub, LedgerRange range, GapPolicy gaps = GapPolicy::kFail) {
  return Read(**OpenSource(stub.url()), range, gaps);
}

std::vector<uint32_t> Sequences(uint32_t first, uint32_t last) {
  std::vector<uint32_t> sequences;
  for (uint32_t i = first; i <= last; ++i) sequences.push_back(i);
  return sequences;
}

TEST(GrpcSource, GivesARangeFromItsFirstLedgerToItsLast) {
  StubService stub([](int, uint32_t start, StubService::Writer& writer) {
    Send(writer, start, kLast);
    return grpc::Status::OK;
  });
  const Pass pass = Read(stub, {110, 120});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_EQ(pass.ledgers, Sequences(110, 120));
  EXPECT_EQ(pass.state, Fetched::State::kEnd);
  EXPECT_THAT(stub.starts(), ElementsAre(110));
}

TEST(GrpcSource, GoesOnWithTheNextLedgerHoweverAStreamIsCut) {
  StubService stub([](int call, uint32_t start, StubService::Writer& writer) {
    Send(writer, start, std::min(kLast, start + 9));
    static constexpr grpc::StatusCode kCodes[] = {grpc::UNAVAILABLE, grpc::INTERNAL,
                                                  grpc::RESOURCE_EXHAUSTED};
    return call < 3 ? grpc::Status(kCodes[call], "cut") : grpc::Status::OK;
  });
  const auto source = *OpenSource(stub.url());
  const Pass pass = Read(*source, {kFirst, kLast});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_EQ(pass.ledgers, Sequences(kFirst, kLast));
  EXPECT_THAT(stub.starts(), ElementsAre(100, 110, 120, 130));
  EXPECT_EQ(source->recovery()->retries().back(), 3);
}

TEST(GrpcSource, AStreamThatEndsWellBeforeItsRangeDoesIsOpenedAgain) {
  StubService stub([](int, uint32_t start, StubService::Writer& writer) {
    Send(writer, start, start + 19);
    return grpc::Status::OK;
  });
  stub.End();
  const Pass pass = Read(stub, {kFirst, kLast});
  EXPECT_EQ(pass.ledgers, Sequences(kFirst, kLast));
  EXPECT_THAT(stub.starts(), ElementsAre(100, 120));
}

TEST(GrpcSource, ALedgerThatIsPassedOverIsAskedForOnceMore) {
  for (const bool always : {false, true}) {
    StubService stub([&](int call, uint32_t start, StubService::Writer& writer) {
      for (uint32_t i = start; i <= kLast; ++i) {
        if (i == 105 && (call == 0 || always)) continue;
        writer.Write(Message(i, AllLedgers().at(i)));
      }
      return grpc::Status::OK;
    });
    const Pass pass = Read(stub, {kFirst, kLast});
    EXPECT_THAT(stub.starts(), ElementsAre(100, 105));
    if (always) {
      EXPECT_EQ(pass.ledgers, Sequences(100, 104));
      ASSERT_NE(DetailOf(pass.status), nullptr) << pass.status;
      EXPECT_TRUE(DetailOf(pass.status)->gap());
      EXPECT_EQ(DetailOf(pass.status)->ledger(), 105U);
    } else {
      EXPECT_EQ(pass.ledgers, Sequences(kFirst, kLast));
    }
  }
}

TEST(GrpcSource, LedgersThatComeAgainAreDroppedIfTheyAreTheSame) {
  StubService same([](int, uint32_t, StubService::Writer& writer) {
    Send(writer, 100, 110);
    Send(writer, 105, kLast);
    return grpc::Status::OK;
  });
  EXPECT_EQ(Read(same, {102, kLast}).ledgers, Sequences(102, kLast));

  // Of those before the range nothing is known, in a later call as little as in the first.
  StubService older([](int call, uint32_t, StubService::Writer& writer) {
    Send(writer, 100, call == 0 ? 110 : kLast);
    return call == 0 ? grpc::Status(grpc::UNAVAILABLE, "cut") : grpc::Status::OK;
  });
  const Pass all = Read(older, {105, kLast});
  EXPECT_EQ(all.ledgers, Sequences(105, kLast)) << all.status;

  const Ledgers other = MakeLedgers("&seed=2");
  StubService another([&](int, uint32_t, StubService::Writer& writer) {
    Send(writer, 100, 110);
    writer.Write(Message(108, other.at(108)));
    return grpc::Status::OK;
  });
  const Pass pass = Read(another, {100, kLast});
  EXPECT_EQ(pass.ledgers, Sequences(100, 110));
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kDataLoss);
  EXPECT_THAT(pass.status.message(), HasSubstr("another hash"));
}

TEST(GrpcSource, AMessageMustHoldTheLedgerThatItNames) {
  for (const std::string& bytes : {AllLedgers().at(101), std::string("no ledger"), std::string()}) {
    StubService stub([&](int, uint32_t, StubService::Writer& writer) {
      writer.Write(Message(100, bytes));
      return grpc::Status::OK;
    });
    const Pass pass = Read(stub, {100, 100});
    EXPECT_EQ(CodeOf(pass.status), ErrorCode::kDataLoss);
    EXPECT_EQ(DetailOf(pass.status)->ledger(), 100U);
  }
}

TEST(GrpcSource, WhatIsRefusedIsNotAskedForAgain) {
  StubService stub([](int, uint32_t, StubService::Writer&) {
    return grpc::Status(grpc::OUT_OF_RANGE, "ledger 100 is too old");
  });
  const Pass pass = Read(stub, {100, 110});
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kOutOfRange);
  EXPECT_THAT(pass.status.message(), HasSubstr("ledger 100 is too old"));
  EXPECT_EQ(stub.starts().size(), 1U);
}

TEST(GrpcSource, SilenceIsTheTipAndEndsWithTheNextLedger) {
  std::atomic<bool> closed = false;
  StubService stub([&](int, uint32_t start, StubService::Writer& writer) {
    Send(writer, start, 104);
    while (!closed) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Send(writer, 105, 105);
    return grpc::Status::OK;
  });
  const auto source = *OpenSource(stub.url());
  const auto stream = source->OpenStream({100, {}}, GapPolicy::kFail).ValueOrDie();
  for (uint32_t i = 100; i <= 104; ++i) EXPECT_EQ(stream->Next()->object.first, i);
  Fetched fetched = stream->Next().ValueOrDie();
  EXPECT_EQ(fetched.state, Fetched::State::kNotYet);
  EXPECT_THAT(fetched.reason, HasSubstr("ledger 105"));
  closed = true;
  while ((fetched = stream->Next().ValueOrDie()).state == Fetched::State::kNotYet) stream->Wait(50);
  EXPECT_EQ(fetched.object.first, 105U);
  EXPECT_EQ(stub.starts().size(), 1U);
}

TEST(GrpcSource, OneThatFailsAtTheTipIsGivenUpAsAnywhere) {
  std::atomic<bool> fails = false;
  StubService stub([&](int call, uint32_t start, StubService::Writer& writer) {
    if (call == 0) Send(writer, start, 104);
    while (!fails) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return grpc::Status(grpc::UNAVAILABLE, "what feeds it is gone");
  });
  SourceOptions options;
  options.recovery = {.max_attempts = 3, .breaker_threshold = 3};
  const auto source = *OpenSource(stub.url(), options);
  const auto stream = source->OpenStream({100, {}}, GapPolicy::kFail).ValueOrDie();
  for (uint32_t i = 100; i <= 104; ++i) EXPECT_EQ(stream->Next()->object.first, i);
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  fails = true;
  arrow::Result<Fetched> fetched = Fetched{};
  while ((fetched = stream->Next()).ok()) stream->Wait(20);
  EXPECT_EQ(CodeOf(fetched.status()), ErrorCode::kUnavailable);
  EXPECT_THAT(fetched.status().message(), HasSubstr("what feeds it is gone"));
  EXPECT_EQ(stub.starts().size(), 3U);
  EXPECT_NE(source->recovery()->breaker_state(), CircuitBreaker::State::kClosed);
}

TEST(GrpcSource, AStreamThatWaitsIsCancelledFromAnotherThread) {
  StubService stub([](int, uint32_t, StubService::Writer&) { return grpc::Status::OK; });
  const auto source = *OpenSource(stub.url());
  const auto stream = source->OpenStream({100, {}}, GapPolicy::kFail).ValueOrDie();
  std::jthread canceller([&] {
    while (stub.starts().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stream->Cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  (void)stream->Next();  // which would wait a minute for its first ledger
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(GrpcSource, OneThatIsNotThereIsUnavailableAndCountsAsFailed) {
  StubService stub([](int, uint32_t, StubService::Writer&) { return grpc::Status::OK; });
  SourceOptions options;
  options.recovery = {.max_attempts = 2, .breaker_threshold = 2};
  const auto source = *OpenSource(stub.url(), options);
  EXPECT_TRUE(source->GetExtent().ok());  // it knows nothing of health, which is an answer
  stub.Stop();
  const Pass pass = Read(*source, {100, 110});
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kUnavailable);
  EXPECT_NE(source->recovery()->breaker_state(), CircuitBreaker::State::kClosed);
}

TEST(GrpcSource, NeedsAHostAPortAndARangesFirstLedger) {
  for (const char* url :
       {"grpc://", "grpc://localhost", "grpc://:1", "grpc://a:0", "grpc://a:65536", "grpc://a:b",
        "grpc://user@a:1", "grpc://a:1/path", "grpc://a:1?b=c"}) {
    EXPECT_EQ(CodeOf(OpenSource(url).status()), ErrorCode::kInvalidArgument) << url;
  }
  const auto source = *OpenSource("grpc://localhost:1");
  EXPECT_EQ(CodeOf(source->OpenStream({0, {}}, GapPolicy::kFail).status()),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stellar_arrow::source

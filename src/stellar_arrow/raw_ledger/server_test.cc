// What the RawLedgerService gives its clients, read by the source that reads such services.
#include "stellar_arrow/raw_ledger/server.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/protos/health.grpc.pb.h"

namespace stellar_arrow::raw_ledger {
namespace {

using grpc::health::v1::HealthCheckResponse;
using source::Fetched;
using source::GapPolicy;
using testing::HasSubstr;

constexpr const char* kSource = "synthetic:?start=100&count=40&transactions=1&soroban=0";

class RawLedgerServer : public testing::Test {
 protected:
  std::unique_ptr<Server> Serve(ServerOptions options = {}) {
    options.ending = [this] { return ending_.load(); };
    options.serving = [this] { return serving_.load(); };
    options.pipeline.threads = 2;
    return Server::Make(*source_, budget_, std::move(options)).ValueOrDie();
  }

  static std::string Target(const Server& server) {
    return "127.0.0.1:" + std::to_string(server.port());
  }
  static std::unique_ptr<source::LedgerSource> Client(const Server& server) {
    source::SourceOptions options;
    options.recovery.max_attempts = 1;
    return source::OpenSource("grpc://" + Target(server), options).ValueOrDie();
  }

  static HealthCheckResponse::ServingStatus Health(const Server& server) {
    const auto channel = grpc::CreateChannel(Target(server), grpc::InsecureChannelCredentials());
    grpc::ClientContext context;
    HealthCheckResponse answer;
    const auto status = grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer.status();
  }

  std::unique_ptr<source::LedgerSource> source_ = *source::OpenSource(kSource);
  memory::Budget budget_{int64_t{256} << 20};
  std::atomic<bool> ending_ = false;
  std::atomic<bool> serving_ = true;
};

TEST_F(RawLedgerServer, SendsTheSourcesLedgersAsTheyAre) {
  const auto server = Serve();
  const auto client = Client(*server);
  const auto theirs = client->OpenStream({105, 139}, GapPolicy::kFail).ValueOrDie();
  const auto ours = source_->OpenStream({105, 139}, GapPolicy::kFail).ValueOrDie();
  for (uint32_t i = 105; i <= 139; ++i) {
    const Fetched fetched = theirs->Next().ValueOrDie();
    ASSERT_EQ(fetched.state, Fetched::State::kObject);
    EXPECT_EQ(fetched.object.first, i);
    EXPECT_TRUE(fetched.object.bytes->Equals(*ours->Next()->object.bytes));
  }
  EXPECT_EQ(theirs->Next()->state, Fetched::State::kEnd);
}

TEST_F(RawLedgerServer, EndsWithItsSourceAndRefusesWhatThatDoesNotHave) {
  const auto server = Serve();
  const auto client = Client(*server);
  const auto open = client->OpenStream({139, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(open->Next()->object.first, 139U);
  const auto before = client->OpenStream({99, {}}, GapPolicy::kFail).ValueOrDie();
  const auto refused = before->Next().status();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kOutOfRange);
  EXPECT_THAT(refused.message(), HasSubstr("ledgers 100 to 139"));
}

TEST_F(RawLedgerServer, EndsItsStreamsWithTheLedgerToGoOnFrom) {
  const auto server = Serve();
  const auto client = Client(*server);
  const auto stream = client->OpenStream({100, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next()->object.first, 100U);
  ending_ = true;
  auto fetched = stream->Next();
  while (fetched.ok()) fetched = stream->Next();  // those on their way
  EXPECT_EQ(CodeOf(fetched.status()), ErrorCode::kUnavailable);
  EXPECT_EQ(budget_.streams(), 0);
}

TEST_F(RawLedgerServer, LetsInSoManyStreamsAtOnce) {
  ServerOptions options;
  options.admission.streams = 1;
  // One that lasts: its source is at its tip.
  source_ = *source::OpenSource("synthetic:?start=100&pace=3600s&transactions=1");
  const auto server = Serve(options);
  const auto client = Client(*server);
  const auto first = client->OpenStream({100, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(first->Next()->object.first, 100U);
  const auto second = client->OpenStream({100, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(CodeOf(second->Next().status()), ErrorCode::kUnavailable);
}

TEST_F(RawLedgerServer, ItsHealthIsWhatItIsTold) {
  const auto server = Serve();
  while (Health(*server) != HealthCheckResponse::SERVING) {
  }
  EXPECT_TRUE(Client(*server)->GetExtent().ok());
  serving_ = false;
  while (Health(*server) != HealthCheckResponse::NOT_SERVING) {
  }
  EXPECT_EQ(CodeOf(Client(*server)->GetExtent().status()), ErrorCode::kUnavailable);
}

TEST_F(RawLedgerServer, APortThatIsTakenIsRefused) {
  const auto server = Serve();
  ServerOptions options;
  options.port = server->port();
  const auto second = Server::Make(*source_, budget_, options);
  EXPECT_EQ(CodeOf(second.status()), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr("--raw-ledger-port"));
}

}  // namespace
}  // namespace stellar_arrow::raw_ledger

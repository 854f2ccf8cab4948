// What a node may answer that is no answer: refused, within bounds, and asked again where it may
// pass.
#include "stellar_arrow/source/rpc_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "stellar_arrow/base/error.h"
#include "tests/support/stub_server.h"

namespace stellar_arrow::source {
namespace {

using support::StubServer;
using testing::HasSubstr;

constexpr const char* kHealth = R"({"result":{"latestLedger":200,"oldestLedger":100}})";

// A node that says `ledgers` to getLedgers.
StubServer::Answer AnswerOf(const StubServer::Request& request, const std::string& ledgers) {
  const bool health = request.body.find("getHealth") != std::string::npos;
  return {StubServer::Say("200 OK", health ? kHealth : ledgers)};
}

arrow::Status ReadFrom(const StubServer& node) {
  SourceOptions options;
  options.recovery.max_attempts = 1;
  const auto source = OpenRpc(node.url(), "", options);
  ARROW_ASSIGN_OR_RAISE(const auto stream, source->OpenStream({100, 110}, GapPolicy::kFail));
  return stream->Next().status();
}

std::string Repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(RpcSource, RefusesWhatIsNoAnswer) {
  const std::string no_answers[] = {
      "",
      "<html>Welcome</html>",
      "[]",
      "{}",
      R"({"result":5})",
      R"({"result":{}})",
      R"({"result":{"ledgers":5,"latestLedger":120}})",
      R"({"result":{"ledgers":[5],"latestLedger":120}})",
      R"({"result":{"ledgers":[],"latestLedger":"120"}})",
      R"({"error":{"code":"x"}})",
      R"({"result":{"ledgers":[],"latestLedger":120},"result":{"ledgers":[],"latestLedger":120}})",
      R"({"result":{"ledgers":[],"latestLedger":120,"latestLedger":130}})",
      R"({"result":{"ledgers":[],"ledgers":[],"latestLedger":120}})",
      R"({"result":{"ledgers":[],"latestLedger":120,"latest\u004cedger":130}})",
      R"({"error":{"code":-32600,"message":"m","code":-32603}})",
      R"({"error":{"code":-32601},"error":null})",
      Repeated("[", 100'000),
      Repeated(R"({"a":)", 100'000),
      "{" + Repeated(R"("key":1,)", 1'000'000) + R"("result":{"ledgers":7}})",
      R"({"result":{"ledgers":[)",
  };
  for (const std::string& text : no_answers) {
    const StubServer node([&](const auto& request) { return AnswerOf(request, text); });
    const auto status = ReadFrom(node);
    EXPECT_EQ(CodeOf(status), ErrorCode::kUnavailable) << text.substr(0, 60) << ": " << status;
  }
}

TEST(RpcSource, TellsErrorsApartByTheirCode) {
  const std::pair<int, ErrorCode> codes[] = {{-32601, ErrorCode::kUnimplemented},
                                             {-32603, ErrorCode::kUnavailable},
                                             {-32001, ErrorCode::kUnavailable},
                                             {-32600, ErrorCode::kFailedPrecondition}};
  for (const auto& [code, expected] : codes) {
    const std::string text = R"({"error":{"code":)" + std::to_string(code) + R"(,"message":"m"}})";
    const StubServer node([&](const auto& request) {
      // Whether it has the network's first ledger is looked for, and there it may say anything.
      const bool first = request.body.find("\"startLedger\":2,") != std::string::npos;
      return AnswerOf(request,
                      first ? R"({"error":{"code":-32600,"message":"out of range"}})" : text);
    });
    EXPECT_EQ(CodeOf(ReadFrom(node)), expected) << code;
  }
}

TEST(RpcSource, AnEmptyPageBehindTheTipIsAGap) {
  const StubServer node([](const auto& request) {
    return AnswerOf(request, R"({"result":{"ledgers":[],"latestLedger":120}})");
  });
  const auto status = ReadFrom(node);
  ASSERT_NE(DetailOf(status), nullptr);
  EXPECT_TRUE(DetailOf(status)->gap());
  EXPECT_EQ(DetailOf(status)->ledger(), 100U);
}

TEST(RpcSource, ANodeThatLagsBehindAnotherOfItsAddressIsWaitedForAtTheTip) {
  const StubServer node([](const auto& request) {
    return AnswerOf(request, R"({"error":{"code":-32600,"message":"start ledger out of range"}})");
  });
  const auto source = OpenRpc(node.url(), "", {});
  const auto tip = source->OpenStream({200, {}}, GapPolicy::kFail).ValueOrDie();
  for (int i = 0; i < 3; ++i) {
    const auto fetched = tip->Next();
    ASSERT_TRUE(fetched.ok()) << fetched.status();
    EXPECT_EQ(fetched->state, Fetched::State::kNotYet);
    EXPECT_THAT(fetched->reason, HasSubstr("ledger 200"));
  }
  const auto behind = source->OpenStream({104, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(CodeOf(behind->Next().status()), ErrorCode::kFailedPrecondition);
}

TEST(RpcSource, ARequestThatHangsIsCancelledFromAnotherThread) {
  std::atomic<bool> asked = false;
  const StubServer node([&](const auto& request) -> StubServer::Answer {
    if (request.body.find("\"startLedger\":100,") == std::string::npos) {
      return AnswerOf(request, R"({"error":{"code":-32600,"message":"out of range"}})");
    }
    asked = true;
    return {"", StubServer::Then::kSilence};
  });
  const auto source = OpenRpc(node.url(), "", {});
  const auto stream = source->OpenStream({100, 110}, GapPolicy::kFail).ValueOrDie();
  const std::jthread canceller([&] {
    while (!asked) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stream->Cancel();
  });
  const auto begin = std::chrono::steady_clock::now();
  (void)stream->Next();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(RpcSource, ThatDoesNotTellThePassphraseIsNotAskedForItByEveryStream) {
  std::atomic<int> asked = 0;
  const StubServer node([&](const auto& request) -> StubServer::Answer {
    if (request.body.find("getNetwork") != std::string::npos) ++asked;
    return {StubServer::Say("503 Service Unavailable", "")};
  });
  SourceOptions options;
  options.recovery = {.max_attempts = 1, .breaker_threshold = 1000};
  const auto source = OpenRpc(node.url(), "", options);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(source->passphrase(), std::nullopt);
  EXPECT_LT(asked, 50);
  EXPECT_GE(asked, 1);
}

TEST(RpcSource, ItsNameIsWithoutWhatMayBeSecret) {
  EXPECT_EQ(RpcName("https://me:word@host:8000/v1/key?key=1#x"), "rpc+https://host:8000/...");
  EXPECT_EQ(RpcName("https://host?key=1"), "rpc+https://host/...");
  EXPECT_EQ(RpcName("http://host/"), "rpc+http://host");
  EXPECT_THAT(ShownUrl("lake\nrpc+https://me:word@host/key"), "lake\nrpc+https://host/...");
}

}  // namespace
}  // namespace stellar_arrow::source

// What a web server's answers say of a lake's objects.
#include "stellar_arrow/source/http_store.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/util/io_util.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/recovery.h"
#include "tests/support/stub_server.h"

namespace stellar_arrow::source {
namespace {

using support::StubServer;
using namespace std::chrono_literals;

TEST(HttpStore, TakesOnlyAPageThatIsMissingForAnEmptyFolder) {
  const auto list = [](const std::string& status) {
    StubServer server([&](const auto&) { return StubServer::Answer{StubServer::Say(status, "")}; });
    return OpenHttpStore(server.url(), "", kMostStoredBytes)->List("FFFFFFFF--0-63999", {});
  };
  EXPECT_TRUE(list("404 Not Found").ValueOrDie().empty());
  for (const char* status : {"401 Unauthorized", "403 Forbidden"}) {
    EXPECT_EQ(arrow::internal::ErrnoFromStatus(list(status).status()), EACCES) << status;
  }
  EXPECT_EQ(CodeOf(list("503 Service Unavailable").status()), ErrorCode::kUnavailable);
}

TEST(HttpStore, TakesNoObjectThatIsCutAtAnyLength) {
  const std::string text = "what a ledger would be, and what a ledger would be";
  std::string object(ZSTD_compressBound(text.size()), '\0');
  object.resize(ZSTD_compress(object.data(), object.size(), text.data(), text.size(), 3));
  const std::string said = "HTTP/1.1 200 OK\r\n";
  const std::string length = "Content-Length: " + std::to_string(object.size()) + "\r\n";
  const auto read = [&](const std::string& head, const std::string& body) {
    StubServer server([&](const auto&) {
      return StubServer::Answer{said + head + "\r\n" + body, StubServer::Then::kClose};
    });
    return OpenHttpStore(server.url(), "", kMostStoredBytes)
        ->Read("object.zst", arrow::default_memory_pool(), {});
  };
  for (size_t size = 0; size < object.size(); ++size) {
    const arrow::Status status = read(length, object.substr(0, size)).status();
    EXPECT_EQ(FailureOf(status), Failure::kTransient) << size << ": " << status;
  }
  EXPECT_EQ(read(length, object).ValueOrDie()->ToString(), object);
  // Where no length is stated, all of it looks like some of it.
  EXPECT_EQ(FailureOf(read("", object).status()), Failure::kTransient);
  // Of what comes behind the length that was stated nothing is taken.
  EXPECT_EQ(read(length, object + "more").ValueOrDie()->ToString(), object);
}

TEST(HttpStore, TakesNoObjectThatIsBiggerThanItMayBe) {
  StubServer server(
      [](const auto&) { return StubServer::Answer{StubServer::Say("200 OK", "12345")}; });
  const auto read = [&](int64_t most_bytes) {
    return OpenHttpStore(server.url(), "", most_bytes)
        ->Read("object.zst", arrow::default_memory_pool(), {});
  };
  EXPECT_EQ(CodeOf(read(4).status()), ErrorCode::kResourceExhausted);
  EXPECT_EQ(read(5).ValueOrDie()->ToString(), "12345");
  EXPECT_EQ(MostStoredBytes(int64_t{64} << 20), int64_t{64} << 20);
  EXPECT_EQ(MostStoredBytes(int64_t{512} << 20), kMostStoredBytes);
}

TEST(HttpStore, TakesNoListThatMayBeCut) {
  const std::string page = "<a href=\"../\">up</a><a href=\"FFFFFFFF--0-63999/\">ledgers</a>";
  const auto list = [&](const std::string& head) {
    StubServer server([&](const auto&) {
      return StubServer::Answer{"HTTP/1.1 200 OK\r\n" + head + "\r\n" + page,
                                StubServer::Then::kClose};
    });
    return OpenHttpStore(server.url(), "", kMostStoredBytes)->List("", {});
  };
  EXPECT_EQ(list("Content-Length: " + std::to_string(page.size()) + "\r\n")->size(), 2u);
  EXPECT_EQ(FailureOf(list("").status()), Failure::kTransient);
}

TEST(HttpStore, AsksNoLongerThanItsPatience) {
  StubServer server([](const auto&) { return StubServer::Answer{"", StubServer::Then::kSilence}; });
  const auto store = OpenHttpStore(server.url(), "", kMostStoredBytes);
  const auto begin = Recovery::Clock::now();
  const auto patience = [] { return Patience{.until = Recovery::Clock::now() + 100ms}; };
  for (const arrow::Status& status :
       {store->Exists("x", patience()).status(), store->List("", patience()).status(),
        store->Read("x", arrow::default_memory_pool(), patience()).status()}) {
    EXPECT_EQ(arrow::internal::ErrnoFromStatus(status), ETIMEDOUT) << status;
  }
  // Where silence alone is borne for 35 s.
  EXPECT_LT(Recovery::Clock::now() - begin, 20s);
}

}  // namespace
}  // namespace stellar_arrow::source

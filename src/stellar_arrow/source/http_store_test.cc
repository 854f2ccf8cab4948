// What a web server's answers say of a lake's objects.
#include "stellar_arrow/source/http_store.h"

#include <arrow/memory_pool.h>
#include <arrow/util/io_util.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>

#include "stellar_arrow/base/error.h"
#include "tests/support/stub_server.h"

namespace stellar_arrow::source {
namespace {

using support::StubServer;
using namespace std::chrono_literals;

TEST(HttpStore, TakesOnlyAPageThatIsMissingForAnEmptyFolder) {
  const auto list = [](const std::string& status) {
    StubServer server([&](const auto&) { return StubServer::Answer{StubServer::Say(status, "")}; });
    return OpenHttpStore(server.url(), "")->List("FFFFFFFF--0-63999", {});
  };
  EXPECT_TRUE(list("404 Not Found").ValueOrDie().empty());
  for (const char* status : {"401 Unauthorized", "403 Forbidden"}) {
    EXPECT_EQ(arrow::internal::ErrnoFromStatus(list(status).status()), EACCES) << status;
  }
  EXPECT_EQ(CodeOf(list("503 Service Unavailable").status()), ErrorCode::kUnavailable);
}

TEST(HttpStore, AsksNoLongerThanItsPatience) {
  StubServer server([](const auto&) { return StubServer::Answer{"", StubServer::Then::kSilence}; });
  const auto store = OpenHttpStore(server.url(), "");
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

// What becomes of HTTP requests whose servers answer, break off, stay silent or send them
// elsewhere.
#include "stellar_arrow/source/http_client.h"

#include <arrow/buffer.h>
#include <arrow/util/io_util.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/pause.h"
#include "stellar_arrow/source/recovery.h"
#include "tests/support/stub_server.h"

namespace stellar_arrow::source {
namespace {

using support::StubServer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Then = StubServer::Then;

int ErrnoOf(const arrow::Status& status) { return arrow::internal::ErrnoFromStatus(status); }

arrow::Result<HttpResponse> Get(const std::string& url) { return HttpClient().Send({.url = url}); }

TEST(HttpClient, KeepsItsConnectionForTheNextRequest) {
  StubServer server([](const auto& request) {
    return StubServer::Answer{StubServer::Say("200 OK", request.line)};
  });
  HttpClient client;
  for (const char* path : {"/one", "/two", "/three"}) {
    const auto response = client.Send({.url = server.url() + path}).ValueOrDie();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body->ToString(), Concat("GET ", path, " HTTP/1.1"));
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, PostsABodyAndItsHeaders) {
  StubServer server([](const auto& request) {
    return StubServer::Answer{StubServer::Say("200 OK", request.head + request.body)};
  });
  const auto response = HttpClient()
                            .Send({.method = HttpMethod::kPost,
                                   .url = server.url() + "/rpc",
                                   .headers = {"Content-Type: application/json"},
                                   .body = R"({"id":1})"})
                            .ValueOrDie();
  EXPECT_THAT(
      response.body->ToString(),
      AllOf(HasSubstr("POST /rpc HTTP/1.1\r\n"), HasSubstr("Content-Type: application/json\r\n"),
            Not(HasSubstr("Expect")), HasSubstr("\r\n\r\n{\"id\":1}")));
}

TEST(HttpClient, AsksForAHeadOnly) {
  StubServer server([](const auto&) {
    return StubServer::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"};
  });
  const auto response =
      HttpClient().Send({.method = HttpMethod::kHead, .url = server.url() + "/x"}).ValueOrDie();
  EXPECT_EQ(response.content_length, 12345);
  EXPECT_EQ(response.body->size(), 0);
}

TEST(HttpClient, TellsFailuresOfTheConnectionApartByNumber) {
  struct Case {
    const char* name;
    StubServer::Answer answer;
    int number;
  };
  const std::string cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
  const Case cases[] = {
      {"cut body", {cut, Then::kClose}, EIO},
      {"reset in the body", {cut, Then::kReset}, ECONNRESET},
      {"no answer", {"", Then::kClose}, ECONNRESET},
      {"reset", {"", Then::kReset}, ECONNRESET},
      {"cut head", {"HTTP/1.1 200 OK\r\nServer: it\r\nConte", Then::kClose}, EIO},
      {"cut between lines of the head", {"HTTP/1.1 200 OK\r\n", Then::kClose}, EIO},
      {"cut chunks",
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", Then::kClose},
       EIO},
  };
  for (const Case& one : cases) {
    StubServer server([&](const auto&) { return one.answer; });
    const arrow::Status status = Get(server.url() + "/object?token=secret").status();
    EXPECT_EQ(ErrnoOf(status), one.number) << one.name << ": " << status;
    EXPECT_EQ(FailureOf(status), Failure::kTransient) << one.name;
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr("/object"), Not(HasSubstr("secret"))));
  }
}

TEST(HttpClient, SaysWhetherTheEndOfABodyIsKnown) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::pair<std::string, bool> cases[] = {
      {head + "\r\nsome", false},
      {head + "Content-Length: 4\r\n\r\nsome", true},
      {head + "Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\n\r\n", true}};
  for (const auto& [answer, known] : cases) {
    StubServer server([&](const auto&) { return StubServer::Answer{answer, Then::kClose}; });
    const auto response = Get(server.url()).ValueOrDie();
    EXPECT_EQ(response.body->ToString(), "some");
    EXPECT_EQ(response.end_is_known, known) << answer;
  }
}

TEST(HttpClient, TakesLinesBehindABodyForNoHead) {
  StubServer server([](const auto&) {
    return StubServer::Answer{
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Digest\r\n\r\n"
        "4\r\nsome\r\n0\r\nX-Digest: abc\r\n\r\n"};
  });
  HttpClient client;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.Send({.url = server.url()}).ValueOrDie().body->ToString(), "some");
  }
}

TEST(HttpClient, SaysHowLongAServerWantsNotToBeAsked) {
  const auto pause = [](const std::string& status, const std::string& header) {
    StubServer server(
        [&](const auto&) { return StubServer::Answer{StubServer::Say(status, "", header)}; });
    const auto response = Get(server.url()).ValueOrDie();
    const arrow::Status refused = StatusOf(response, "it");
    EXPECT_EQ(FailureOf(refused), Failure::kTransient) << status;
    return PauseOf(refused);
  };
  for (const char* status : {"429 Too Many Requests", "503 Service Unavailable"}) {
    EXPECT_EQ(pause(status, "Retry-After: 7\r\n").count(), 7);
    EXPECT_EQ(pause(status, "").count(), 0);
    EXPECT_EQ(pause(status, "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n").count(), 0);
    EXPECT_GT(pause(status, "Retry-After: Fri, 31 Dec 2066 23:59:59 GMT\r\n").count(), 0);
  }
}

TEST(HttpClient, NamesWhoListensNot) {
  uint16_t port = 0;
  {
    const StubServer server([](const auto&) { return StubServer::Answer{}; });
    port = server.port();
  }
  const arrow::Status status = Get(Concat("http://127.0.0.1:", port, "/")).status();
  EXPECT_EQ(ErrnoOf(status), ECONNREFUSED) << status;
}

TEST(HttpClient, GivesUpASilentServer) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
  const std::pair<const char*, StubServer::Answer> cases[] = {
      {"says nothing", {"", Then::kSilence}},
      {"stops", {head + "some", Then::kSilence}},
      {"stops behind much", {head + std::string(1'000'000, 'x'), Then::kSilence}},
      {"trickles", {head, Then::kTrickle}},
      {"trickles its head", {"HTTP/1.1 200 OK\r\nX-Filler: ", Then::kTrickle}},
      {"trickles behind much", {head + std::string(1'000'000, 'x'), Then::kTrickle}},
  };
  for (const auto& [name, answer] : cases) {
    StubServer server([&, answer = answer](const auto&) { return answer; });
    const auto begin = std::chrono::steady_clock::now();
    const arrow::Status status =
        HttpClient().Send({.url = server.url(), .silence = std::chrono::seconds(1)}).status();
    EXPECT_EQ(ErrnoOf(status), ETIMEDOUT) << name << ": " << status;
    EXPECT_EQ(FailureOf(status), Failure::kTransient) << name;
    EXPECT_THAT(status.message(), HasSubstr("next to nothing came for 1 s")) << name;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15)) << name;
  }
}

TEST(HttpClient, IsCancelledAtOnce) {
  std::promise<void> asked;
  StubServer server([&](const auto&) {
    asked.set_value();
    return StubServer::Answer{"", Then::kSilence};
  });
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped;
  std::thread stopper([&] {
    asked.get_future().wait();
    stopped = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const arrow::Status status =
      HttpClient().Send({.url = server.url(), .stop = stop.get_token()}).status();
  const auto end = std::chrono::steady_clock::now();
  stopper.join();
  EXPECT_EQ(FailureOf(status), Failure::kCancelled) << status;
  // Not the second that curl takes to look by itself.
  EXPECT_LT(end - stopped, std::chrono::milliseconds(500));
}

TEST(HttpClient, TakesNoMoreThanItMay) {
  const std::string big(1000, 'x');
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + big + "\r\n0\r\n\r\n";
  for (const std::string& answer : {StubServer::Say("200 OK", big), chunked}) {
    StubServer server([&](const auto&) { return StubServer::Answer{answer}; });
    const arrow::Status status =
        HttpClient().Send({.url = server.url(), .most_bytes = 999}).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kResourceExhausted) << status;
    EXPECT_EQ(
        HttpClient().Send({.url = server.url(), .most_bytes = 1000}).ValueOrDie().body->size(),
        1000);
  }
}

TEST(HttpClient, StatusesTellWhetherToAskAgain) {
  const auto failure = [](int status) { return FailureOf(StatusOf({.status = status}, "it")); };
  EXPECT_EQ(failure(200), Failure::kNone);
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 520, 522, 530}) {
    EXPECT_EQ(failure(status), Failure::kTransient) << status;
  }
  for (const int status : {301, 400, 401, 403, 404, 405, 410, 416, 501, 505}) {
    EXPECT_EQ(failure(status), Failure::kPermanent) << status;
  }
  EXPECT_EQ(ErrnoOf(StatusOf({.status = 404}, "it")), ENOENT);
  EXPECT_EQ(ErrnoOf(StatusOf({.status = 403}, "it")), EACCES);
}

// The heads of all requests that came.
class Heads {
 public:
  void Add(const std::string& head) {
    const std::lock_guard lock(mutex_);
    heads_.push_back(head);
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> heads_;
};

TEST(HttpClient, CredentialsStayWithTheirOrigin) {
  Heads own, foreign;
  StubServer other([&](const auto& request) {
    foreign.Add(request.head);
    return StubServer::Answer{StubServer::Say("200 OK", "there")};
  });
  StubServer server([&](const auto& request) {
    own.Add(request.head);
    if (request.line.find("/here") != std::string::npos) {
      return StubServer::Answer{StubServer::Say("302 Found", "", "Location: /there\r\n")};
    }
    return StubServer::Answer{StubServer::Say(
        "307 Temporary Redirect", "",
        "Location: http://x:y@127.0.0.1:" + std::to_string(other.port()) + "/elsewhere\r\n")};
  });
  const auto response =
      HttpClient()
          .Send({.url = Concat("http://user:pass%21word@127.0.0.1:", server.port(), "/here"),
                 .headers = {"X-Api-Key: key"}})
          .ValueOrDie();
  EXPECT_EQ(response.body->ToString(), "there");
  // "user:pass!word" in base64.
  const auto has_secrets =
      AllOf(HasSubstr("Authorization: Basic dXNlcjpwYXNzIXdvcmQ="), HasSubstr("X-Api-Key: key"));
  EXPECT_THAT(own.all(), ElementsAre(has_secrets, has_secrets));
  EXPECT_THAT(foreign.all(),
              ElementsAre(AllOf(HasSubstr("GET /elsewhere"), Not(HasSubstr("Authorization")),
                                Not(HasSubstr("Key")))));
}

TEST(HttpClient, FollowsNoRedirectElsewhereThanHttp) {
  for (const char* location : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"}) {
    StubServer server([&](const auto&) {
      return StubServer::Answer{
          StubServer::Say("302 Found", "", Concat("Location: ", location, "\r\n"))};
    });
    const arrow::Status status = Get(server.url()).status();
    EXPECT_EQ(FailureOf(status), Failure::kPermanent) << status;
    EXPECT_THAT(status.message(), HasSubstr("neither http: nor https:"));
  }
  StubServer circle([&](const auto&) {
    return StubServer::Answer{StubServer::Say("302 Found", "", "Location: /again\r\n")};
  });
  EXPECT_THAT(Get(circle.url()).status().message(), HasSubstr("after 5 other redirects"));
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://u:p/w@h/"}) {
    const arrow::Status status = Get(url).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << url << ": " << status;
    EXPECT_THAT(status.message(), Not(HasSubstr("p/w")));
  }
}

TEST(HttpClient, UrlsInMessagesAreWithoutSecrets) {
  EXPECT_EQ(WithoutSecrets("https://user:p@ss@host:1/a/b?key=v&token"), "https://host:1/a/b?...");
  EXPECT_EQ(WithoutSecrets("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(WithoutSecrets("http://host"), "http://host");
  for (const char* password : {"pa/ss", "pa?ss", "pa#ss", "p:a@s/s"}) {
    const std::string url = std::string("https://user:") + password + "@host/lake";
    EXPECT_EQ(WithoutSecrets(url), "https://host/lake") << url;
  }
}

}  // namespace
}  // namespace stellar_arrow::source

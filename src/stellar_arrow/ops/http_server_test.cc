// The server as raw sockets see it. How slow ones are cut is in tests/e2e/test_slow_sockets.py.
#include "stellar_arrow/ops/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::ops {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<HttpServer> Serve() {
  return HttpServer::Make("127.0.0.1", 0,
                          [](std::string_view path) {
                            return Response{path == "/gone" ? 503u : 200u, "text/plain",
                                            "path=" + std::string(path) + "\n"};
                          })
      .ValueOrDie();
}

// All that the server says to `request`, until it closes the connection.
std::string Ask(const HttpServer& server, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(server.port()));
  EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  size_t sent = 0;
  while (sent < request.size()) {
    const ssize_t n = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) break;  // it has said what it has to say
    sent += static_cast<size_t>(n);
  }
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  return answer;
}

TEST(HttpServer, AnswersAPathWithoutItsQueryAndCloses) {
  const auto server = Serve();
  const std::string answer = Ask(*server, "GET /ready?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\npath=/ready\n"));
  EXPECT_THAT(Ask(*server, "GET /gone HTTP/1.0\r\n\r\n"), HasSubstr(" 503 "));
}

TEST(HttpServer, SaysNoMoreThanItsHeadersToHead) {
  const auto server = Serve();
  const std::string answer = Ask(*server, "HEAD /ready HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, RefusesOtherMethods) {
  const auto server = Serve();
  for (const char* method : {"POST", "PUT", "DELETE", "TRACE", "NONSENSE"}) {
    EXPECT_THAT(Ask(*server, std::string(method) + " /ready HTTP/1.1\r\nHost: x\r\n\r\n"),
                StartsWith("HTTP/1.1 405 "))
        << method;
  }
}

TEST(HttpServer, AnswersOnceAConnection) {
  const auto server = Serve();
  std::string request;
  for (int i = 0; i < 10; ++i) request += "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answer = Ask(*server, request);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos);
}

TEST(HttpServer, RefusesRequestsThatAreTooLong) {
  const auto server = Serve();
  const std::string much(size_t{1} << 20, 'a');
  EXPECT_THAT(Ask(*server, "GET /" + much + " HTTP/1.1\r\nHost: x\r\n\r\n"),
              testing::AnyOf(StartsWith("HTTP/1.1 414 "), ""));
  EXPECT_THAT(Ask(*server, "GET / HTTP/1.1\r\nHost: x\r\nX: " + much + "\r\n\r\n"),
              testing::AnyOf(StartsWith("HTTP/1.1 431 "), ""));
  std::string headers = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 10'000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_THAT(Ask(*server, headers), testing::AnyOf(StartsWith("HTTP/1.1 431 "), ""));
  EXPECT_THAT(Ask(*server, "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, RefusesWhatIsNoHttp) {
  const auto server = Serve();
  for (const char* request :
       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02 \r\n\r\n"}) {
    const std::string answer = Ask(*server, request);
    EXPECT_EQ(answer.find(" 200 "), std::string::npos) << answer;
  }
}

TEST(HttpServer, SaysWhereItCannotListen) {
  const auto server = Serve();
  const arrow::Status status = HttpServer::Make("127.0.0.1", server->port(), [](std::string_view) {
                                 return Response();
                               }).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr(Concat("127.0.0.1:", server->port())));
  EXPECT_EQ(CodeOf(HttpServer::Make("no.such.address.invalid", 0,
                                    [](std::string_view) { return Response(); })
                       .status()),
            ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace stellar_arrow::ops

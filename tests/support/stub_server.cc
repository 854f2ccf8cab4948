#include "tests/support/stub_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

namespace stellar_arrow::support {
namespace {

constexpr char kHeadEnd[] = "\r\n\r\n";

// The next request of a connection; absent at its end. `rest` is what came behind the last one.
std::optional<StubServer::Request> ReadRequest(int socket, std::string& rest) {
  const auto read_more = [&] {
    char part[4096];
    const ssize_t size = ::recv(socket, part, sizeof part, 0);
    if (size > 0) rest.append(part, static_cast<size_t>(size));
    return size > 0;
  };
  while (rest.find(kHeadEnd) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  StubServer::Request request;
  const size_t head = rest.find(kHeadEnd) + 4;
  request.head = rest.substr(0, head);
  request.line = request.head.substr(0, request.head.find("\r\n"));
  size_t body = 0;
  constexpr char kLength[] = "Content-Length: ";
  if (const size_t found = request.head.find(kLength); found != std::string::npos) {
    body = std::strtoul(request.head.c_str() + found + sizeof kLength - 1, nullptr, 10);
  }
  while (rest.size() < head + body) {
    if (!read_more()) return std::nullopt;
  }
  request.body = rest.substr(head, body);
  rest.erase(0, head + body);
  return request;
}

void SendAll(int socket, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t size = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;
    sent += static_cast<size_t>(size);
  }
}

}  // namespace

StubServer::StubServer(std::function<Answer(const Request&)> answer) : answer_(std::move(answer)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

StubServer::~StubServer() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::string StubServer::Say(const std::string& status, const std::string& body,
                            const std::string& headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

void StubServer::Accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (ends_ || socket < 0) {
      if (socket >= 0) ::close(socket);
      return;
    }
    ++connections_;
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { Serve(socket); });
  }
}

void StubServer::Serve(int socket) {
  std::string rest;
  while (const auto request = ReadRequest(socket, rest)) {
    const Answer answer = answer_(*request);
    SendAll(socket, answer.bytes);
    if (answer.then == Then::kKeep) continue;
    if (answer.then == Then::kTrickle) {
      while (::send(socket, "x", 1, MSG_NOSIGNAL) == 1) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      return;
    }
    if (answer.then == Then::kSilence) {
      while (ReadRequest(socket, rest)) {
      }
      return;
    }
    if (answer.then == Then::kReset) {
      const linger now{1, 0};
      ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      // Closed by its number's next owner: dup2 keeps the number taken until the server ends.
      const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      ::dup2(other, socket);
      ::close(other);
    } else {
      ::shutdown(socket, SHUT_RDWR);
    }
    return;
  }
}

}  // namespace stellar_arrow::support

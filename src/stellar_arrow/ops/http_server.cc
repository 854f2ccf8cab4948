#include "stellar_arrow/ops/http_server.h"

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <list>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::ops {
namespace {

using Clock = std::chrono::steady_clock;

// More than kMostConnections, as those whose place is taken are closed a moment later.
constexpr unsigned kMostOpen = 2 * kMostConnections;
constexpr int kBacklog = 1024;

arrow::Result<int> Listen(const std::string& address, int port) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::kFailedPrecondition, "cannot listen on ", address, ":", port, ": ",
                 why);
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error =
          ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found)) {
    return refuse(::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, &::freeaddrinfo);
  const int fd = ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(std::strerror(errno));
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, kBacklog) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    return refuse(why);
  }
  return fd;
}

int PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

class MicroHttpServer final : public HttpServer {
 public:
  explicit MicroHttpServer(Answer answer) : answer_(std::move(answer)) {}
  ~MicroHttpServer() override {
    if (daemon_ != nullptr) ::MHD_stop_daemon(daemon_);
  }

  int port() const override { return port_; }

  arrow::Status Start(const std::string& address, int port) {
    ARROW_ASSIGN_OR_RAISE(const int fd, Listen(address, port));
    port_ = PortOf(fd);
    daemon_ = ::MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr,
                                 nullptr, &OnRequest, this, MHD_OPTION_LISTEN_SOCKET, fd,  //
                                 MHD_OPTION_CONNECTION_LIMIT, kMostOpen,                   //
                                 MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,              //
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeadBytes,           //
                                 MHD_OPTION_NOTIFY_CONNECTION, &OnConnection, this, MHD_OPTION_END);
    if (daemon_ == nullptr) {
      ::close(fd);
      return Error(ErrorCode::kResourceExhausted, "cannot start the HTTP server on ", address, ":",
                   port_, ": no thread or descriptor for it");
    }
    ending_ = std::jthread([this](const std::stop_token& stop) { EndOld(stop); });
    return arrow::Status::OK();
  }

 private:
  struct Connection {
    int fd;
    Clock::time_point since;
  };
  using Connections = std::list<Connection>;

  // Ends connections that are kMostSeconds old, whatever moves on them.
  void EndOld(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto then = Clock::now() - std::chrono::seconds(kMostSeconds);
      for (const Connection& old : connections_) {  // oldest first
        if (old.since > then) break;
        ::shutdown(old.fd, SHUT_RDWR);
      }
      stopping_.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; });
    }
  }

  // These are called by the daemon's thread.

  static void OnConnection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode code) {
    auto& server = *static_cast<MicroHttpServer*>(self);
    auto& connections = server.connections_;
    const std::lock_guard lock(server.mutex_);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      const auto place = static_cast<Connections::iterator*>(*context);
      connections.erase(*place);
      delete place;
      return;
    }
    const auto* info = ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    // Oldest first. They stay in the list until they are closed.
    size_t left = connections.size();
    for (auto old = connections.begin(); left >= kMostConnections; ++old, --left) {
      ::shutdown(old->fd, SHUT_RDWR);
    }
    connections.push_back({info->connect_fd, Clock::now()});
    *context = new Connections::iterator(std::prev(connections.end()));
  }

  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* path,
                              const char* method, const char*, const char*, size_t*, void**) {
    const std::string_view verb(method);
    if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
      return Send(connection, {MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", "GET only\n"});
    }
    try {
      return Send(connection, static_cast<MicroHttpServer*>(self)->answer_(path));
    } catch (const std::exception&) {  // no memory
      return MHD_NO;                   // closes the connection
    }
  }

  static MHD_Result Send(MHD_Connection* connection, const Response& answer) {
    const std::unique_ptr<MHD_Response, void (*)(MHD_Response*)> response(
        ::MHD_create_response_from_buffer(answer.body.size(),
                                          const_cast<char*>(answer.body.data()),  // NOLINT: copied
                                          MHD_RESPMEM_MUST_COPY),
        &::MHD_destroy_response);
    if (response == nullptr) return MHD_NO;
    ::MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONTENT_TYPE,
                              answer.content_type.c_str());
    ::MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    ::MHD_add_response_header(response.get(), MHD_HTTP_HEADER_CONNECTION, "close");
    if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
      ::MHD_add_response_header(response.get(), MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    return ::MHD_queue_response(connection, answer.status, response.get());
  }

  const Answer answer_;
  int port_ = 0;
  std::mutex mutex_;
  Connections connections_;  // guarded by mutex_; oldest first
  std::condition_variable_any stopping_;
  MHD_Daemon* daemon_ = nullptr;
  std::jthread ending_;  // last: it uses the above
};

}  // namespace

arrow::Result<std::unique_ptr<HttpServer>> HttpServer::Make(const std::string& address, int port,
                                                            Answer answer) {
  auto server = std::make_unique<MicroHttpServer>(std::move(answer));
  ARROW_RETURN_NOT_OK(server->Start(address, port));
  return server;
}

}  // namespace stellar_arrow::ops

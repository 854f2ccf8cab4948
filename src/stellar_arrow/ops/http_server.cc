#include "stellar_arrow/ops/http_server.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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
constexpr size_t kMostOpen = 2 * kMostConnections;
// The daemon's own limit, which is never reached: it locks itself up there when connections are
// given to it (0.9.75).
constexpr unsigned kDaemonLimit = 32 * kMostOpen;
constexpr int kBacklog = 1024;
// Kept open for nothing but to be closed for a connection when the process has none left: probes
// are answered then too. Some, as another thread may be quicker to take what was closed.
constexpr size_t kSpareDescriptors = 4;
constexpr std::chrono::milliseconds kRetry{20};  // while not all of them could be opened again

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
  const int fd = ::socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { Reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void Reset(int fd = -1) {
    if (const int old = std::exchange(fd_, fd); old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

class MicroHttpServer final : public HttpServer {
 public:
  explicit MicroHttpServer(Answer answer) : answer_(std::move(answer)) {}
  ~MicroHttpServer() override {
    accepting_.request_stop();
    if (wake_) ::eventfd_write(wake_.get(), 1);
    if (accepting_.joinable()) accepting_.join();  // it gives connections to the daemon
    if (daemon_ != nullptr) ::MHD_stop_daemon(daemon_);
  }

  int port() const override { return port_; }

  arrow::Status Start(const std::string& address, int port) {
    ARROW_ASSIGN_OR_RAISE(const int fd, Listen(address, port));
    listening_.Reset(fd);
    port_ = PortOf(fd);
    wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (wake_) {
      daemon_ = ::MHD_start_daemon(
          MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET,
          0, nullptr, nullptr, &OnRequest, this,           //
          MHD_OPTION_CONNECTION_LIMIT, kDaemonLimit,       //
          MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,     //
          MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeadBytes,  //
          MHD_OPTION_NOTIFY_CONNECTION, &OnConnection, this, MHD_OPTION_END);
    }
    if (daemon_ == nullptr) {
      return Error(ErrorCode::kResourceExhausted, "cannot start the HTTP server on ", address, ":",
                   port_, ": no thread or descriptor for it");
    }
    accepting_ = std::jthread([this](const std::stop_token& stop) { Accept(stop); });
    ending_ = std::jthread([this](const std::stop_token& stop) { EndOld(stop); });
    return arrow::Status::OK();
  }

 private:
  struct Connection {
    int fd;
    Clock::time_point since;
  };
  using Connections = std::list<Connection>;

  // Takes connections as they come and gives them to the daemon, which would not take one where the
  // process has no descriptor left.
  void Accept(const std::stop_token& stop) {
    std::array<Descriptor, kSpareDescriptors> spares;
    pollfd waits[] = {{wake_.get(), POLLIN, 0}, {listening_.get(), POLLIN, 0}};
    bool none_left = false;
    while (!stop.stop_requested()) {
      bool spared = true;
      for (Descriptor& spare : spares) {
        if (!spare) spare.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        spared = spared && spare;
      }
      // To wait for a connection that cannot be accepted would be to spin.
      const bool again = none_left || !spared;
      ::poll(waits, none_left ? 1 : 2, again ? static_cast<int>(kRetry.count()) : -1);
      sockaddr_storage peer{};
      socklen_t size = sizeof(peer);
      const auto accept = [&] {
        size = sizeof(peer);
        return ::accept4(listening_.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
      };
      int fd = accept();
      for (Descriptor& spare : spares) {
        if (fd >= 0 || !IsOutOfDescriptors(errno)) break;
        if (!spare) continue;
        spare.Reset();
        fd = accept();
      }
      none_left = fd < 0 && IsOutOfDescriptors(errno);
      if (fd < 0) continue;
      ::MHD_add_connection(daemon_, fd, reinterpret_cast<sockaddr*>(&peer), size);
      // One after the other; one that the daemon drops without a word is waited for in vain.
      std::unique_lock lock(mutex_);
      ++given_;
      if (!changed_.wait_for(lock, stop, kRetry, [this] { return begun_ >= given_; })) {
        given_ = begun_;
      }
      changed_.wait(lock, stop, [this] { return connections_.size() < kMostOpen; });
    }
  }

  static bool IsOutOfDescriptors(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  }

  // Ends connections that are kMostSeconds old, whatever moves on them.
  void EndOld(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto then = Clock::now() - std::chrono::seconds(kMostSeconds);
      for (const Connection& old : connections_) {  // oldest first
        if (old.since > then) break;
        ::shutdown(old.fd, SHUT_RDWR);
      }
      changed_.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; });
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
      server.changed_.notify_all();
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
    ++server.begun_;
    server.changed_.notify_all();
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
  std::condition_variable_any changed_;
  // Connections so far: given to the daemon, and begun by it. Guarded by mutex_.
  uint64_t given_ = 0;
  uint64_t begun_ = 0;
  Descriptor listening_;
  Descriptor wake_;
  MHD_Daemon* daemon_ = nullptr;
  std::jthread accepting_;
  std::jthread ending_;  // last, as the one before: they use the above
};

}  // namespace

arrow::Result<std::unique_ptr<HttpServer>> HttpServer::Make(const std::string& address, int port,
                                                            Answer answer) {
  auto server = std::make_unique<MicroHttpServer>(std::move(answer));
  ARROW_RETURN_NOT_OK(server->Start(address, port));
  return server;
}

}  // namespace stellar_arrow::ops

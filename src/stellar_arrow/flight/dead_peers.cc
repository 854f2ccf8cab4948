#include "stellar_arrow/flight/dead_peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::flight {
namespace {

bool IsListening(int fd, int port) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return false;
  }
  sockaddr_storage address;
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return false;
  in_port_t bound = 0;
  if (address.ss_family == AF_INET) {
    bound = reinterpret_cast<const sockaddr_in&>(address).sin_port;
  } else if (address.ss_family == AF_INET6) {
    bound = reinterpret_cast<const sockaddr_in6&>(address).sin6_port;
  }
  return ntohs(bound) == port;
}

arrow::Status Set(int fd, int level, int option, int value) {
  if (::setsockopt(fd, level, option, &value, sizeof value) == 0) return arrow::Status::OK();
  return Error(ErrorCode::kInternal, "cannot set option ", option,
               " of the listening socket: ", std::strerror(errno));
}

}  // namespace

arrow::Status DetectDeadPeers(int port) {
#ifdef __linux__
  int found = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string name = entry.path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (!IsListening(fd, port)) continue;
    ++found;
    ARROW_RETURN_NOT_OK(Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
    ARROW_RETURN_NOT_OK(Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds));
    ARROW_RETURN_NOT_OK(Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds));
    ARROW_RETURN_NOT_OK(Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kSilenceSeconds / kProbeSeconds));
    ARROW_RETURN_NOT_OK(Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kSilenceSeconds * 1000));
  }
  if (found == 0) {
    return Error(ErrorCode::kInternal, "no listening socket of port ", port, " among /proc/self/fd",
                 error ? ": " + error.message() : "");
  }
#else
  (void)port;  // what others than Linux inherit differs; gRPC's own checks remain
#endif
  return arrow::Status::OK();
}

}  // namespace stellar_arrow::flight

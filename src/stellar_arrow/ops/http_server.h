// A small HTTP server for probes and scrapers: GET only, one request a connection. No client can
// keep it from the others, however slow it is, nor can a process without descriptors; what it
// answers is known to whoever makes it.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace stellar_arrow::ops {

// Connections at once. One more takes the place of the oldest, so that a good client is answered
// though others hold theirs.
inline constexpr size_t kMostConnections = 64;
// A connection on which nothing moves for so long is closed.
inline constexpr unsigned kIdleSeconds = 5;
// One that is this old is closed, whatever moves on it.
inline constexpr unsigned kMostSeconds = 10;
// Of a request's line and headers, together with what the server notes of them.
inline constexpr size_t kHeadBytes = 8192;

struct Response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
};

class HttpServer {
 public:
  // Makes the response for a path (without its query). Called by one thread, one at a time, and
  // must not wait for anything.
  using Answer = std::function<Response(std::string_view path)>;

  virtual ~HttpServer() = default;
  virtual int port() const = 0;

  // Listens at once, on port 0 on a free one. Errors: FAILED_PRECONDITION where it
  // cannot.
  static arrow::Result<std::unique_ptr<HttpServer>> Make(const std::string& address, int port,
                                                         Answer answer);
};

}  // namespace stellar_arrow::ops

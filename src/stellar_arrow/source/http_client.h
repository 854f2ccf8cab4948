// HTTP requests: one call is one attempt, however it ends. Knows nothing of what is asked for, and
// tries nothing again (recovery.h).
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace stellar_arrow::source {

enum class HttpMethod { kGet, kHead, kPost };

struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  // Of scheme http or https. Userinfo in it is sent as basic authentication.
  std::string url;
  std::string name;                  // of the URL in messages; empty: WithoutSecrets(url)
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // of kPost
  int64_t most_bytes = 256 << 20;    // of the response's body
  std::chrono::seconds silence{15};  // longest time with less than 1 KiB of body a second, the wait
                                     // for its first byte included
  std::chrono::milliseconds total{300'000};
  arrow::MemoryPool* pool = arrow::default_memory_pool();  // of the response's body
  std::stop_token stop = {};                               // ends the request at once
};

struct HttpResponse {
  int status = 0;                         // 200, 404, ...
  std::shared_ptr<arrow::Buffer> body;    // never null
  std::optional<int64_t> content_length;  // as the server says; of kHead, too
  // Whether the server said where the body ends. If not, it may have been cut short by a connection
  // that broke.
  bool end_is_known = false;
  std::chrono::seconds retry_after{0};  // that the server wants no other request for
};

// Keeps connections alive between requests, and speaks HTTP/2 where a server offers it over TLS,
// whose certificate is always verified: against the system's authorities, or those of SSL_CERT_FILE
// and SSL_CERT_DIR. Redirects of kGet and kHead are followed, to http and https only and never from
// https to http; userinfo and `headers` stay with the first URL's own scheme, host and port.
// Thread-safe.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();

  // The response, whatever its status. Errors carry what recovery.h tells failures apart by: the
  // system's number (ETIMEDOUT, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EIO for a body that is cut
  // short), or a code: RESOURCE_EXHAUSTED for a body over `most_bytes`, FAILED_PRECONDITION for a
  // certificate that is not trusted or a redirect that may not be followed, INVALID_ARGUMENT for no
  // valid URL, CANCELLED.
  arrow::Result<HttpResponse> Send(const HttpRequest& request);

 private:
  class Line;

  std::unique_ptr<Line> TakeLine();
  void GiveBack(std::unique_ptr<Line> line);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;  // the last used last, so that few stay warm
};

// What to do where a server's certificate is refused; behind the reason.
inline constexpr std::string_view kCertificateAdvice =
    "; a server's certificate must be in date, of its host's name, and of an authority that is "
    "trusted: SSL_CERT_FILE can name others";

// OK for a status of success. Errors: the system's number ENOENT for what is not there, EACCES for
// no right, ETIMEDOUT; UNAVAILABLE for what may pass (429, 500, 502, 503, ...), with the pause that
// was asked for, else FAILED_PRECONDITION. `what` is named in the message, and must hold no secret.
arrow::Status StatusOf(const HttpResponse& response, std::string_view what);

// What "a%3Ab" stands for: "a:b".
std::string PercentDecoded(const std::string& text);

// `url` for messages: without userinfo and query.
std::string WithoutSecrets(std::string_view url);

}  // namespace stellar_arrow::source

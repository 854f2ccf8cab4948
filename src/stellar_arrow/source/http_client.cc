#include "stellar_arrow/source/http_client.h"

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/util/io_util.h>
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/version.h"
#include "stellar_arrow/source/pause.h"

namespace stellar_arrow::source {
namespace {

constexpr auto kConnectTimeout = std::chrono::milliseconds(5'000);
constexpr int kMostRedirects = 5;
constexpr size_t kMostIdleLines = 64;
constexpr int64_t kLittle = int64_t{2} << 20;
constexpr int64_t kBigBlock = int64_t{8} << 20;  // as memory/blocks.h has them from the system
// Who sends fewer bytes a second is as good as silent.
constexpr int kLeastBytesPerSecond = 1024;

constexpr std::string_view NameOf(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kHead:
      return "HEAD";
    case HttpMethod::kPost:
      return "POST";
  }
  return "";
}

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Url {
  std::string scheme;
  std::string origin;   // scheme, host and port
  std::string address;  // all of it but the userinfo
  std::string user, password;
};

arrow::Result<Url> ParseUrl(const std::string& text) {
  const std::unique_ptr<CURLU, FreeUrl> parts(curl_url());
  if (parts == nullptr) throw std::bad_alloc();
  const auto part = [&](CURLUPart which, unsigned flags) {
    char* found = nullptr;
    if (curl_url_get(parts.get(), which, &found, flags) != CURLUE_OK) return std::string();
    const std::unique_ptr<char, void (*)(void*)> owned(found, &curl_free);
    return std::string(found);
  };
  // What is no URL is not named: nobody knows which part of it is a password.
  if (curl_url_set(parts.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return Error(ErrorCode::kInvalidArgument,
                 "no valid URL; a user, a password or a query may need its %-signs");
  }
  Url url;
  url.scheme = part(CURLUPART_SCHEME, 0);
  if (url.scheme != "http" && url.scheme != "https") {
    return Error(ErrorCode::kInvalidArgument, "a URL of scheme '", url.scheme,
                 "', where http or https can be");
  }
  url.origin = Concat(url.scheme, "://", part(CURLUPART_HOST, 0), ":",
                      part(CURLUPART_PORT, CURLU_DEFAULT_PORT));
  url.user = part(CURLUPART_USER, CURLU_URLDECODE);
  url.password = part(CURLUPART_PASSWORD, CURLU_URLDECODE);
  curl_url_set(parts.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(parts.get(), CURLUPART_PASSWORD, nullptr, 0);
  url.address = part(CURLUPART_URL, 0);
  return url;
}

bool IsRedirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The system's number for a connection that did not come to be.
int ConnectErrno(CURL* easy) {
  long number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  switch (number) {
    case EMFILE:
    case ENFILE:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return static_cast<int>(number);
    default:
      return ECONNREFUSED;
  }
}

arrow::Status ErrorOf(CURLcode code, CURL* easy, const std::string& message) {
  const auto with = [&](int number) { return arrow::internal::IOErrorFromErrno(number, message); };
  switch (code) {
    case CURLE_OK:
      return arrow::Status::OK();
    case CURLE_OPERATION_TIMEDOUT:
      return with(ETIMEDOUT);
    case CURLE_COULDNT_CONNECT:
      return with(ConnectErrno(easy));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return arrow::internal::IOErrorFromErrno(
          EHOSTUNREACH, message,
          "; is the name right, and does this machine's name server answer?");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return with(ECONNRESET);
    case CURLE_PARTIAL_FILE:
      return with(EIO);
    case CURLE_OUT_OF_MEMORY:
      return arrow::Status::OutOfMemory(message);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Error(ErrorCode::kInvalidArgument, message);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return Error(ErrorCode::kFailedPrecondition, message, kCertificateAdvice);
    default:
      return Error(ErrorCode::kUnavailable, message);
  }
}

// Minds how fast a response comes. Not curl's own limit, which forgets a fast beginning only 5 s
// later.
class Pulse {
 public:
  Pulse(CURL* easy, std::chrono::seconds most) : easy_(easy), most_(most) {}

  // Looks. Whether less than the least rate has come for the most time.
  bool Check() {
    curl_off_t bytes = 0;
    curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
    const auto now = Clock::now();
    const std::chrono::duration<double> passed = now - since_;
    if (static_cast<double>(bytes - bytes_) >= kLeastBytesPerSecond * passed.count()) {
      since_ = now;
      bytes_ = bytes;
    }
    silent_ = now - since_ >= most_;
    return silent_;
  }
  // What Check() found last.
  bool silent() const { return silent_; }

 private:
  using Clock = std::chrono::steady_clock;

  CURL* const easy_;
  const std::chrono::seconds most_;
  Clock::time_point since_ = Clock::now();
  curl_off_t bytes_ = 0;  // by then
  bool silent_ = false;
};

// Takes a response's body in.
class Sink {
 public:
  Sink(const HttpRequest& request, CURL* easy)
      : most_bytes_(request.most_bytes), easy_(easy), bytes_(request.pool) {}

  static size_t Write(const char* data, size_t, size_t size, void* sink) {
    return static_cast<Sink*>(sink)->Take(data, static_cast<int64_t>(size)) ? size : 0;
  }

  // Takes a line of the response's head.
  static size_t TakeLine(const char* data, size_t, size_t size, void* sink) {
    const std::string_view line(data, size);
    bool& has_head = static_cast<Sink*>(sink)->has_head_;
    if (line.starts_with("HTTP/")) has_head = false;  // another head, as behind "100 Continue"
    if (line == "\r\n" || line == "\n") has_head = true;
    return size;
  }

  // Whether the head has come to its end, which is an empty line. Lines behind the body are none of
  // it.
  bool has_head() const { return has_head_; }
  // What went wrong here, if anything did.
  const arrow::Status& status() const { return status_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() { return bytes_.Finish(); }

 private:
  bool Take(const char* data, int64_t size) {
    if (bytes_.length() == 0) {
      curl_off_t length = -1;
      curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      status_ = CheckSize(length);
      if (status_.ok() && length > size) status_ = bytes_.Resize(length);
    }
    if (status_.ok()) status_ = CheckSize(bytes_.length() + size);
    if (status_.ok()) status_ = MakeRoom(size);
    if (status_.ok()) status_ = bytes_.Append(data, size);
    return status_.ok();
  }

  // What does not say how much it is, and is no little, comes into one big block, which grows to
  // what it may have and no further: of ever bigger ones each would leave its memory behind.
  arrow::Status MakeRoom(int64_t size) {
    const int64_t capacity = bytes_.capacity();
    if (bytes_.length() + size <= std::max(capacity, kLittle)) return arrow::Status::OK();
    return bytes_.Resize(std::min(std::max(2 * capacity, kBigBlock), most_bytes_),
                         /*shrink_to_fit=*/false);
  }

  arrow::Status CheckSize(int64_t size) const {
    if (size <= most_bytes_) return arrow::Status::OK();
    return Error(ErrorCode::kResourceExhausted, "it has ", size, " bytes or more; at most ",
                 most_bytes_, " are read");
  }

  const int64_t most_bytes_;
  CURL* const easy_;
  bool has_head_ = false;
  arrow::BufferBuilder bytes_;
  arrow::Status status_;
};

}  // namespace

// What one request at a time is made with, and its connections, which wait for the next one. Not
// curl_easy_perform(), which looks at whether it should end once a second only.
class HttpClient::Line {
 public:
  Line() : multi_(curl_multi_init()), easy_(curl_easy_init()) {
    if (multi_ == nullptr || easy_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 4L);
  }

  // One request to `address`, with the userinfo of `own`, if that is not null, and the request's
  // headers. Where the response is a redirect, its URL is written to `location`.
  arrow::Result<HttpResponse> Send(const HttpRequest& request, const std::string& address,
                                   const Url* own, std::string* location) {
    CURL* const easy = easy_.get();
    curl_easy_reset(easy);  // which keeps connections, names and TLS sessions
    Sink sink(request, easy);
    std::array<char, CURL_ERROR_SIZE> why{};
    std::unique_ptr<curl_slist, FreeList> headers;
    const auto add_header = [&](const std::string& header) {
      if (auto* list = curl_slist_append(headers.get(), header.c_str())) {
        static_cast<void>(headers.release());
        headers.reset(list);
      } else {
        throw std::bad_alloc();
      }
    };
    if (own != nullptr) {
      for (const std::string& header : request.headers) add_header(header);
      if (!own->user.empty() || !own->password.empty()) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, own->user.c_str());
        curl_easy_setopt(easy, CURLOPT_PASSWORD, own->password.c_str());
      }
    }
    curl_easy_setopt(easy, CURLOPT_URL, address.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_USERAGENT, std::string(Producer()).c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // no wait for a name server that is asked yet
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectTimeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total.count()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Sink::TakeLine);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &sink);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Sink::Write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &sink);
    // The library, unlike its program, does not look at these by itself.
    if (const char* file = std::getenv("SSL_CERT_FILE")) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, file);
    }
    if (const char* folder = std::getenv("SSL_CERT_DIR")) {
      curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
    }
    if (request.method == HttpMethod::kHead) curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (request.method == HttpMethod::kPost) {
      add_header("Expect:");  // no question before the body
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());

    Pulse pulse(easy, request.silence);
    const std::optional<CURLcode> code = Perform(request.stop, pulse);
    const auto message = [&](std::string_view text) {
      return Concat(NameOf(request.method), " ",
                    request.name.empty() ? WithoutSecrets(address) : request.name, ": ", text);
    };
    if (!code) return Error(ErrorCode::kCancelled, message("it was cancelled"));
    if (!sink.status().ok()) return WithContext(sink.status(), message("the response"));
    if (pulse.silent()) {
      return ErrorOf(*code, easy,
                     message(Concat("next to nothing came for ", request.silence.count(), " s")));
    }
    if (*code != CURLE_OK) {
      return ErrorOf(*code, easy, message(why[0] != '\0' ? why.data() : curl_easy_strerror(*code)));
    }
    // curl is content with any part of a head.
    if (!sink.has_head()) {
      return arrow::internal::IOErrorFromErrno(EIO, message("the response's head is cut short"));
    }
    HttpResponse response;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    curl_off_t length = -1;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0) response.content_length = length;
    long version = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl_header* coding = nullptr;
    response.end_is_known =
        length >= 0 || version >= CURL_HTTP_VERSION_2_0 ||
        curl_easy_header(easy, "Transfer-Encoding", 0, CURLH_HEADER, -1, &coding) == CURLHE_OK;
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    response.retry_after = std::chrono::seconds(seconds);
    ARROW_ASSIGN_OR_RAISE(response.body, sink.Finish());
    const char* to = nullptr;
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &to);
    if (IsRedirect(status) && to != nullptr) *location = to;
    return response;
  }

 private:
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };

  // How the request ended, a silence as a time that is out; absent if `stop` ended it.
  std::optional<CURLcode> Perform(const std::stop_token& stop, Pulse& pulse) {
    CURLM* const multi = multi_.get();
    if (curl_multi_add_handle(multi, easy_.get()) != CURLM_OK) return CURLE_FAILED_INIT;
    std::optional<CURLcode> result;
    {
      const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
      int running = 1;
      CURLMcode code = CURLM_OK;
      while (code == CURLM_OK && !stop.stop_requested()) {
        code = curl_multi_perform(multi, &running);
        if (code != CURLM_OK || running == 0) break;
        if (pulse.Check()) {
          result = CURLE_OPERATION_TIMEDOUT;
          break;
        }
        code = curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
      }
      if (code != CURLM_OK) result = CURLE_FAILED_INIT;
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) result = message->data.result;
    }
    curl_multi_remove_handle(multi, easy_.get());
    return result;
  }

  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unique_ptr<CURL, FreeEasy> easy_;  // first to go
};

HttpClient::HttpClient() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw std::bad_alloc();
}

HttpClient::~HttpClient() = default;

arrow::Result<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  ARROW_ASSIGN_OR_RAISE(const Url first, ParseUrl(request.url));
  Url url = first;
  auto line = TakeLine();
  for (int redirects = 0;; ++redirects) {
    std::string location;
    const Url* const own = url.origin == first.origin ? &first : nullptr;
    auto response = line->Send(request, url.address, own, &location);
    if (location.empty() || request.method == HttpMethod::kPost) {
      if (response.ok()) GiveBack(std::move(line));
      return response;
    }
    const auto refuse = [&](const auto&... why) {
      return Error(ErrorCode::kFailedPrecondition, NameOf(request.method), " ",
                   WithoutSecrets(request.url), ": it is redirected to ", WithoutSecrets(location),
                   ", ", why...);
    };
    auto next = ParseUrl(location);
    if (!next.ok()) return refuse("which is neither http: nor https:");
    if (url.scheme == "https" && next->scheme != "https") return refuse("which is not https:");
    if (redirects == kMostRedirects) return refuse("after ", kMostRedirects, " other redirects");
    url = *std::move(next);
  }
}

std::unique_ptr<HttpClient::Line> HttpClient::TakeLine() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto line = std::move(idle_.back());
      idle_.pop_back();
      return line;
    }
  }
  return std::make_unique<Line>();
}

void HttpClient::GiveBack(std::unique_ptr<Line> line) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdleLines) idle_.push_back(std::move(line));
}

arrow::Status StatusOf(const HttpResponse& response, std::string_view what) {
  if (response.status >= 200 && response.status < 300) return arrow::Status::OK();
  const std::string message = Concat(what, ": HTTP status ", response.status);
  const auto may_pass = [&] { return MayPass(response.retry_after, message); };
  switch (response.status) {
    case 404:
    case 410:
      return arrow::internal::IOErrorFromErrno(ENOENT, message);
    case 401:
    case 403:
    case 407:
      return arrow::internal::IOErrorFromErrno(
          EACCES, message, "; check the password, the key or the token that it is asked with");
    case 408:
    case 504:
      return arrow::internal::IOErrorFromErrno(ETIMEDOUT, message);
    case 425:
    case 429:
      return may_pass();
    case 501:
    case 505:
      return Error(ErrorCode::kFailedPrecondition, message);
    default:
      // Those of proxies, such as 522, among them.
      if (response.status >= 500) return may_pass();
      return Error(ErrorCode::kFailedPrecondition, message);
  }
}

std::string PercentDecoded(const std::string& text) {
  int size = 0;
  const std::unique_ptr<char, void (*)(void*)> decoded(
      curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size), &curl_free);
  return decoded == nullptr ? text : std::string(decoded.get(), static_cast<size_t>(size));
}

std::string WithoutSecrets(std::string_view url) {
  std::string clean;
  if (const size_t slashes = url.find("://"); slashes != std::string_view::npos) {
    clean = url.substr(0, slashes + 3);
    url.remove_prefix(slashes + 3);
  }
  // All up to the last '@', should a password hold one, or what ends a host.
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const size_t at = url.rfind('@');
  if (at != std::string_view::npos && authority.find_first_of(":@") != std::string_view::npos) {
    url.remove_prefix(at + 1);
  }
  clean += url.substr(0, url.find_first_of("?#"));
  if (url.find('?') != std::string_view::npos) clean += "?...";
  return clean;
}

}  // namespace stellar_arrow::source

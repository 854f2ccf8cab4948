#include "stellar_arrow/source/http_store.h"

#include <arrow/buffer.h>
#include <arrow/util/io_util.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/descriptors.h"
#include "stellar_arrow/source/http_client.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/recovery.h"

namespace stellar_arrow::source {
namespace {

// Whoever asks what there is wants to know it within 5 s.
constexpr auto kHeadTime = std::chrono::milliseconds(5'000);
constexpr auto kPageTime = std::chrono::milliseconds(60'000);
constexpr auto kObjectTime = std::chrono::milliseconds(300'000);
constexpr int64_t kMostPageBytes = 64 << 20;  // with 64,000 links it has some 10 MB

bool IsMissing(const HttpResponse& response) {
  return response.status == 404 || response.status == 410;
}

// What a page links to, each by the last part of its path.
std::vector<Store::Entry> LinksOf(std::string_view page) {
  constexpr std::string_view kLink = "href=\"";
  std::vector<Store::Entry> entries;
  for (size_t at = page.find(kLink); at != std::string_view::npos; at = page.find(kLink, at)) {
    at += kLink.size();
    std::string_view link = page.substr(at, page.find('"', at) - at);
    const bool is_folder = link.ends_with('/');
    if (is_folder) link.remove_suffix(1);
    entries.push_back({std::string(link.substr(link.rfind('/') + 1)), is_folder});
  }
  return entries;
}

class HttpStore final : public Store {
 public:
  HttpStore(std::string url, std::string query, int64_t most_bytes)
      : url_(std::move(url)), query_(std::move(query)), most_bytes_(most_bytes) {}

  bool is_remote() const override { return true; }

  arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                         const Patience& patience) override {
    const std::string path = folder.empty() ? "/" : "/" + folder + "/";
    ARROW_ASSIGN_OR_RAISE(const HttpResponse response, Send({.url = UrlOf(path),
                                                             .most_bytes = kMostPageBytes,
                                                             .total = patience.Within(kPageTime),
                                                             .stop = patience.stop}));
    const arrow::Status status = StatusOf(response, NameOf(path));
    if (status.ok()) ARROW_RETURN_NOT_OK(CheckEnd(response, path));
    std::vector<Entry> entries;
    if (status.ok()) entries = LinksOf(std::string_view(*response.body));
    if (!folder.empty()) {
      if (!IsMissing(response)) ARROW_RETURN_NOT_OK(status);
      return entries;
    }
    if (FailureOf(status) == Failure::kTransient) return status;
    // Without pages of links the folder is refused, missing, or something else altogether.
    for (const Entry& entry : entries) {
      if (entry.name == ".." || ParseLakeName(entry.name)) return entries;
    }
    return Error(ErrorCode::kUnimplemented, NameOf("/"), " does not list its files");
  }

  arrow::Result<bool> Exists(const std::string& object, const Patience& patience) override {
    ARROW_ASSIGN_OR_RAISE(const HttpResponse response, Send({.method = HttpMethod::kHead,
                                                             .url = UrlOf("/" + object),
                                                             .total = patience.Within(kHeadTime),
                                                             .stop = patience.stop}));
    if (IsMissing(response)) return false;
    ARROW_RETURN_NOT_OK(StatusOf(response, NameOf("/" + object)));
    return true;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const Patience& patience) override {
    ARROW_ASSIGN_OR_RAISE(HttpResponse response, Send({.url = UrlOf("/" + object),
                                                       .most_bytes = most_bytes_,
                                                       .total = patience.Within(kObjectTime),
                                                       .pool = pool,
                                                       .stop = patience.stop}));
    if (IsMissing(response)) return nullptr;
    ARROW_RETURN_NOT_OK(StatusOf(response, NameOf("/" + object)));
    ARROW_RETURN_NOT_OK(CheckEnd(response, "/" + object));
    return std::move(response.body);
  }

 private:
  std::string UrlOf(const std::string& path) const { return url_ + path + query_; }
  std::string NameOf(const std::string& path) const { return WithoutSecrets(url_) + path; }

  // What may have been cut short is never taken for whole.
  arrow::Status CheckEnd(const HttpResponse& response, const std::string& path) const {
    if (response.end_is_known) return arrow::Status::OK();
    return arrow::internal::IOErrorFromErrno(EIO, NameOf(path),
                                             ": the response does not say where it ends");
  }

  arrow::Result<HttpResponse> Send(const HttpRequest& request) {
    return WithDescriptor([&] { return client_.Send(request); });
  }

  const std::string url_;
  const std::string query_;
  const int64_t most_bytes_;
  HttpClient client_;
};

}  // namespace

std::shared_ptr<Store> OpenHttpStore(std::string url, std::string query, int64_t most_bytes) {
  return std::make_shared<HttpStore>(std::move(url), std::move(query), most_bytes);
}

}  // namespace stellar_arrow::source

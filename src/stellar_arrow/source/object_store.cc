#include "stellar_arrow/source/object_store.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/azurefs.h>
#include <arrow/filesystem/gcsfs.h>
#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/io_util.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/abandon.h"
#include "stellar_arrow/source/descriptors.h"
#include "stellar_arrow/source/http_client.h"

namespace stellar_arrow::source {
namespace {

namespace fs = arrow::fs;
using std::chrono::milliseconds;

constexpr double kConnectSeconds = 5;
constexpr auto kAnswerTime = milliseconds(15'000);
// Of all requests for a list, each of which gives a thousand names.
constexpr auto kListTime = milliseconds(60'000);
// Objects may take that and a second for each so many bytes.
constexpr int64_t kLeastBytesPerSecond = 256 << 10;

// Requests that nobody waits for any more, each with a thread and a connection. The libraries of
// Google and Azure end them after minutes of silence.
constexpr int kMostLeftCalls = 256;

// Google's library tries again by itself for as long: once, that is.
constexpr double kGcsRetrySeconds = 0.2;

// All of it: who asks for an object's head is not told why.
constexpr std::string_view kRefusedAdvice =
    "; check the bucket's name and region, the key and its rights, and this machine's clock";

// Whether the request that failed last may succeed another time.
enum class Verdict { kUnknown, kTransient, kPermanent, kNoTrust };

// Where the verdict on the calls of this thread is left; null outside of them.
thread_local Verdict* verdict_of_thread = nullptr;

// Whether Amazon's library means that a server's certificate is no good, or that there are none to
// hold it against. It gives curl's number in its text only, and takes it for what may pass.
bool IsOfCertificate(std::string_view message) {
  return message.starts_with("curlCode: 60,") || message.starts_with("curlCode: 77,");
}

// Tries nothing again, as recovery.h does that; but is told what every failure was.
class S3Failures final : public fs::S3RetryStrategy {
 public:
  bool ShouldRetry(const AWSErrorDetail& error, int64_t) override {
    const Verdict verdict = IsOfCertificate(error.message) ? Verdict::kNoTrust
                            : error.should_retry           ? Verdict::kTransient
                                                           : Verdict::kPermanent;
    if (verdict_of_thread != nullptr) {
      *verdict_of_thread = verdict;
    } else {
      elsewhere_ = verdict;
    }
    return false;
  }
  int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail&, int64_t) override { return 0; }

  // Of lists of names, which Arrow makes in threads of its own.
  Verdict elsewhere() const { return elsewhere_; }
  void Forget() { elsewhere_ = Verdict::kUnknown; }

 private:
  std::atomic<Verdict> elsewhere_ = Verdict::kUnknown;
};

// `message` without the queries of URLs, which Azure's hold signatures in.
std::string WithoutQueries(std::string message) {
  for (size_t at = message.find('?'); at != std::string::npos; at = message.find('?', at + 1)) {
    const size_t end = std::min(message.find_first_of(" '\"\r\n", at), message.size());
    message.erase(at + 1, end - at - 1);
  }
  return message;
}

// `status` of what is at `path` as recovery.h tells failures apart. Arrow's file systems set the
// system's number for what is not there and, but for Azure's, for want of a right; all else they
// call I/O errors, or, with Google's own words, unknown, cancelled or exhausted.
arrow::Status Settled(const arrow::Status& status, Verdict verdict, std::string_view path) {
  if (status.ok() || DetailOf(status) != nullptr || status.IsOutOfMemory()) return status;
  const std::string message = Concat(path, ": ", WithoutQueries(status.message()));
  if (const int number = arrow::internal::ErrnoFromStatus(status); number != 0) {
    return arrow::internal::StatusFromErrno(
        number, status.code(), Concat(message, number == EACCES ? kRefusedAdvice : ""));
  }
  if (verdict == Verdict::kNoTrust) {
    return Error(ErrorCode::kFailedPrecondition, message, kCertificateAdvice);
  }
  if (verdict == Verdict::kPermanent) {
    return Error(ErrorCode::kFailedPrecondition, message, kRefusedAdvice);
  }
  // Google's library calls an answer that was cut invalid, too.
  if (status.IsNotImplemented()) return Error(ErrorCode::kFailedPrecondition, message);
  return Error(ErrorCode::kUnavailable, message);
}

bool IsNotThere(const arrow::Status& status) {
  return arrow::internal::ErrnoFromStatus(status) == ENOENT;
}

class ObjectStore final : public Store {
 public:
  ObjectStore(std::shared_ptr<fs::FileSystem> filesystem, std::string path, int64_t most_bytes,
              std::shared_ptr<S3Failures> failures = nullptr)
      : filesystem_(std::move(filesystem)),
        path_(std::move(path)),
        most_bytes_(most_bytes),
        failures_(std::move(failures)) {}

  bool is_remote() const override { return true; }

  arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                         const Patience& patience) override {
    fs::FileSelector selector;
    selector.base_dir = folder.empty() ? path_ : path_ + "/" + folder;
    selector.allow_not_found = !folder.empty();
    ARROW_ASSIGN_OR_RAISE(
        const auto infos,
        Ask([=](fs::FileSystem& filesystem) { return filesystem.GetFileInfo(selector); }, patience,
            kListTime));
    std::vector<Entry> entries;
    entries.reserve(infos.size());
    for (const fs::FileInfo& info : infos) {
      entries.push_back({info.base_name(), info.IsDirectory()});
    }
    return entries;
  }

  arrow::Result<bool> Exists(const std::string& object, const Patience& patience) override {
    ARROW_ASSIGN_OR_RAISE(
        const fs::FileInfo info,
        Ask([path = path_ + "/" +
                    object](fs::FileSystem& filesystem) { return filesystem.GetFileInfo(path); },
            patience));
    return info.IsFile();
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const Patience& patience) override {
    struct Opened {
      std::shared_ptr<arrow::io::RandomAccessFile> file;
      int64_t size = 0;
    };
    auto opened = Ask(
        [path = path_ + "/" + object](fs::FileSystem& filesystem) -> arrow::Result<Opened> {
          ARROW_ASSIGN_OR_RAISE(auto file, filesystem.OpenInputFile(path));
          ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
          return Opened{std::move(file), size};
        },
        patience);
    if (IsNotThere(opened.status())) return nullptr;
    ARROW_RETURN_NOT_OK(opened);
    const int64_t size = opened->size;
    // An answer whose head was cut short has no length, which Amazon's library takes for none.
    if (size == 0) return NothingCame(object);
    if (size > most_bytes_) {
      return Error(ErrorCode::kResourceExhausted, object, " has ", size, " bytes; at most ",
                   most_bytes_, " are read");
    }
    // A pool outlives whoever it is of as long as something of it is there.
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> keeps_pool,
                          arrow::AllocateBuffer(1, pool));
    ARROW_ASSIGN_OR_RAISE(
        auto bytes,
        Ask([opened = *std::move(opened), keeps_pool,
             pool](fs::FileSystem&) { return ReadZeroed(*opened.file, opened.size, pool); },
            patience, kAnswerTime + milliseconds(1000 * size / kLeastBytesPerSecond)));
    if (bytes->size() < size) {
      return arrow::internal::IOErrorFromErrno(EIO, object, ": ", bytes->size(), " of ", size,
                                               " bytes came");
    }
    // And then Arrow says that all bytes came, whatever lies where they should.
    const auto is_zero = [](uint8_t byte) { return byte == 0; };
    if (std::all_of(bytes->data(), bytes->data() + size, is_zero)) return NothingCame(object);
    return bytes;
  }

 private:
  static arrow::Status NothingCame(const std::string& object) {
    return arrow::internal::IOErrorFromErrno(EIO, object, ": no bytes came");
  }

  static arrow::Result<std::shared_ptr<arrow::Buffer>> ReadZeroed(arrow::io::RandomAccessFile& file,
                                                                  int64_t size,
                                                                  arrow::MemoryPool* pool) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateResizableBuffer(size, pool));
    std::memset(bytes->mutable_data(), 0, static_cast<size_t>(size));
    ARROW_ASSIGN_OR_RAISE(const int64_t came, file.ReadAt(0, size, bytes->mutable_data()));
    ARROW_RETURN_NOT_OK(bytes->Resize(came, /*shrink_to_fit=*/false));
    return bytes;
  }

  // The result of `call(filesystem)`, with its error settled.
  template <typename Call>
  auto Ask(Call call, const Patience& patience, milliseconds most = kAnswerTime) const
      -> decltype(call(std::declval<fs::FileSystem&>())) {
    using Result = decltype(call(std::declval<fs::FileSystem&>()));
    return calls_.Run(
        [filesystem = filesystem_, path = path_, failures = failures_,
         call = std::move(call)]() -> Result {
          Verdict verdict = Verdict::kUnknown;
          if (failures != nullptr) failures->Forget();
          verdict_of_thread = &verdict;
          Result result = arrow::Status::UnknownError("");
          try {
            result = WithDescriptor([&] { return call(*filesystem); });
          } catch (const std::bad_alloc&) {
            result = arrow::Status::OutOfMemory("no memory to ask an object store");
          } catch (const std::exception& error) {  // of the store's library, as for no identity
            result = Error(ErrorCode::kUnavailable, WithoutQueries(error.what()));
          }
          verdict_of_thread = nullptr;
          if (result.ok()) return result;
          if (verdict == Verdict::kUnknown && failures != nullptr) verdict = failures->elsewhere();
          return Settled(result.status(), verdict, path);
        },
        patience.stop, patience.Within(most));
  }

  const std::shared_ptr<fs::FileSystem> filesystem_;
  const std::string path_;
  const int64_t most_bytes_;
  const std::shared_ptr<S3Failures> failures_;  // null but for S3
  const AbandonableCalls calls_{kMostLeftCalls};
};

// What the environment says; empty for nothing.
std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The settings of a URL, taken one by one.
class Settings {
 public:
  explicit Settings(const std::map<std::string, std::string>& settings) : left_(settings) {}

  // Empty if it is not there.
  std::string Take(const std::string& name) {
    auto node = left_.extract(name);
    return node ? PercentDecoded(node.mapped()) : std::string();
  }
  arrow::Result<bool> TakeBool(const std::string& name) {
    const std::string value = Take(name);
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return Error(ErrorCode::kInvalidArgument, "setting ", name,
                 " of the source's URL can be true "
                 "or false");
  }
  // After all that are known.
  arrow::Status CheckNoneIsLeft(std::string_view known) const {
    if (left_.empty()) return arrow::Status::OK();
    return Error(ErrorCode::kInvalidArgument, "unknown setting ", Quoted(left_.begin()->first),
                 " in the source's URL; known are ", known);
  }
  const std::map<std::string, std::string>& left() const { return left_; }

 private:
  std::map<std::string, std::string> left_;
};

arrow::Result<std::shared_ptr<Store>> OpenS3(const std::string& path, Settings settings,
                                             int64_t most_bytes) {
  ARROW_RETURN_NOT_OK(fs::EnsureS3Initialized());
  ARROW_ASSIGN_OR_RAISE(const bool anonymous, settings.TakeBool("anonymous"));
  fs::S3Options options = anonymous ? fs::S3Options::Anonymous() : fs::S3Options::Defaults();
  options.endpoint_override = settings.Take("endpoint_override");
  if (const auto region = settings.Take("region"); !region.empty()) options.region = region;
  if (const auto scheme = settings.Take("scheme"); !scheme.empty()) options.scheme = scheme;
  ARROW_RETURN_NOT_OK(settings.CheckNoneIsLeft("region, endpoint_override, scheme, anonymous"));
  options.connect_timeout = kConnectSeconds;
  options.request_timeout = std::chrono::duration<double>(kAnswerTime).count();
  options.tls_ca_file_path = Environment("SSL_CERT_FILE");
  const auto failures = std::make_shared<S3Failures>();
  options.retry_strategy = failures;
  ARROW_ASSIGN_OR_RAISE(auto filesystem, fs::S3FileSystem::Make(options));
  return std::make_shared<ObjectStore>(std::move(filesystem), path, most_bytes, failures);
}

arrow::Result<std::shared_ptr<Store>> OpenGcs(const std::string& path, Settings settings,
                                              int64_t most_bytes) {
  ARROW_ASSIGN_OR_RAISE(const bool anonymous, settings.TakeBool("anonymous"));
  fs::GcsOptions options = anonymous ? fs::GcsOptions::Anonymous() : fs::GcsOptions::Defaults();
  options.endpoint_override = settings.Take("endpoint_override");
  if (const auto scheme = settings.Take("scheme"); !scheme.empty()) options.scheme = scheme;
  ARROW_RETURN_NOT_OK(settings.CheckNoneIsLeft("endpoint_override, scheme, anonymous"));
  options.retry_limit_seconds = kGcsRetrySeconds;
  ARROW_ASSIGN_OR_RAISE(auto filesystem, fs::GcsFileSystem::Make(options));
  return std::make_shared<ObjectStore>(std::move(filesystem), path, most_bytes);
}

arrow::Result<std::shared_ptr<Store>> OpenAzure(const std::string& place, Settings settings,
                                                int64_t most_bytes) {
  ARROW_ASSIGN_OR_RAISE(const bool anonymous, settings.TakeBool("anonymous"));
  std::string url = "abfs://" + place;
  for (const auto& [name, value] : settings.left()) {
    url.append(url.find('?') == std::string::npos ? "?" : "&").append(name).append("=" + value);
  }
  std::string path;
  auto options = fs::AzureOptions::FromUri(url, &path);
  if (!options.ok()) {
    return Error(ErrorCode::kInvalidArgument,
                 "the source's URL: ", WithoutQueries(options.status().message()));
  }
  const std::string key = Environment("AZURE_STORAGE_KEY");
  const std::string signature = Environment("AZURE_STORAGE_SAS_TOKEN");
  if (anonymous) {
    ARROW_RETURN_NOT_OK(options->ConfigureAnonymousCredential());
  } else if (!key.empty()) {
    ARROW_RETURN_NOT_OK(options->ConfigureAccountKeyCredential(key));
  } else if (!signature.empty()) {
    ARROW_RETURN_NOT_OK(options->ConfigureSASCredential(signature));
  }
  ARROW_ASSIGN_OR_RAISE(auto filesystem, fs::AzureFileSystem::Make(*options));
  return std::make_shared<ObjectStore>(std::move(filesystem), std::move(path), most_bytes);
}

}  // namespace

bool IsObjectStore(std::string_view scheme) {
  return scheme == "s3" || scheme == "gs" || scheme == "abfs" || scheme == "abfss";
}

bool IsOpenSetting(std::string_view name) {
  constexpr std::string_view kOpen[] = {
      "anonymous",  "blob_storage_authority", "credential_kind", "dfs_storage_authority",
      "enable_tls", "endpoint_override",      "region",          "scheme"};
  return std::ranges::find(kOpen, name) != std::end(kOpen);
}

arrow::Result<std::shared_ptr<Store>> OpenObjectStore(
    std::string_view scheme, const std::string& place,
    const std::map<std::string, std::string>& settings, int64_t most_bytes) {
  const size_t at = place.rfind('@');  // keys have slashes in them
  const bool azure = scheme.starts_with("abfs");
  // Azure's have the container, or the account, before an '@'.
  if ((at != std::string::npos && (!azure || place.find(':') < at)) ||
      settings.contains("client_secret")) {
    return Error(ErrorCode::kInvalidArgument,
                 "the source's URL holds a key, which others can see: keys belong into the "
                 "environment");
  }
  if (scheme == "s3") return OpenS3(place, Settings(settings), most_bytes);
  if (scheme == "gs") return OpenGcs(place, Settings(settings), most_bytes);
  return OpenAzure(place, Settings(settings), most_bytes);
}

bool EndObjectStores() {
  constexpr auto kPatience = milliseconds(1'000);
  if (!NothingRunsAside(kPatience)) return false;
  if (fs::IsS3Initialized()) static_cast<void>(fs::FinalizeS3());
  return true;
}

}  // namespace stellar_arrow::source

#include "stellar_arrow/source/rpc_source.h"

#include <arrow/buffer.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/source/extent_cache.h"
#include "stellar_arrow/source/http_client.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::source {
namespace {

namespace json = simdjson::ondemand;
using Clock = std::chrono::steady_clock;

// How long whoever asks what the node has waits for one that fails.
constexpr std::chrono::milliseconds kAnswerBudget{5'000};
constexpr std::chrono::seconds kRequestTime{30};  // the node's own limit is 25
// Pages begin small and grow to about so many bytes, or the most ledgers that nodes allow.
constexpr int64_t kPageBytes = int64_t{8} << 20;
constexpr uint32_t kFirstPage = 4;
constexpr uint32_t kMostLedgers = 200;
// Nodes behind one address may be so many ledgers apart.
constexpr uint32_t kApart = 16;
// What simdjson's parser allocates itself for each byte of the text: 4 for its index, 5/3 for
// texts.
constexpr int64_t kParserBytes = 6;

// JSON-RPC's own codes, and stellar-rpc's.
constexpr int64_t kInvalidRequest = -32600;  // a start out of range, or too great a limit
constexpr int64_t kMethodNotFound = -32601;
constexpr int64_t kInvalidParams = -32602;

// A node's refusal, told by its code.
struct Refusal {
  int64_t code = 0;
  std::string message;
};

// What a node said. The views into it live as long as it does.
struct Answer {
  std::shared_ptr<arrow::Buffer> text;
  std::shared_ptr<arrow::Buffer> parser_bytes;  // never touched: counts what the parser allocates
  json::parser parser;
  json::document document;
  json::object result;
  std::optional<Refusal> refusal;  // in place of a result
};

struct Page {
  std::deque<Object> ledgers;
  std::optional<uint32_t> newest;  // that the node has
  bool refused = false;
};

// What is settled when the source is opened.
class Node {
 public:
  Node(std::string url, const std::string& authorization, const SourceOptions& options)
      : url_(std::move(url)),
        name_(RpcName(url_)),
        most_bytes_(options.max_object_bytes / 3 * 4 + (1 << 20)),
        recovery_(name_, options.recovery) {
    headers_ = {"Content-Type: application/json"};
    if (!authorization.empty()) headers_.push_back("Authorization: " + authorization);
  }

  const std::string& name() const { return name_; }
  Recovery& recovery() { return recovery_; }
  const Recovery& recovery() const { return recovery_; }

  // One attempt. Errors: of the request; UNAVAILABLE for what is no answer of JSON-RPC.
  arrow::Result<std::unique_ptr<Answer>> Ask(
      std::string_view method, const std::string& params, const std::stop_token& stop,
      arrow::MemoryPool* pool = arrow::default_memory_pool());

  // One attempt to learn which ledgers the node has.
  arrow::Result<Extent> FindExtent(const std::stop_token& stop);

  // One attempt to learn the network's passphrase.
  arrow::Result<std::string> FindPassphrase();

  // One attempt at a page of at most `limit` ledgers from `first` on. `gaps` decides about holes.
  arrow::Result<Page> FindPage(uint32_t first, uint32_t limit, const std::stop_token& stop,
                               arrow::MemoryPool* pool, int64_t* bytes);

 private:
  arrow::Result<Object> ReadLedger(json::object ledger, size_t index, arrow::MemoryPool* pool);

  arrow::Status NoAnswer(std::string_view method, std::string_view why) const {
    return Error(ErrorCode::kUnavailable, name_, " ", method, ": ", why);
  }

  const std::string url_;
  const std::string name_;
  const int64_t most_bytes_;
  std::vector<std::string> headers_;
  HttpClient http_;
  Recovery recovery_;
  // Whether it gives what is older than it says, from a lake.
  enum class History : uint8_t { kUnknown, kWindow, kWhole };
  std::atomic<History> history_ = History::kUnknown;
};

arrow::Result<std::unique_ptr<Answer>> Node::Ask(std::string_view method, const std::string& params,
                                                 const std::stop_token& stop,
                                                 arrow::MemoryPool* pool) {
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.url = url_;
  request.name = name_;
  request.headers = headers_;
  request.body = Concat(R"({"jsonrpc":"2.0","id":1,"method":")", method, R"(")",
                        params.empty() ? "" : R"(,"params":)", params, "}");
  request.most_bytes = most_bytes_;
  request.total = kRequestTime;
  request.pool = pool;
  request.stop = stop;
  ARROW_ASSIGN_OR_RAISE(const HttpResponse response, http_.Send(request));
  ARROW_RETURN_NOT_OK(StatusOf(response, Concat(name_, " ", method)));
  auto answer = std::make_unique<Answer>();
  const int64_t size = response.body->size();
  ARROW_ASSIGN_OR_RAISE(answer->text,
                        arrow::AllocateBuffer(size + simdjson::SIMDJSON_PADDING, pool));
  std::memcpy(answer->text->mutable_data(), response.body->data(), static_cast<size_t>(size));
  std::memset(answer->text->mutable_data() + size, 0, simdjson::SIMDJSON_PADDING);
  ARROW_ASSIGN_OR_RAISE(answer->parser_bytes, arrow::AllocateBuffer(kParserBytes * size, pool));
  json::object object;
  if (auto error =
          answer->parser
              .iterate(reinterpret_cast<const char*>(answer->text->data()),
                       static_cast<size_t>(size), static_cast<size_t>(answer->text->size()))
              .get(answer->document);
      error || (error = answer->document.get_object().get(object))) {
    if (error == simdjson::MEMALLOC) {
      return arrow::Status::OutOfMemory(name_, " ", method, ": no memory to read ", size,
                                        " bytes of JSON");
    }
    return NoAnswer(method,
                    Concat("the answer is no JSON object: ", simdjson::error_message(error)));
  }
  json::object refusal;
  if (object["error"].get_object().get(refusal) == simdjson::SUCCESS) {
    answer->refusal.emplace();
    if (refusal["code"].get_int64().get(answer->refusal->code) != simdjson::SUCCESS) {
      return NoAnswer(method, "error.code is no number");
    }
    std::string_view message;
    if (refusal["message"].get_string().get(message) == simdjson::SUCCESS) {
      answer->refusal->message = Quoted(message);
    }
    return answer;
  }
  if (object["result"].get_object().get(answer->result) != simdjson::SUCCESS) {
    return NoAnswer(method, "there is neither a result nor an error in the answer");
  }
  return answer;
}

arrow::Status StatusOf(const Refusal& refusal, const std::string& name, std::string_view method) {
  const auto code = refusal.code == kMethodNotFound  ? ErrorCode::kUnimplemented
                    : refusal.code == kInvalidParams ? ErrorCode::kFailedPrecondition
                                                     : ErrorCode::kUnavailable;
  return Error(code, name, " ", method, ": error ", refusal.code, ", ", refusal.message);
}

// A number that a ledger can have.
bool ReadSequence(simdjson::simdjson_result<json::value> value, std::optional<uint32_t>* sequence) {
  uint64_t number = 0;
  if (value.get_uint64().get(number) != simdjson::SUCCESS || number > UINT32_MAX) return false;
  *sequence = static_cast<uint32_t>(number);
  return true;
}

arrow::Result<Extent> Node::FindExtent(const std::stop_token& stop) {
  Extent extent;
  extent.grows = true;
  ARROW_ASSIGN_OR_RAISE(const auto health, Ask("getHealth", "", stop));
  if (!health->refusal) {
    if (!ReadSequence(health->result["latestLedger"], &extent.newest) ||
        !ReadSequence(health->result["oldestLedger"], &extent.first)) {
      return NoAnswer("getHealth", "latestLedger or oldestLedger is no ledger's number");
    }
  } else {
    // It may be behind, and have ledgers all the same.
    ARROW_ASSIGN_OR_RAISE(const auto latest, Ask("getLatestLedger", "", stop));
    if (latest->refusal) return StatusOf(*latest->refusal, name_, "getLatestLedger");
    if (!ReadSequence(latest->result["sequence"], &extent.newest)) {
      return NoAnswer("getLatestLedger", "sequence is no ledger's number");
    }
    return extent;
  }
  History history = history_;
  if (history == History::kUnknown) {
    int64_t bytes = 0;
    ARROW_ASSIGN_OR_RAISE(const Page oldest, FindPage(kFirstLakeLedger, 1, stop,
                                                      arrow::default_memory_pool(), &bytes));
    const bool whole = !oldest.refused && !oldest.ledgers.empty() &&
                       oldest.ledgers.front().first == kFirstLakeLedger;
    history = whole ? History::kWhole : History::kWindow;
    history_ = history;
  }
  if (history == History::kWhole) extent.first = kFirstLakeLedger;
  return extent;
}

arrow::Result<std::string> Node::FindPassphrase() {
  ARROW_ASSIGN_OR_RAISE(const auto answer, Ask("getNetwork", "", {}));
  if (answer->refusal) return StatusOf(*answer->refusal, name_, "getNetwork");
  std::string_view passphrase;
  if (answer->result["passphrase"].get_string().get(passphrase) != simdjson::SUCCESS) {
    return NoAnswer("getNetwork", "passphrase is no text");
  }
  return std::string(passphrase);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> DecodeBase64(std::string_view text,
                                                           arrow::MemoryPool* pool) {
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const auto* from = reinterpret_cast<const unsigned char*>(text.data());
  ARROW_ASSIGN_OR_RAISE(
      auto bytes, arrow::AllocateResizableBuffer(static_cast<int64_t>(text.size() / 4 * 3), pool));
  if (text.empty() || text.size() % 4 != 0 || text.size() > INT_MAX ||
      EVP_DecodeBlock(bytes->mutable_data(), from, static_cast<int>(text.size())) !=
          bytes->size()) {
    return Error(ErrorCode::kDataLoss, "is no base64");
  }
  ARROW_RETURN_NOT_OK(
      bytes->Resize(bytes->size() - static_cast<int64_t>(padding), /*shrink_to_fit=*/false));
  return bytes;
}

arrow::Result<Object> Node::ReadLedger(json::object ledger, size_t index, arrow::MemoryPool* pool) {
  const auto place = [&](std::string_view field) {
    return Concat(name_, " getLedgers: ledgers[", index, "].", field);
  };
  std::optional<uint32_t> sequence;
  if (!ReadSequence(ledger["sequence"], &sequence)) {
    return Error(ErrorCode::kDataLoss, place("sequence"), " is no ledger's number");
  }
  const auto refuse = [&](std::string_view field, const auto&... why) {
    return LedgerError(ErrorCode::kDataLoss, *sequence, "ledger ", *sequence, ": ", place(field),
                       " ", why...);
  };
  std::string_view text;
  if (ledger["metadataXdr"].get_string().get(text) != simdjson::SUCCESS) {
    return refuse("metadataXdr", "is no text");
  }
  auto bytes = DecodeBase64(text, pool);
  if (!bytes.ok() && CodeOf(bytes.status()) != ErrorCode::kDataLoss) return bytes.status();
  if (!bytes.ok()) return refuse("metadataXdr", bytes.status().message());
  const xdr::Bytes wire((*bytes)->data(), static_cast<size_t>((*bytes)->size()));
  const auto id = ledger::PeekLedger(wire.first(std::min(wire.size(), ledger::kMaxHeaderBytes)));
  if (!id) {
    return refuse("metadataXdr", "is no LedgerCloseMeta: its ledger header cannot be read");
  }
  if (id->sequence != *sequence) return refuse("metadataXdr", "is ledger ", id->sequence);
  std::string_view hash;
  if (ledger["hash"].get_string().get(hash) != simdjson::SUCCESS ||
      hash != text::EncodeHex(id->hash)) {
    return refuse("hash", "is not the one in metadataXdr, ", text::EncodeHex(id->hash));
  }
  return Object{Concat(name_, " ledger ", *sequence),
                Form::kLedger,
                /*zstd=*/false,
                *std::move(bytes),
                *sequence,
                *sequence};
}

arrow::Result<Page> Node::FindPage(uint32_t first, uint32_t limit, const std::stop_token& stop,
                                   arrow::MemoryPool* pool, int64_t* bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto answer, Ask("getLedgers",
                                               Concat(R"({"startLedger":)", first,
                                                      R"(,"pagination":{"limit":)", limit, "}}"),
                                               stop, pool));
  *bytes = answer->text->size();
  Page page;
  if (answer->refusal) {
    page.refused =
        answer->refusal->code == kInvalidRequest || answer->refusal->code == kInvalidParams;
    if (page.refused) return page;
    return StatusOf(*answer->refusal, name_, "getLedgers");
  }
  json::array ledgers;
  if (answer->result["ledgers"].get_array().get(ledgers) != simdjson::SUCCESS) {
    return NoAnswer("getLedgers", "ledgers is no list");
  }
  for (auto element : ledgers) {
    json::object ledger;
    if (element.get_object().get(ledger) != simdjson::SUCCESS) {
      return NoAnswer("getLedgers", Concat("ledgers[", page.ledgers.size(), "] is no JSON object"));
    }
    ARROW_ASSIGN_OR_RAISE(auto object, ReadLedger(ledger, page.ledgers.size(), pool));
    page.ledgers.push_back(std::move(object));
  }
  if (!ReadSequence(answer->result["latestLedger"], &page.newest)) {
    return NoAnswer("getLedgers", "latestLedger is no ledger's number");
  }
  return page;
}

class RpcSource final : public LedgerSource {
 public:
  explicit RpcSource(std::shared_ptr<Node> node) : node_(std::move(node)) {}

  std::string_view name() const override { return node_->name(); }

  arrow::Result<Extent> GetExtent() override { return GetExtent({}); }
  arrow::Result<Extent> GetExtent(const std::stop_token& stop);

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool) override;

  std::optional<std::string> passphrase() const override {
    const std::lock_guard lock(mutex_);
    if (!passphrase_) {
      auto found = node_->recovery().Run({.budget = kAnswerBudget},
                                         [this] { return node_->FindPassphrase(); });
      if (found.ok()) passphrase_ = *std::move(found);
    }
    return passphrase_;
  }

  const Recovery* recovery() const override { return &node_->recovery(); }

 private:
  const std::shared_ptr<Node> node_;
  const std::shared_ptr<ExtentCache> extent_ = std::make_shared<ExtentCache>();
  mutable std::mutex mutex_;
  mutable std::optional<std::string> passphrase_;
};

arrow::Result<Extent> Look(Node& node, ExtentCache& cache, const std::stop_token& stop) {
  return cache.Get(stop, [&] {
    return node.recovery().Run({.budget = kAnswerBudget, .stop = stop},
                               [&] { return node.FindExtent(stop); });
  });
}

class RpcStream final : public ObjectStream {
 public:
  // `first` is not 0.
  RpcStream(std::shared_ptr<Node> node, std::shared_ptr<ExtentCache> extent, LedgerRange range,
            uint32_t newest, GapPolicy gaps, arrow::MemoryPool* pool)
      : node_(std::move(node)),
        extent_(std::move(extent)),
        next_(range.first),
        last_(range.last),
        newest_(newest),
        gaps_(gaps),
        pool_(pool) {}

  arrow::Result<Fetched> Next() override {
    while (!done_ && !stop_.stop_requested()) {
      if (page_.empty()) {
        if (next_ > newest_) {
          ARROW_ASSIGN_OR_RAISE(const Extent extent, Look(*node_, *extent_, stop_.get_token()));
          newest_ = extent.newest.value_or(0);
        }
        if (next_ > newest_ || std::exchange(lags_, false)) {
          return Fetched{
              Fetched::State::kNotYet, {}, Concat(node_->name(), " has no ledger ", next_, " yet")};
        }
        ARROW_RETURN_NOT_OK(FetchPage());
        continue;
      }
      const uint32_t sequence = page_.front().first;
      if (sequence != next_) {
        ARROW_RETURN_NOT_OK(MindTheGap(sequence));
        if (page_.empty()) continue;
      }
      if (last_ && sequence > *last_) break;
      Fetched fetched{Fetched::State::kObject, std::move(page_.front()), {}};
      page_.pop_front();
      done_ = (last_ && sequence == *last_) || sequence == UINT32_MAX;
      next_ = sequence + 1;
      return fetched;
    }
    done_ = true;
    return Fetched{};
  }

  void Wait(int64_t milliseconds) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  }

  void Cancel() override { stop_.request_stop(); }

 private:
  // Fills page_, unless the node does not have the next ledger any more, or after all.
  arrow::Status FetchPage() {
    uint32_t limit = limit_;
    if (last_) limit = std::min(limit, *last_ - next_ + 1);
    int64_t bytes = 0;
    auto page = node_->recovery().Run({.stop = stop_.get_token()}, [&] {
      limit = std::min(limit, limit_);
      auto attempt = node_->FindPage(next_, limit, stop_.get_token(), pool_, &bytes);
      // Whatever was wrong, it may have been too much at once.
      if (!attempt.ok() || attempt->refused) limit_ = std::max(1U, limit / 2);
      return attempt;
    });
    if (!page.ok() && CodeOf(page.status()) == ErrorCode::kResourceExhausted && limit > 1) {
      return arrow::Status::OK();  // and asks for less
    }
    ARROW_RETURN_NOT_OK(page.status());
    if (page->refused) return Judge(limit);
    newest_ = *page->newest;
    page_ = std::move(page->ledgers);
    if (!page_.empty()) {
      const int64_t each = std::max<int64_t>(bytes / static_cast<int64_t>(page_.size()), 1);
      limit_ = static_cast<uint32_t>(
          std::clamp<int64_t>(kPageBytes / each, 1, std::min(kMostLedgers, 2 * limit_)));
      return arrow::Status::OK();
    }
    return next_ <= newest_ ? MindTheGap(next_ + 1) : arrow::Status::OK();
  }

  // Why a page of `limit` ledgers may have been refused.
  arrow::Status Judge(uint32_t limit) {
    ARROW_ASSIGN_OR_RAISE(const Extent extent,
                          node_->recovery().Run({.stop = stop_.get_token()}, [&] {
                            return node_->FindExtent(stop_.get_token());
                          }));
    newest_ = extent.newest.value_or(0);
    if (extent.first && next_ < *extent.first) {
      return LedgerError(ErrorCode::kOutOfRange, next_, node_->name(), " does not have ledger ",
                         next_, " any more: it keeps ledgers ", *extent.first, " to ", newest_,
                         "; older ones are in a data lake");
    }
    if (next_ > newest_ || limit > 1) return arrow::Status::OK();
    lags_ = newest_ - next_ < kApart;
    if (lags_) return arrow::Status::OK();
    return LedgerError(ErrorCode::kFailedPrecondition, next_, node_->name(),
                       " refuses to give ledger ", next_, ", though it says that it has ledgers ",
                       extent.first.value_or(0), " to ", newest_);
  }

  // In place of the next ledger there is `found`. The first time that is asked for again: nodes
  // behind one address may differ.
  arrow::Status MindTheGap(uint32_t found) {
    if (found > next_ && gaps_ == GapPolicy::kSkip) {
      next_ = found;
      return arrow::Status::OK();
    }
    page_.clear();
    if (std::exchange(missing_, next_) != next_) return arrow::Status::OK();
    return GapError(next_, "ledger ", next_, " is missing: ", node_->name(),
                    " does not give it, twice, though it has ledgers up to ", newest_);
  }

  const std::shared_ptr<Node> node_;
  const std::shared_ptr<ExtentCache> extent_;
  uint32_t next_;
  const std::optional<uint32_t> last_;
  uint32_t newest_;
  const GapPolicy gaps_;
  arrow::MemoryPool* const pool_;
  std::stop_source stop_;
  std::deque<Object> page_;
  bool lags_ = false;  // refused the next ledger, which another behind its address may have
  uint32_t limit_ = kFirstPage;
  std::optional<uint32_t> missing_;  // was, when it was asked for the last time
  bool done_ = false;
};

arrow::Result<Extent> RpcSource::GetExtent(const std::stop_token& stop) {
  return Look(*node_, *extent_, stop);
}

arrow::Result<std::unique_ptr<ObjectStream>> RpcSource::OpenStream(LedgerRange range,
                                                                   GapPolicy gaps,
                                                                   arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent());
  const uint32_t newest = extent.newest.value_or(0);
  if (range.first == 0) range.first = extent.first.value_or(newest);
  if (extent.first && range.first < *extent.first) {
    return LedgerError(ErrorCode::kOutOfRange, range.first, name(), " does not have ledger ",
                       range.first, ": it keeps ledgers ", *extent.first, " to ", newest,
                       "; older ones are in a data lake");
  }
  return std::make_unique<RpcStream>(node_, extent_, range, newest, gaps, pool);
}

}  // namespace

std::string RpcName(std::string_view url) {
  const std::string clean = WithoutSecrets(url);
  const size_t path = clean.find_first_of("/?", clean.find("://") + 3);
  const bool more = path != std::string::npos && path + 1 < clean.size();
  return Concat("rpc+", clean.substr(0, path), more ? "/..." : "");
}

std::unique_ptr<LedgerSource> OpenRpc(std::string url, const std::string& authorization,
                                      const SourceOptions& options) {
  return std::make_unique<RpcSource>(
      std::make_shared<Node>(std::move(url), authorization, options));
}

}  // namespace stellar_arrow::source

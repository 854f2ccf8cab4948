#include "stellar_arrow/source/rpc_source.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/answer_cache.h"
#include "stellar_arrow/source/http_client.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/rpc_answer.h"

namespace stellar_arrow::source {
namespace {

using Clock = std::chrono::steady_clock;

// How long whoever asks what the node has waits for one that fails.
constexpr std::chrono::milliseconds kAnswerBudget{5'000};
constexpr std::chrono::hours kForEver{24 * 365};
constexpr std::chrono::seconds kRequestTime{30};  // the node's own limit is 25
// Pages begin small and grow to about so many bytes, or the most ledgers that nodes allow.
constexpr int64_t kPageBytes = int64_t{8} << 20;
constexpr uint32_t kFirstPage = 4;
constexpr uint32_t kMostLedgers = 200;
// All answers but pages are a few numbers and words.
constexpr int64_t kMostWordBytes = int64_t{1} << 20;
// Nodes behind one address may be so many ledgers apart.
constexpr uint32_t kApart = 64;

// What is settled when the source is opened.
class Node {
 public:
  Node(std::string url, const std::string& authorization, const SourceOptions& options)
      : url_(std::move(url)),
        name_(RpcName(url_)),
        most_page_bytes_(options.max_object_bytes / 3 * 4 + (1 << 20)),
        recovery_(name_, options.recovery) {
    headers_ = {"Content-Type: application/json"};
    if (!authorization.empty()) headers_.push_back("Authorization: " + authorization);
  }

  const std::string& name() const { return name_; }
  Recovery& recovery() { return recovery_; }
  const Recovery& recovery() const { return recovery_; }

  // One attempt to learn which ledgers the node has.
  arrow::Result<Extent> FindExtent(const Patience& patience);

  // One attempt to learn the network's passphrase.
  arrow::Result<std::string> FindPassphrase(const Patience& patience);

  // One attempt at a page of at most `limit` ledgers from `first` on; absent: refused, as out of
  // the node's range or too many. `bytes` becomes the answer's size.
  arrow::Result<std::optional<RpcPage>> FindPage(uint32_t first, uint32_t limit,
                                                 const Patience& patience, arrow::MemoryPool* pool,
                                                 int64_t* bytes);

 private:
  // One attempt. The answer's text.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Ask(
      std::string_view method, const Patience& patience, const std::string& params = "",
      int64_t most_bytes = kMostWordBytes, arrow::MemoryPool* pool = arrow::default_memory_pool());

  const std::string url_;
  const std::string name_;
  const int64_t most_page_bytes_;
  std::vector<std::string> headers_;
  HttpClient http_;
  Recovery recovery_;
  // Whether it gives what is older than it says, from a lake.
  enum class History : uint8_t { kUnknown, kWindow, kWhole };
  std::atomic<History> history_ = History::kUnknown;
};

arrow::Result<std::shared_ptr<arrow::Buffer>> Node::Ask(std::string_view method,
                                                        const Patience& patience,
                                                        const std::string& params,
                                                        int64_t most_bytes,
                                                        arrow::MemoryPool* pool) {
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.url = url_;
  request.name = name_;
  request.headers = headers_;
  request.body = Concat(R"({"jsonrpc":"2.0","id":1,"method":")", method, R"(")",
                        params.empty() ? "" : R"(,"params":)", params, "}");
  request.most_bytes = most_bytes;
  request.total = patience.Within(kRequestTime);
  request.pool = pool;
  request.stop = patience.stop;
  ARROW_ASSIGN_OR_RAISE(const HttpResponse response, http_.Send(request));
  ARROW_RETURN_NOT_OK(StatusOf(response, Concat(name_, " ", method)));
  return response.body;
}

arrow::Result<Extent> Node::FindExtent(const Patience& patience) {
  ARROW_ASSIGN_OR_RAISE(const auto health, Ask("getHealth", patience));
  ARROW_ASSIGN_OR_RAISE(auto healthy, ReadHealth(*health, name_));
  if (!healthy.refusal) {
    Extent& extent = healthy.result;
    History history = history_;
    if (history == History::kUnknown) {
      int64_t bytes = 0;
      ARROW_ASSIGN_OR_RAISE(const auto oldest, FindPage(kFirstLakeLedger, 1, patience,
                                                        arrow::default_memory_pool(), &bytes));
      const bool whole =
          oldest && !oldest->ledgers.empty() && oldest->ledgers.front().first == kFirstLakeLedger;
      history = whole ? History::kWhole : History::kWindow;
      history_ = history;
    }
    if (history == History::kWhole) extent.first = kFirstLakeLedger;
    return extent;
  }
  // It may be behind, and have ledgers all the same.
  ARROW_ASSIGN_OR_RAISE(const auto text, Ask("getLatestLedger", patience));
  ARROW_ASSIGN_OR_RAISE(const auto latest, ReadLatestLedger(*text, name_));
  if (latest.refusal) return StatusOf(*latest.refusal, name_, "getLatestLedger");
  return Extent{{}, latest.result, /*grows=*/true};
}

arrow::Result<std::string> Node::FindPassphrase(const Patience& patience) {
  ARROW_ASSIGN_OR_RAISE(const auto text, Ask("getNetwork", patience));
  ARROW_ASSIGN_OR_RAISE(auto network, ReadNetwork(*text, name_));
  if (network.refusal) return StatusOf(*network.refusal, name_, "getNetwork");
  return std::move(network.result);
}

arrow::Result<std::optional<RpcPage>> Node::FindPage(uint32_t first, uint32_t limit,
                                                     const Patience& patience,
                                                     arrow::MemoryPool* pool, int64_t* bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto text, Ask("getLedgers", patience,
                                             Concat(R"({"startLedger":)", first,
                                                    R"(,"pagination":{"limit":)", limit, "}}"),
                                             most_page_bytes_, pool));
  *bytes = text->size();
  ARROW_ASSIGN_OR_RAISE(auto page, ReadLedgers(*text, name_, pool));
  if (!page.refusal) return std::move(page.result);
  if (page.refusal->IsOfParameters()) return std::nullopt;
  return StatusOf(*page.refusal, name_, "getLedgers");
}

class RpcSource final : public LedgerSource {
 public:
  explicit RpcSource(std::shared_ptr<Node> node) : node_(std::move(node)) {}

  std::string_view name() const override { return node_->name(); }

  arrow::Result<Extent> GetExtent(const std::stop_token& stop) override;

  arrow::Result<std::unique_ptr<ObjectStream>> OpenStream(LedgerRange range, GapPolicy gaps,
                                                          arrow::MemoryPool* pool,
                                                          const std::stop_token& stop) override;

  std::optional<std::string> passphrase() const override {
    auto found = passphrase_.Get({}, [this] {
      const Patience patience{.until = Recovery::Clock::now() + kAnswerBudget};
      return node_->recovery().Run(patience, [&] { return node_->FindPassphrase(patience); });
    });
    return found.ok() ? std::optional(*std::move(found)) : std::nullopt;
  }

  const Recovery* recovery() const override { return &node_->recovery(); }

 private:
  const std::shared_ptr<Node> node_;
  const std::shared_ptr<ExtentCache> extent_ = std::make_shared<ExtentCache>();
  // Every stream asks for it: of a node that does not answer once a second.
  mutable AnswerCache<std::string> passphrase_{kForEver, std::chrono::seconds(1)};
};

arrow::Result<Extent> Look(Node& node, ExtentCache& cache, const std::stop_token& stop) {
  return cache.Get(stop, [&] {
    const Patience patience{.until = Recovery::Clock::now() + kAnswerBudget, .stop = stop};
    return node.recovery().Run(patience, [&] { return node.FindExtent(patience); });
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
      auto attempt = node_->FindPage(next_, limit, {.stop = stop_.get_token()}, pool_, &bytes);
      // Whatever was wrong, it may have been too much at once.
      if (!attempt.ok() || !*attempt) limit_ = std::max(1U, limit / 2);
      return attempt;
    });
    if (!page.ok() && CodeOf(page.status()) == ErrorCode::kResourceExhausted && limit > 1) {
      return arrow::Status::OK();  // and asks for less
    }
    ARROW_RETURN_NOT_OK(page.status());
    if (!*page) {
      if (limit == 1 || newest_ - next_ >= kApart) return Judge(limit);
      limit_ = 1;  // another node, asked at once, may have it
      return arrow::Status::OK();
    }
    newest_ = (*page)->newest;
    page_ = std::move((*page)->ledgers);
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
                            return node_->FindExtent({.stop = stop_.get_token()});
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
                                                                   arrow::MemoryPool* pool,
                                                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Extent extent, GetExtent(stop));
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

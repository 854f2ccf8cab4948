#include "stellar_arrow/memory/budget.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <mutex>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/memory/blocks.h"

namespace stellar_arrow::memory {
namespace {

using Clock = std::chrono::steady_clock;

// Parts of the budget, in percent, from which on less is done with it.
constexpr int64_t kNoReadAhead = 85;
constexpr int64_t kNoNewStreams = 95;
constexpr int64_t kEndNewest = 98;

// How long the newest stream may take to end, before the next one is told to: its client may have
// stopped reading, and what is on its way to it is held.
constexpr auto kTimeToEnd = std::chrono::seconds(1);

std::string_view NameOf(Stage stage) {
  switch (stage) {
    case Stage::kFetch:
      return "fetch";
    case Stage::kUnzip:
      return "unzip";
    case Stage::kDecode:
      return "decode";
    case Stage::kColumns:
      return "columns";
  }
  return "";
}

}  // namespace

// What all pools of a budget share.
struct Account {
  Account(int64_t bytes, arrow::MemoryPool* pool) : limit(bytes), blocks(pool) {}

  bool Above(int64_t percent, int64_t bytes) const { return bytes >= limit / 100 * percent; }
  bool Above(int64_t percent) const { return Above(percent, used.load(std::memory_order_relaxed)); }

  arrow::Status Reserve(int64_t bytes);
  void Release(int64_t bytes) { used.fetch_sub(bytes, std::memory_order_relaxed); }
  // Asks the newest stream to end, unless another is about to.
  void EndNewest();

  const int64_t limit;
  Blocks blocks;
  std::atomic<int64_t> used = 0;
  std::atomic<int64_t> most = 0;

  mutable std::mutex mutex;          // guards what follows
  std::list<StreamMemory*> streams;  // open ones, the oldest first
  std::list<Pool*> pools;            // those, too, of streams that have ended but hold something
  const StreamMemory* ending = nullptr;  // one of `streams`
  Clock::time_point ending_since;
};

arrow::Status Account::Reserve(int64_t bytes) {
  int64_t before = used.load(std::memory_order_relaxed);
  do {
    if (bytes > limit - before) [[unlikely]] {
      EndNewest();
      return Error(ErrorCode::kResourceExhausted, "the memory limit of ", limit,
                   " bytes (max-memory, ARROW_MAX_MEMORY) has no room for ", bytes,
                   " more: ", before, " are in use; try again in 10 s, or raise the limit");
    }
  } while (!used.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
  const int64_t now = before + bytes;
  if (Above(kEndNewest, now)) [[unlikely]]
    EndNewest();
  int64_t peak = most.load(std::memory_order_relaxed);
  while (peak < now && !most.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return arrow::Status::OK();
}

void Account::EndNewest() {
  std::unique_lock lock(mutex, std::try_to_lock);
  // A stream alone would end for nobody's sake.
  if (!lock || streams.size() < 2) return;
  const Clock::time_point now = Clock::now();
  if (ending != nullptr && now < ending_since + kTimeToEnd) return;
  const auto newest = std::find_if(streams.rbegin(), streams.rend(),
                                   [](const StreamMemory* stream) { return stream->Check().ok(); });
  if (newest == streams.rend() || std::next(newest) == streams.rend()) return;
  ending = *newest;
  ending_since = now;
  std::stop_source end = ending->must_end_;
  lock.unlock();  // what is told may free memory, and outlives the stream
  end.request_stop();
}

// What one stream allocates for one stage. Lives until the stream has ended and all is freed.
class Pool final : public arrow::MemoryPool {
 public:
  Pool(std::shared_ptr<Account> account, std::string owner, Stage stage)
      : account_(std::move(account)), owner_(std::move(owner)), stage_(stage) {
    const std::lock_guard lock(account_->mutex);
    place_ = account_->pools.insert(account_->pools.end(), this);
  }

  // The stream has ended: the pool vanishes with the last of what it has allocated.
  void Close() {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      last = allocations_ == 0;
    }
    if (last) delete this;
  }

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    const int64_t bytes = size + Ahead(alignment);
    ARROW_RETURN_NOT_OK(account_->Reserve(bytes));
    uint8_t* start = nullptr;
    const arrow::Status allocated = account_->blocks.Allocate(bytes, alignment, &start);
    if (!allocated.ok()) {
      account_->Release(bytes);
      return allocated;
    }
    *out = start + Ahead(alignment);
    const std::lock_guard lock(mutex_);
    Add(*out, size);
    ++allocations_;
    ++all_allocations_;
    all_bytes_ += size;
    return arrow::Status::OK();
  }

  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** ptr) override {
    const int64_t ahead = Ahead(alignment);
    if (new_size > old_size) ARROW_RETURN_NOT_OK(account_->Reserve(new_size - old_size));
    {
      const std::lock_guard lock(mutex_);
      Remove(*ptr);
    }
    uint8_t* start = *ptr - ahead;
    const arrow::Status moved =
        account_->blocks.Reallocate(old_size + ahead, new_size + ahead, alignment, &start);
    const int64_t size = moved.ok() ? new_size : old_size;
    account_->Release(std::max(old_size, new_size) - size);
    *ptr = start + ahead;
    const std::lock_guard lock(mutex_);
    Add(*ptr, size);
    all_bytes_ += std::max<int64_t>(size - old_size, 0);
    return moved;
  }

  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      Remove(buffer);
      last = --allocations_ == 0 && closed_;
    }
    const int64_t bytes = size + Ahead(alignment);
    account_->blocks.Free(buffer - Ahead(alignment), bytes, alignment);
    account_->Release(bytes);
    if (last) delete this;
  }

  void ReleaseUnused() override { account_->blocks.small()->ReleaseUnused(); }
  std::string backend_name() const override { return account_->blocks.small()->backend_name(); }
  int64_t bytes_allocated() const override {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  int64_t total_bytes_allocated() const override {
    const std::lock_guard lock(mutex_);
    return all_bytes_;
  }
  int64_t num_allocations() const override {
    const std::lock_guard lock(mutex_);
    return all_allocations_;
  }

  // What has been allocated up to `time` and is still there.
  Holding HeldSince(Clock::time_point time) const {
    Holding holding{owner_, NameOf(stage_)};
    const std::lock_guard lock(mutex_);
    for (const Link* link = ends_.next; link != &ends_ && link->since <= time; link = link->next) {
      ++holding.allocations;
      holding.bytes += link->size;
    }
    return holding;
  }

 private:
  // One lies ahead of each allocation, in a list by age. Resizing makes young again.
  struct Link {
    Link* previous;
    Link* next;
    int64_t size;
    Clock::time_point since;
  };

  ~Pool() override {
    const std::lock_guard lock(account_->mutex);
    account_->pools.erase(place_);
  }

  static Link* LinkOf(uint8_t* buffer) { return reinterpret_cast<Link*>(buffer - sizeof(Link)); }
  // Bytes between what the allocator gives and what is handed out, aligned as well.
  static int64_t Ahead(int64_t alignment) {
    return std::max(alignment, static_cast<int64_t>(sizeof(Link)));
  }

  void Add(uint8_t* buffer, int64_t size) {
    Link* const link = new (LinkOf(buffer)) Link{ends_.previous, &ends_, size, Clock::now()};
    link->previous->next = link;
    ends_.previous = link;
    bytes_ += size;
  }
  void Remove(uint8_t* buffer) {
    const Link* const link = LinkOf(buffer);
    link->previous->next = link->next;
    link->next->previous = link->previous;
    bytes_ -= link->size;
  }

  const std::shared_ptr<Account> account_;
  const std::string owner_;
  const Stage stage_;
  std::list<Pool*>::iterator place_;

  mutable std::mutex mutex_;          // guards what follows
  Link ends_{&ends_, &ends_, 0, {}};  // next is the oldest link, previous the youngest
  bool closed_ = false;
  int64_t allocations_ = 0;  // that are there
  int64_t bytes_ = 0;
  int64_t all_allocations_ = 0;  // ever
  int64_t all_bytes_ = 0;
};

StreamMemory::StreamMemory(std::shared_ptr<Account> account, std::string owner)
    : account_(std::move(account)) {
  for (size_t stage = 0; stage < kStages; ++stage) {
    pools_[stage] = new Pool(account_, owner, static_cast<Stage>(stage));
  }
  const std::lock_guard lock(account_->mutex);
  account_->streams.push_back(this);
}

StreamMemory::~StreamMemory() {
  {
    const std::lock_guard lock(account_->mutex);
    account_->streams.remove(this);
    if (account_->ending == this) account_->ending = nullptr;
  }
  for (Pool* const pool : pools_) pool->Close();
}

arrow::MemoryPool* StreamMemory::pool(Stage stage) const {
  return pools_[static_cast<size_t>(stage)];
}

bool StreamMemory::may_read_ahead() const { return !account_->Above(kNoReadAhead); }

arrow::Status StreamMemory::Check() const {
  if (!must_end_.stop_requested()) return arrow::Status::OK();
  return Error(ErrorCode::kResourceExhausted, kEndNewest, " % of the memory limit of ",
               account_->limit,
               " bytes (max-memory, ARROW_MAX_MEMORY) were in use, and this was the newest stream; "
               "try again in 10 s, or raise the limit");
}

Budget::Budget(int64_t limit, arrow::MemoryPool* small_blocks)
    : account_(std::make_shared<Account>(limit, small_blocks)) {}

arrow::Result<std::unique_ptr<StreamMemory>> Budget::Open(std::string owner) {
  if (!takes_streams()) {
    return Error(ErrorCode::kResourceExhausted, streams(), " streams use ", bytes(),
                 " bytes of the memory limit of ", limit(),
                 " (max-memory, ARROW_MAX_MEMORY); try again in 10 s, or raise the limit");
  }
  return std::make_unique<StreamMemory>(account_, std::move(owner));
}

bool Budget::takes_streams() const { return !account_->Above(kNoNewStreams); }
int64_t Budget::limit() const { return account_->limit; }
int64_t Budget::bytes() const { return account_->used; }
int64_t Budget::most_bytes() const { return account_->most; }

int64_t Budget::streams() const {
  const std::lock_guard lock(account_->mutex);
  return static_cast<int64_t>(account_->streams.size());
}

std::vector<Holding> Budget::HeldFor(std::chrono::milliseconds age) const {
  const Clock::time_point since = Clock::now() - age;
  std::vector<Holding> all;
  const std::lock_guard lock(account_->mutex);
  for (const Pool* const pool : account_->pools) {
    Holding holding = pool->HeldSince(since);
    if (holding.allocations != 0) all.push_back(std::move(holding));
  }
  return all;
}

void Budget::GiveBack() { account_->blocks.small()->ReleaseUnused(); }

}  // namespace stellar_arrow::memory

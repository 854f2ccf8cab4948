// One limit on the bytes that all streams hold, whatever for: fetched objects, unzipped ones,
// finished columns. Knows Arrow's pools; knows no stream.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/memory/blocks.h"

namespace stellar_arrow::memory {

// What a stream holds memory for.
enum class Stage {
  kFetch,    // objects as they are stored
  kUnzip,    // the same, unzipped
  kDecode,   // where things lie in them
  kColumns,  // batches, until the transport has sent them
};
inline constexpr size_t kStages = 4;

// What a stream holds for a stage.
struct Holding {
  std::string owner;  // as the stream was opened
  std::string_view stage;
  int64_t allocations = 0;
  int64_t bytes = 0;
};

class Pool;
struct Account;

// The memory of one stream. What it has allocated may outlive it. Thread-safe.
class StreamMemory {
 public:
  StreamMemory(std::shared_ptr<Account> account, std::string owner);
  ~StreamMemory();
  StreamMemory(const StreamMemory&) = delete;
  StreamMemory& operator=(const StreamMemory&) = delete;

  // Allocates within the budget. Beyond it allocations fail with RESOURCE_EXHAUSTED.
  arrow::MemoryPool* pool(Stage stage) const;
  // Whether more may be held than the stream needs to go on: no longer from 85 % of the budget on.
  bool may_read_ahead() const;
  // RESOURCE_EXHAUSTED once the stream is to end so that older ones can go on: it was the newest
  // when 98 % of the budget was used.
  arrow::Status Check() const;
  // Is told when Check() begins to fail, by whichever thread allocates: so that a stream lets go of
  // its memory even where its client does not read.
  std::stop_token must_end() const { return must_end_.get_token(); }

 private:
  friend struct Account;
  const std::shared_ptr<Account> account_;
  std::array<Pool*, kStages> pools_;
  std::stop_source must_end_;
};

// The pool of a stage, Arrow's default one for no memory.
inline arrow::MemoryPool* PoolOf(const StreamMemory* memory, Stage stage) {
  return memory == nullptr ? arrow::default_memory_pool() : memory->pool(stage);
}

// Thread-safe. Its streams' memory may outlive it.
class Budget {
 public:
  // Of `limit` bytes. `small_blocks` must live for ever; see Blocks.
  explicit Budget(int64_t limit, arrow::MemoryPool* small_blocks = SmallBlocks());

  // The memory of a new stream, which `owner` names in reports. Errors: RESOURCE_EXHAUSTED while 95
  // % or more of the budget are used.
  arrow::Result<std::unique_ptr<StreamMemory>> Open(std::string owner);

  // Whether Open() would let one in now.
  bool takes_streams() const;

  int64_t limit() const;
  int64_t bytes() const;       // used now
  int64_t most_bytes() const;  // used at once so far
  int64_t streams() const;     // open
  // What has been held for `age` or longer.
  std::vector<Holding> HeldFor(std::chrono::milliseconds age) const;
  // Gives what the allocator keeps for later back to the system.
  void GiveBack();

 private:
  const std::shared_ptr<Account> account_;
};

}  // namespace stellar_arrow::memory

// One subscription: a request against a source, delivered as record batches in ledger order, cut at
// ledger borders by fixed rules. Knows no transport.
#pragma once

#include <arrow/ipc/options.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "stellar_arrow/pipeline/pipeline.h"
#include "stellar_arrow/stream/cursor.h"
#include "stellar_arrow/stream/request.h"
#include "stellar_arrow/tables/catalog.h"

namespace arrow::ipc {
struct IpcPayload;
}

namespace stellar_arrow::stream {

// The soft target stands well below the 4 MiB that Go clients receive by default, because the
// IPC form adds to it.
inline constexpr int64_t kDefaultBatchBytes = int64_t{2} << 20;
inline constexpr int64_t kDefaultBatchRows = 1000;  // the original's BATCH_SIZE
// A single row can be beyond the target, but clients must be able to say what they take at most.
inline constexpr int64_t kHardBatchBytes = int64_t{64} << 20;
inline constexpr std::chrono::milliseconds kDefaultFlush{1000};

struct BatchOptions {
  int64_t rows = kDefaultBatchRows;      // most rows in a batch; a ledger with more is sliced
  int64_t bytes = kDefaultBatchBytes;    // most bytes in a batch, unless a single row has more
  int64_t hard_bytes = kHardBatchBytes;  // a row of more than this and `bytes` ends the stream
  // How long rows wait at most for their batch to fill, where a range can come to the tip.
  std::chrono::milliseconds flush = kDefaultFlush;
};

// The ledgers that `request` means for `source` now; an empty range where its cursor stands at the
// end. Errors: OUT_OF_RANGE, saying what the source has, where it lacks them and cannot grow to
// them; FAILED_PRECONDITION where the cursor is of another table, or stands outside of the range.
// CANCELLED once `left` comes.
arrow::Result<LedgerRange> ResolveRange(const Request& request, source::LedgerSource& source,
                                        const std::stop_token& left = {});

struct Batch {
  size_t table = 0;   // index among the subscription's tables
  Position position;  // of its table, with this batch
  std::shared_ptr<arrow::RecordBatch> rows;
  std::shared_ptr<const arrow::ipc::IpcPayload> payload;  // the rows encoded, if that was asked for
  std::chrono::nanoseconds making{};  // what putting it together and encoding it took
};

struct Counters : pipeline::Counters {
  // Of batches that are finished, whether handed out or not.
  int64_t batches = 0;
  int64_t bytes_rows = 0;               // their encoded bodies, uncompressed
  int64_t bytes_sent = 0;               // the same, as they are sent
  std::chrono::nanoseconds encoding{};  // of all threads together
};

// Not thread-safe.
class Subscription {
 public:
  virtual ~Subscription() = default;

  virtual const std::shared_ptr<arrow::Schema>& schema(size_t table) const = 0;

  // The next batch; nullopt at the end of the range. Waits at the tip of a source that can grow,
  // after handing out the rows there are. After an error no more may be asked for; the rows before
  // the ledger at fault have been delivered.
  virtual arrow::Result<std::optional<Batch>> Next() = 0;

  virtual Counters counters() const = 0;

  // The first ledger there was.
  virtual std::optional<uint32_t> first_ledger() const = 0;
  // The first ledger of which not all rows have been handed out; absent while the range's start is
  // not known.
  virtual std::optional<uint32_t> next_ledger() const = 0;

  // Several tables are filled in one pass. `tables` and `columns` go together; an empty list of
  // columns means all of a table's.
  struct Options {
    std::vector<const tables::Table*> tables;
    std::vector<std::vector<std::string>> columns;
    pipeline::Options pipeline;  // its network, if it has one, goes into the schemas
    BatchOptions batch;
    // Where an earlier stream of the one table ended; the range begins behind it.
    std::optional<Position> after;
    // False: at the tip of a source the stream ends instead of waiting (`export`).
    bool wait = true;
    // How batches are encoded, if they are to be sent.
    std::optional<arrow::ipc::IpcWriteOptions> ipc;
    arrow::MemoryPool* pool = nullptr;  // null = Arrow's default
  };
  // Errors: FAILED_PRECONDITION where the source has another ledger than `after` names.
  static arrow::Result<std::unique_ptr<Subscription>> Make(source::LedgerSource& source,
                                                           Options options);
};

}  // namespace stellar_arrow::stream

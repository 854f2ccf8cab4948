// A batch on its way out: put together, and encoded if it is to be sent, once, by whichever thread
// comes to it first. Knows IPC; knows no transport.
#pragma once

#include <arrow/ipc/options.h>
#include <arrow/result.h>

#include <atomic>
#include <mutex>
#include <optional>

#include "stellar_arrow/stream/cutter.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::stream {

// What the batches of a subscription have in common.
struct Outlet {
  arrow::MemoryPool* pool = nullptr;
  std::optional<arrow::ipc::IpcWriteOptions> ipc;  // absent: rows are not encoded
  // As in Counters.
  std::atomic<int64_t> batches = 0;
  std::atomic<int64_t> bytes_rows = 0;
  std::atomic<int64_t> bytes_sent = 0;
  std::atomic<int64_t> encoding_nanoseconds = 0;
};

class OutgoingBatch {
 public:
  // `outlet` must outlive the batch's finishing.
  OutgoingBatch(size_t table, Cut cut, const Position& position, Outlet& outlet)
      : table_(table),
        ledger_(cut.ledger),
        position_(position),
        cut_(std::move(cut)),
        outlet_(outlet) {}

  // The ledger of the first row.
  uint32_t ledger() const { return ledger_; }

  // Puts the batch together, unless that is done; waits where another thread is at it.
  void Finish();

  // Of a finished batch; once.
  arrow::Result<Batch> Take() { return std::move(result_); }

 private:
  arrow::Result<Batch> Make() const;

  const size_t table_;
  const uint32_t ledger_;
  const Position position_;
  Cut cut_;
  Outlet& outlet_;
  std::once_flag once_;
  arrow::Result<Batch> result_;
};

}  // namespace stellar_arrow::stream

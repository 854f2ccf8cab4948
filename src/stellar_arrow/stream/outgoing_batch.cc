#include "stellar_arrow/stream/outgoing_batch.h"

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include <cassert>
#include <chrono>
#include <new>
#include <utility>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::stream {

void OutgoingBatch::Finish() {
  std::call_once(once_, [this] {
    try {
      result_ = Make();
    } catch (const std::bad_alloc& error) {
      result_ = Error(ErrorCode::kResourceExhausted, "no memory for a batch: ", error.what());
    }
    cut_.pieces.clear();
    if (result_.ok()) ++outlet_.batches;
  });
}

arrow::Result<Batch> OutgoingBatch::Make() const {
  const auto begin = std::chrono::steady_clock::now();
  Batch batch;
  batch.table = table_;
  batch.position = position_;
  ARROW_ASSIGN_OR_RAISE(batch.rows, columnar::Join(cut_.pieces, outlet_.pool));
  assert(batch.rows->ValidateFull().ok());
  if (outlet_.ipc) {
    const auto start = std::chrono::steady_clock::now();
    auto payload = std::make_shared<arrow::ipc::IpcPayload>();
    ARROW_RETURN_NOT_OK(
        arrow::ipc::GetRecordBatchPayload(*batch.rows, *outlet_.ipc, payload.get()));
    outlet_.bytes_rows += payload->raw_body_length;
    outlet_.bytes_sent += payload->body_length;
    outlet_.encoding_nanoseconds += (std::chrono::steady_clock::now() - start).count();
    batch.payload = std::move(payload);
  }
  batch.making = std::chrono::steady_clock::now() - begin;
  return batch;
}

}  // namespace stellar_arrow::stream

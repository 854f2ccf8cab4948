#include "stellar_arrow/stream/cutter.h"

#include <algorithm>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/pipeline/conversion.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::stream {

using pipeline::BlockOf;
using pipeline::EndsBlock;

arrow::Status Cutter::Add(uint32_t ledger, columnar::Piece rows, int64_t bytes,
                          std::vector<Cut>* cuts) {
  if (rows.count == 0) return arrow::Status::OK();
  if (rows_ + rows.count > options_.rows || bytes_ + bytes > options_.bytes) {
    Flush(cuts);
    if (!cuts->empty()) cuts->back().through_last = false;
  }
  if (rows.count > options_.rows || bytes > options_.bytes) {
    is_first_ = false;
    for (int64_t done = 0; done < rows.count; done += options_.rows) {
      ARROW_RETURN_NOT_OK(CutAlone(
          ledger, {rows.batch, rows.begin + done, std::min(options_.rows, rows.count - done)},
          cuts));
    }
    cuts->back().through_last = true;
    return arrow::Status::OK();
  }
  if (rows_ == 0) begun_.ledger = ledger;
  rows_ += rows.count;
  bytes_ += bytes;
  if (!begun_.pieces.empty() && begun_.pieces.back().batch == rows.batch) {
    begun_.pieces.back().count += rows.count;  // ledgers of a chunk follow each other
  } else {
    begun_.pieces.push_back(std::move(rows));
  }
  if (is_first_ || rows_ == options_.rows || (EndsBlock(ledger) && IsOfBlock(ledger))) Flush(cuts);
  return arrow::Status::OK();
}

// Halves the rows until each part fits, or is one row.
arrow::Status Cutter::CutAlone(uint32_t ledger, columnar::Piece rows,
                               std::vector<Cut>* cuts) const {
  const int64_t bytes = columnar::BytesOf(rows);
  if (bytes > options_.bytes && rows.count > 1) {
    const int64_t half = (rows.count + 1) / 2;
    ARROW_RETURN_NOT_OK(CutAlone(ledger, {rows.batch, rows.begin, half}, cuts));
    return CutAlone(ledger, {rows.batch, rows.begin + half, rows.count - half}, cuts);
  }
  if (bytes > options_.bytes && bytes > options_.hard_bytes) {
    return LedgerError(ErrorCode::kResourceExhausted, ledger, "ledger ", ledger, ": a row of ",
                       table_, " has ", bytes, " bytes, the most that is sent is ",
                       options_.hard_bytes,
                       "; ask for columns without the raw XDR, or read the ledger with export");
  }
  cuts->push_back({ledger, /*through_last=*/false, {std::move(rows)}});
  return arrow::Status::OK();
}

// Whether the batch that is begun is of the ledger's block alone, and of some size: to send little
// costs more than to copy it to the rows of the next blocks.
bool Cutter::IsOfBlock(uint32_t ledger) const {
  return BlockOf(begun_.ledger) == BlockOf(ledger) && bytes_ >= options_.bytes / 4;
}

void Cutter::Flush(std::vector<Cut>* cuts) {
  if (rows_ != 0) {
    begun_.through_last = true;
    cuts->push_back(std::exchange(begun_, {}));
    is_first_ = false;
  }
  rows_ = bytes_ = 0;
}

std::optional<uint32_t> Cutter::ledger() const {
  return rows_ != 0 ? std::optional(begun_.ledger) : std::nullopt;
}

}  // namespace stellar_arrow::stream

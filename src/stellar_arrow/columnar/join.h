// Rows of some record batches put together as one batch. Knows Arrow's layouts of the columns there
// are; knows no ledger.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

namespace stellar_arrow::columnar {

// `count` rows of a batch, from row `begin` on.
struct Piece {
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t begin = 0;
  int64_t count = 0;
};

// Bytes of the rows' buffers, the bits of nulls and Booleans apart: as ColumnBuilder::bytes().
int64_t BytesOf(const Piece& piece);

// The rows of `pieces`, of which there is at least one, all of one schema. The batch depends on the
// rows alone, not on how they lay in pieces: buffers have exactly the rows' bytes, bits behind the
// last row are 0, and there is validity only where there are nulls. A single piece's buffers are
// shared rather than copied wherever that allows. Errors: the pool's, and RESOURCE_EXHAUSTED for
// more bytes than a column has room for.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> Join(std::span<const Piece> pieces,
                                                        arrow::MemoryPool* pool);

}  // namespace stellar_arrow::columnar

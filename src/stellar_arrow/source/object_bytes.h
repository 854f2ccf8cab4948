// How an object's bytes come to lie in memory of a stream's own.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "stellar_arrow/xdr/bytes.h"

namespace stellar_arrow::source {

arrow::Result<std::shared_ptr<arrow::Buffer>> CopyOf(xdr::Bytes bytes, arrow::MemoryPool* pool);

// `size` bytes from `offset` on; fewer where the file ends before.
arrow::Result<std::shared_ptr<arrow::Buffer>> ReadBytes(arrow::io::RandomAccessFile& file,
                                                        int64_t offset, int64_t size,
                                                        arrow::MemoryPool* pool);

}  // namespace stellar_arrow::source

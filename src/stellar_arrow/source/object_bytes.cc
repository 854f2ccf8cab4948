#include "stellar_arrow/source/object_bytes.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <cstring>

namespace stellar_arrow::source {

arrow::Result<std::shared_ptr<arrow::Buffer>> CopyOf(xdr::Bytes bytes, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(static_cast<int64_t>(bytes.size()), pool));
  std::memcpy(copy->mutable_data(), bytes.data(), bytes.size());
  return copy;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadBytes(arrow::io::RandomAccessFile& file,
                                                        int64_t offset, int64_t size,
                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateResizableBuffer(size, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t got, file.ReadAt(offset, size, bytes->mutable_data()));
  ARROW_RETURN_NOT_OK(bytes->Resize(got, /*shrink_to_fit=*/false));
  return bytes;
}

}  // namespace stellar_arrow::source

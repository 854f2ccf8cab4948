#include "stellar_arrow/columnar/join.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <cstring>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/column_builder.h"

namespace stellar_arrow::columnar {
namespace {

using arrow::ArrayData;
using arrow::Buffer;

// Rows of one column; `begin` counts from the buffers' start.
struct Part {
  const ArrayData* column;
  int64_t begin;
  int64_t count;
};
using Parts = std::vector<Part>;

// Bytes of a value, for types whose values have one size.
int64_t WidthOf(const arrow::DataType& type) {
  return static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8;
}

// Where row `begin` starts and the last one ends, in the data or in the elements.
const int32_t* OffsetsOf(const Part& part) {
  return reinterpret_cast<const int32_t*>(part.column->buffers[1]->data()) + part.begin;
}

int64_t BytesOf(const Part& part) {
  const arrow::DataType& type = *part.column->type;
  switch (type.id()) {
    case arrow::Type::BOOL:
      return part.count;
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const int32_t* const offsets = OffsetsOf(part);
      return part.count * int64_t{sizeof(int32_t)} + offsets[part.count] - offsets[0];
    }
    case arrow::Type::LIST: {
      const int32_t* const offsets = OffsetsOf(part);
      const ArrayData* const elements = part.column->child_data[0].get();
      return part.count * int64_t{sizeof(int32_t)} +
             BytesOf({elements, elements->offset + offsets[0], offsets[part.count] - offsets[0]});
    }
    default:
      return part.count * WidthOf(type);
  }
}

int64_t NullsIn(const Part& part) {
  const ArrayData& column = *part.column;
  if (column.buffers[0] == nullptr || column.null_count == 0) return 0;
  if (column.null_count == column.length) return part.count;
  return part.count -
         arrow::internal::CountSetBits(column.buffers[0]->data(), part.begin, part.count);
}

// Joins columns of a batch of `rows` rows.
class Joiner {
 public:
  Joiner(int64_t rows, arrow::MemoryPool* pool) : rows_(rows), context_{pool, {}} {}

  arrow::Result<std::shared_ptr<ArrayData>> Join(const Parts& parts) {
    const std::shared_ptr<arrow::DataType>& type = parts.front().column->type;
    int64_t rows = 0;
    int64_t nulls = 0;
    for (const Part& part : parts) {
      rows += part.count;
      nulls += NullsIn(part);
    }
    if (rows != 0 && nulls == rows) return AllNull(type, rows);
    std::shared_ptr<Buffer> validity;
    if (nulls != 0) {
      ARROW_ASSIGN_OR_RAISE(validity, Bits(parts, rows, 0));
    }
    switch (type->id()) {
      case arrow::Type::BOOL: {
        ARROW_ASSIGN_OR_RAISE(auto values, Bits(parts, rows, 1));
        return ArrayData::Make(type, rows, {std::move(validity), std::move(values)}, nulls);
      }
      case arrow::Type::STRING:
      case arrow::Type::BINARY: {
        ARROW_ASSIGN_OR_RAISE(auto offsets, Offsets(parts, rows));
        Parts bytes = parts;
        for (Part& part : bytes) part = Behind(part, part.column);
        ARROW_ASSIGN_OR_RAISE(auto data, Bytes(bytes, /*buffer=*/2, /*width=*/1));
        return ArrayData::Make(type, rows,
                               {std::move(validity), std::move(offsets), std::move(data)}, nulls);
      }
      case arrow::Type::LIST: {
        ARROW_ASSIGN_OR_RAISE(auto offsets, Offsets(parts, rows));
        Parts elements = parts;
        for (Part& part : elements) {
          part = Behind(part, part.column->child_data[0].get());
          part.begin += part.column->offset;
        }
        ARROW_ASSIGN_OR_RAISE(auto joined, Join(elements));
        return ArrayData::Make(type, rows, {std::move(validity), std::move(offsets)},
                               {std::move(joined)}, nulls);
      }
      default: {
        ARROW_ASSIGN_OR_RAISE(auto values, Bytes(parts, /*buffer=*/1, WidthOf(*type)));
        return ArrayData::Make(type, rows, {std::move(validity), std::move(values)}, nulls);
      }
    }
  }

 private:
  // What the offsets of `part` point to, in `column`.
  static Part Behind(const Part& part, const ArrayData* column) {
    const int32_t* const offsets = OffsetsOf(part);
    return {column, offsets[0], offsets[part.count] - offsets[0]};
  }

  arrow::Result<std::shared_ptr<ArrayData>> AllNull(const std::shared_ptr<arrow::DataType>& type,
                                                    int64_t rows) {
    const auto id = type->id();
    const int64_t bytes = id == arrow::Type::BOOL          ? (rows + 7) >> 3
                          : arrow::is_base_binary_like(id) ? (rows + 1) * int64_t{sizeof(int32_t)}
                                                           : rows * WidthOf(*type);
    return NullArray(type, rows, bytes, context_);
  }

  // Buffer `index` of `parts`, of bits. A part without one has values only.
  arrow::Result<std::shared_ptr<Buffer>> Bits(const Parts& parts, int64_t rows, int index) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> bits,
                          arrow::AllocateBuffer((rows + 7) >> 3, context_.pool));
    uint8_t* const out = bits->mutable_data();
    std::memset(out, 0, static_cast<size_t>(bits->size()));
    int64_t at = 0;
    for (const Part& part : parts) {
      if (const auto& from = part.column->buffers[static_cast<size_t>(index)]) {
        arrow::internal::CopyBitmap(from->data(), part.begin, part.count, out, at);
      } else {
        arrow::bit_util::SetBitsTo(out, at, part.count, true);
      }
      at += part.count;
    }
    return bits;
  }

  arrow::Result<std::shared_ptr<Buffer>> Offsets(const Parts& parts, int64_t rows) {
    const int64_t bytes = (rows + 1) * int64_t{sizeof(int32_t)};
    if (parts.size() == 1 && OffsetsOf(parts[0])[0] == 0) {
      return arrow::SliceBuffer(parts[0].column->buffers[1],
                                parts[0].begin * int64_t{sizeof(int32_t)}, bytes);
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> offsets,
                          arrow::AllocateBuffer(bytes, context_.pool));
    auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
    int64_t end = 0;
    for (const Part& part : parts) {
      const int32_t* const from = OffsetsOf(part);
      const int64_t begin = end;
      end += from[part.count] - from[0];
      if (end > INT32_MAX) {
        return Error(ErrorCode::kResourceExhausted, "a batch of ", rows_, " rows has ", end,
                     " bytes in one column, which has room for ", INT32_MAX);
      }
      for (int64_t i = 0; i < part.count; ++i) {
        *out++ = static_cast<int32_t>(begin + from[i] - from[0]);
      }
    }
    *out = static_cast<int32_t>(end);
    return offsets;
  }

  // Buffer `index` of `parts`, of `width` bytes a value.
  arrow::Result<std::shared_ptr<Buffer>> Bytes(const Parts& parts, int index, int64_t width) {
    if (parts.size() == 1) {
      return arrow::SliceBuffer(parts[0].column->buffers[static_cast<size_t>(index)],
                                parts[0].begin * width, parts[0].count * width);
    }
    int64_t values = 0;
    for (const Part& part : parts) values += part.count;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> bytes,
                          arrow::AllocateBuffer(values * width, context_.pool));
    uint8_t* out = bytes->mutable_data();
    for (const Part& part : parts) {
      if (part.count == 0) continue;
      const auto size = static_cast<size_t>(part.count * width);
      std::memcpy(
          out, part.column->buffers[static_cast<size_t>(index)]->data() + part.begin * width, size);
      out += size;
    }
    return bytes;
  }

  const int64_t rows_;
  BatchContext context_;
};

}  // namespace

int64_t BytesOf(const Piece& piece) {
  int64_t bytes = 0;
  for (const auto& column : piece.batch->column_data()) {
    bytes += BytesOf(Part{column.get(), column->offset + piece.begin, piece.count});
  }
  return bytes;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Join(std::span<const Piece> pieces,
                                                        arrow::MemoryPool* pool) {
  int64_t rows = 0;
  for (const Piece& piece : pieces) rows += piece.count;
  Joiner joiner(rows, pool);
  const std::shared_ptr<arrow::Schema>& schema = pieces.front().batch->schema();
  std::vector<std::shared_ptr<ArrayData>> columns;
  Parts parts;
  for (int i = 0; i < schema->num_fields(); ++i) {
    parts.clear();
    for (const Piece& piece : pieces) {
      const ArrayData* const column = piece.batch->column_data(i).get();
      parts.push_back({column, column->offset + piece.begin, piece.count});
    }
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), joiner.Join(parts));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace stellar_arrow::columnar

// The columns of one table that were asked for, grown row by row into record batches. Knows Arrow;
// knows no ledger.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/column.h"

namespace stellar_arrow::columnar {

// The columns of `table` named `names`, in that order; all of them for no names. Errors:
// INVALID_ARGUMENT naming the column that is unknown or named twice, and listing the table's.
template <typename Row>
arrow::Result<std::vector<const Column<Row>*>> SelectColumns(std::span<const Column<Row>> table,
                                                             std::span<const std::string> names) {
  std::vector<const Column<Row>*> selected;
  if (names.empty()) {
    for (const Column<Row>& column : table) selected.push_back(&column);
    return selected;
  }
  for (const std::string& name : names) {
    const auto found = std::ranges::find(table, name, &Column<Row>::name);
    if (found == table.end()) {
      std::string known;
      for (const Column<Row>& column : table) {
        known.append(known.empty() ? "" : ", ").append(column.name);
      }
      return Error(ErrorCode::kInvalidArgument, "unknown column ", Quoted(name),
                   "; the columns are ", known);
    }
    if (std::ranges::find(selected, &*found) != selected.end()) {
      return Error(ErrorCode::kInvalidArgument, "column ", Quoted(name), " is named twice");
    }
    selected.push_back(&*found);
  }
  return selected;
}

template <typename Row>
std::shared_ptr<arrow::Schema> SchemaOf(
    const std::vector<const Column<Row>*>& columns,
    std::shared_ptr<const arrow::KeyValueMetadata> metadata = nullptr) {
  arrow::FieldVector fields;
  for (const Column<Row>* column : columns) {
    fields.push_back(arrow::field(std::string(column->name), column->type(), column->nullable));
  }
  return arrow::schema(std::move(fields), std::move(metadata));
}

// Not thread-safe.
template <typename Row>
class BatchBuilder {
 public:
  BatchBuilder(std::vector<const Column<Row>*> columns, arrow::MemoryPool* pool,
               std::shared_ptr<const arrow::KeyValueMetadata> metadata = nullptr)
      : columns_(std::move(columns)),
        schema_(SchemaOf(columns_, std::move(metadata))),
        context_(new BatchContext{pool}) {
    for (const Column<Row>* column : columns_) {
      builders_.push_back(column->make_builder(context_.get()));
    }
  }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t rows() const { return rows_; }
  int64_t bytes() const {
    int64_t bytes = 0;
    for (const auto& builder : builders_) bytes += builder->bytes(rows_);
    return bytes;
  }

  // Column by column, so that each finds its code and its buffers at hand: best called with some
  // dozens of rows. After an error the batch is lost, and no other can be made.
  arrow::Status Append(std::span<const Row> rows) {
    uint64_t kinds = kAllKinds;  // that come
    if constexpr (HasKind<Row>) {
      kinds = 0;
      for (const Row& row : rows) kinds |= uint64_t{1} << row.kind();
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column<Row>& column = *columns_[i];
      if ((column.kinds & kinds) != 0) column.append(*builders_[i], rows, rows_, column.kinds);
    }
    rows_ += static_cast<int64_t>(rows.size());
    return context_->status;
  }

  arrow::Status Append(const Row& row) { return Append(std::span(&row, 1)); }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    const int64_t rows = std::exchange(rows_, 0);
    arrow::ArrayDataVector arrays;
    arrays.reserve(builders_.size());
    for (const auto& builder : builders_) {
      ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), builder->Finish(rows));
    }
    ARROW_RETURN_NOT_OK(context_->status);
    return arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
  }

 private:
  std::vector<const Column<Row>*> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<BatchContext> context_;  // in one place, which the builders know
  std::vector<std::unique_ptr<ColumnBuilder>> builders_;
  int64_t rows_ = 0;
};

}  // namespace stellar_arrow::columnar

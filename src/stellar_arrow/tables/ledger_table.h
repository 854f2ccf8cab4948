// A table whose rows are made ledger by ledger: the catalog's face of a list of columns.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/columnar/batch_builder.h"
#include "stellar_arrow/columnar/column.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

// `Rows` says how a ledger becomes rows. An appender keeps one, so that its buffers are reused:
//   using Row = ...;
//   static constexpr bool kOneRowPerLedger = ...;
//   static constexpr bool kNeedsTransactions = ...;
//   arrow::Status Visit(const ledger::Ledger&, auto&& append);  // append(const Row&)
template <typename Rows>
class LedgerTable final : public Table {
 public:
  using Row = typename Rows::Row;

  LedgerTable(std::string_view name, std::string_view doc,
              std::span<const columnar::Column<Row>> columns)
      : name_(name), doc_(doc), columns_(columns) {
    for (const columnar::Column<Row>& column : columns) {
      types_.push_back(column.type()->ToString());
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      infos_.push_back({columns[i].name, types_[i], columns[i].nullable, columns[i].doc});
    }
  }

  std::string_view name() const override { return name_; }
  std::string_view doc() const override { return doc_; }
  std::span<const ColumnInfo> columns() const override { return infos_; }
  bool one_row_per_ledger() const override { return Rows::kOneRowPerLedger; }
  bool needs_transactions() const override { return Rows::kNeedsTransactions; }

  arrow::Result<std::shared_ptr<arrow::Schema>> Schema(
      std::span<const std::string> columns) const override {
    ARROW_ASSIGN_OR_RAISE(auto selected, Select(columns));
    return columnar::SchemaOf(selected);
  }

  arrow::Result<std::unique_ptr<TableAppender>> MakeAppender(
      std::span<const std::string> columns, arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto selected, Select(columns));
    return std::make_unique<Appender>(std::move(selected), pool);
  }

 private:
  class Appender final : public TableAppender {
   public:
    Appender(std::vector<const columnar::Column<Row>*> columns, arrow::MemoryPool* pool)
        : batch_(std::move(columns), pool) {}

    const std::shared_ptr<arrow::Schema>& schema() const override { return batch_.schema(); }
    arrow::Status Append(const ledger::Ledger& ledger) override {
      return rows_.Visit(ledger, [this](const Row& row) { return batch_.Append(row); });
    }
    int64_t rows() const override { return batch_.rows(); }
    int64_t bytes() const override { return batch_.bytes(); }
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() override { return batch_.Finish(); }

   private:
    Rows rows_;
    columnar::BatchBuilder<Row> batch_;
  };

  arrow::Result<std::vector<const columnar::Column<Row>*>> Select(
      std::span<const std::string> names) const {
    auto selected = columnar::SelectColumns(columns_, names);
    if (!selected.ok()) {
      return WithContext(selected.status(), Concat("table ", name_));
    }
    return selected;
  }

  const std::string_view name_;
  const std::string_view doc_;
  const std::span<const columnar::Column<Row>> columns_;
  std::vector<std::string> types_;
  std::vector<ColumnInfo> infos_;
};

}  // namespace stellar_arrow::tables

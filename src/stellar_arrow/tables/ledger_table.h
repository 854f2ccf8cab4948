// A table whose rows are made ledger by ledger: the catalog's face of a list of columns.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/util/key_value_metadata.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/base/version.h"
#include "stellar_arrow/columnar/batch_builder.h"
#include "stellar_arrow/columnar/column.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::tables {

// Rows on their way into a batch, some at once. Keeps its room.
template <typename Row>
class RowBlock {
 public:
  bool empty() const { return rows_.empty(); }
  // Makes a row of `parts`. append(std::span<const Row>) is called when there are enough of them.
  template <typename Append, typename... Parts>
  arrow::Status Add(Append& append, Parts&&... parts) {
    rows_.emplace_back(std::forward<Parts>(parts)...);
    return rows_.size() < kRows ? arrow::Status::OK() : Flush(append);
  }
  template <typename Append>
  arrow::Status Flush(Append& append) {
    const arrow::Status appended = append(std::span<const Row>(rows_));
    rows_.clear();
    return appended;
  }

 private:
  static constexpr size_t kRows = 32;  // with what they keep, not much more than the nearest cache

  std::vector<Row> rows_;
};

// `Rows` says how a ledger becomes rows. An appender keeps one, so that its buffers are reused:
//   using Row = ...;
//   static constexpr bool kOneRowPerLedger = ...;
//   static constexpr bool kNeedsTransactions = ...;
//   arrow::Status Visit(const ledger::Ledger&, auto&& append);  // append(std::span<const Row>)
template <typename Rows>
class LedgerTable final : public Table {
 public:
  using Row = typename Rows::Row;

  LedgerTable(std::string_view name, std::string_view schema_version, std::string_view doc,
              std::span<const columnar::Column<Row>> columns)
      : name_(name), schema_version_(schema_version), doc_(doc), columns_(columns) {
    for (const columnar::Column<Row>& column : columns) {
      types_.push_back(column.type()->ToString());
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      infos_.push_back({columns[i].name, types_[i], columns[i].nullable, columns[i].doc});
    }
  }

  std::string_view name() const override { return name_; }
  std::string_view doc() const override { return doc_; }
  std::string_view schema_version() const override { return schema_version_; }
  std::span<const ColumnInfo> columns() const override { return infos_; }
  bool one_row_per_ledger() const override { return Rows::kOneRowPerLedger; }
  bool needs_transactions() const override { return Rows::kNeedsTransactions; }

  arrow::Result<std::shared_ptr<arrow::Schema>> Schema(const Selection& selection) const override {
    ARROW_ASSIGN_OR_RAISE(auto selected, Select(selection.columns));
    return columnar::SchemaOf(selected, Metadata(selection.network));
  }

  arrow::Result<std::unique_ptr<TableAppender>> MakeAppender(
      const Selection& selection, arrow::MemoryPool* pool) const override {
    ARROW_ASSIGN_OR_RAISE(auto selected, Select(selection.columns));
    return std::make_unique<Appender>(std::move(selected), Metadata(selection.network), pool);
  }

 private:
  class Appender final : public TableAppender {
   public:
    Appender(std::vector<const columnar::Column<Row>*> columns,
             std::shared_ptr<const arrow::KeyValueMetadata> metadata, arrow::MemoryPool* pool)
        : batch_(std::move(columns), pool, std::move(metadata)) {}

    const std::shared_ptr<arrow::Schema>& schema() const override { return batch_.schema(); }
    arrow::Status Append(const ledger::Ledger& ledger) override {
      return rows_.Visit(ledger, [this](std::span<const Row> rows) { return batch_.Append(rows); });
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

  std::shared_ptr<const arrow::KeyValueMetadata> Metadata(std::string_view network) const {
    std::vector<std::string> keys = {std::string(kTableKey), std::string(kSchemaVersionKey),
                                     std::string(kProducerKey)};
    std::vector<std::string> values = {std::string(name_), std::string(schema_version_),
                                       std::string(Producer())};
    if (!network.empty()) {
      keys.emplace_back(kNetworkKey);
      values.emplace_back(network);
    }
    return arrow::key_value_metadata(std::move(keys), std::move(values));
  }

  const std::string_view name_;
  const std::string_view schema_version_;
  const std::string_view doc_;
  const std::span<const columnar::Column<Row>> columns_;
  std::vector<std::string> types_;
  std::vector<ColumnInfo> infos_;
};

}  // namespace stellar_arrow::tables

// Ledgers to the rows of the tables of one subscription, in a worker. Knows tables; cuts no
// batches.
#pragma once

#include <memory>
#include <vector>

#include "stellar_arrow/pipeline/conversion.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::stream {

class TableConverter final : public pipeline::Converter {
 public:
  explicit TableConverter(std::vector<std::unique_ptr<tables::TableAppender>> appenders)
      : appenders_(std::move(appenders)), ledgers_(appenders_.size()) {}

  arrow::Status Add(const ledger::Ledger& ledger) override;
  int64_t bytes() const override { return bytes_; }
  arrow::Result<std::shared_ptr<const pipeline::Chunk>> Finish() override;

 private:
  const std::vector<std::unique_ptr<tables::TableAppender>> appenders_;
  std::vector<std::vector<pipeline::Chunk::LedgerRows>> ledgers_;  // by table
  int64_t bytes_ = 0;
};

}  // namespace stellar_arrow::stream

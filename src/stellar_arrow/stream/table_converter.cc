#include "stellar_arrow/stream/table_converter.h"

#include <arrow/record_batch.h>

#include <utility>

namespace stellar_arrow::stream {

arrow::Status TableConverter::Add(const ledger::Ledger& ledger) {
  bytes_ = 0;
  for (size_t table = 0; table < appenders_.size(); ++table) {
    tables::TableAppender& appender = *appenders_[table];
    const int64_t before = appender.bytes();
    ARROW_RETURN_NOT_OK(appender.Append(ledger));
    const int64_t bytes = appender.bytes();
    ledgers_[table].push_back({appender.rows(), bytes - before});
    bytes_ += bytes;
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<const pipeline::Chunk>> TableConverter::Finish() {
  auto chunk = std::make_shared<pipeline::Chunk>();
  for (size_t table = 0; table < appenders_.size(); ++table) {
    ARROW_ASSIGN_OR_RAISE(auto rows, appenders_[table]->Finish());
    chunk->tables.push_back({std::move(rows), std::exchange(ledgers_[table], {})});
  }
  chunk->bytes = std::exchange(bytes_, 0);
  return chunk;
}

}  // namespace stellar_arrow::stream

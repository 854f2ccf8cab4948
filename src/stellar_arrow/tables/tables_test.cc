#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/tables/catalog.h"
#include "stellar_arrow/tables/describe.h"

namespace stellar_arrow::tables {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Catalog, HasTheSchemasThatAreWrittenDown) {
  for (const Table* table : Catalog()) {
    EXPECT_EQ(TableAsText(*table),
              ReadFile(SAS_TEST_DATA "/../schemas/" + std::string(table->name()) + ".txt"));
  }
}

TEST(Catalog, HasReferencePagesMadeFromTheColumnLists) {
  for (const Table* table : Catalog()) {
    EXPECT_EQ(TableAsMarkdown(*table),
              ReadFile(SAS_TEST_DATA "/../../docs/tables/" + std::string(table->name()) + ".md"))
        << "write it anew with `stellar-arrow-source schema " << table->name()
        << " --format markdown`";
  }
}

TEST(Catalog, KeepsTheOriginalsColumnsOfStellarLedgerInTheirPlaces) {
  const std::vector<std::pair<std::string, std::string>> original = {
      {"ledger_sequence", "uint32"},
      {"ledger_close_time", "timestamp[us, tz=UTC]"},
      {"ledger_hash", "fixed_size_binary[32]"},
      {"previous_ledger_hash", "fixed_size_binary[32]"},
      {"transaction_count", "uint32"},
      {"operation_count", "uint32"},
      {"successful_transaction_count", "uint32"},
      {"failed_transaction_count", "uint32"},
      {"protocol_version", "uint32"},
      {"base_fee", "uint32"},
      {"base_reserve", "uint32"},
      {"max_tx_set_size", "uint32"},
      {"close_time_resolution", "uint32"},
      {"ledger_close_meta_xdr", "binary"},
  };
  const auto schema = FindTable("stellar_ledger").ValueOrDie()->Schema({}).ValueOrDie();
  for (size_t i = 0; i < original.size(); ++i) {
    const auto& field = schema->field(static_cast<int>(i));
    EXPECT_EQ(field->name(), original[i].first);
    EXPECT_EQ(field->type()->ToString(), original[i].second);
    EXPECT_FALSE(field->nullable());
  }
  EXPECT_EQ(schema->metadata(), nullptr);
}

TEST(Catalog, GivesTheColumnsAskedForInTheOrderAskedFor) {
  const Table& table = *FindTable("stellar_ledger").ValueOrDie();
  const std::vector<std::string> columns = {"node_id", "ledger_sequence"};
  const auto schema = table.Schema(columns).ValueOrDie();
  EXPECT_EQ(schema->field_names(), columns);
  const auto appender = table.MakeAppender(columns, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(appender->schema()->Equals(*schema));
  const auto empty = appender->Finish().ValueOrDie();
  EXPECT_EQ(empty->num_rows(), 0);
  EXPECT_TRUE(empty->schema()->Equals(*schema));
}

TEST(Catalog, AnswersUnknownNamesWithTheKnownOnes) {
  const auto table = FindTable("stellar_ledgers").status();
  EXPECT_EQ(CodeOf(table), ErrorCode::kInvalidArgument);
  EXPECT_THAT(table.message(), testing::HasSubstr("stellar_ledger"));
  const std::vector<std::string> columns = {"hash"};
  const auto column = FindTable("stellar_ledger").ValueOrDie()->Schema(columns).status();
  EXPECT_THAT(column.message(), testing::HasSubstr("ledger_hash"));
}

}  // namespace
}  // namespace stellar_arrow::tables

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/base/version.h"
#include "stellar_arrow/tables/catalog.h"
#include "stellar_arrow/tables/describe.h"

namespace stellar_arrow::tables {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string SchemaPath(const Table& table, std::string_view version) {
  return Concat(SAS_TEST_DATA "/../schemas/", table.name(), "/", version, ".json");
}

TEST(Catalog, HasTheSchemasThatAreWrittenDown) {
  for (const Table* table : Catalog()) {
    const std::string path = SchemaPath(*table, table->schema_version());
    const SchemaDiff diff = DiffSchema(ReadFile(path), *table).ValueOrDie();
    EXPECT_THAT(diff.changes, testing::IsEmpty()) << path;
    EXPECT_EQ(diff.old_version, table->schema_version());
  }
}

TEST(Catalog, CanBeReadByClientsOfTheOriginal) {
  for (const Table* table : Catalog()) {
    const SchemaDiff diff = DiffSchema(ReadFile(SchemaPath(*table, "1.0.0")), *table).ValueOrDie();
    EXPECT_TRUE(diff.compatible) << table->name();
    EXPECT_THAT(diff.changes, testing::Each(testing::StartsWith("+ "))) << table->name();
  }
}

TEST(Catalog, SaysInTheSchemaWhatTableOfWhatNetworkItIsAndWhoMadeIt) {
  for (const Table* table : Catalog()) {
    const auto schema = table->Schema({{}, "Some Network ; 2026"}).ValueOrDie();
    const arrow::KeyValueMetadata& metadata = *schema->metadata();
    EXPECT_EQ(metadata.Get(std::string(kTableKey)).ValueOrDie(), table->name());
    EXPECT_EQ(metadata.Get(std::string(kSchemaVersionKey)).ValueOrDie(), table->schema_version());
    EXPECT_EQ(metadata.Get(std::string(kProducerKey)).ValueOrDie(), Producer());
    EXPECT_EQ(metadata.Get(std::string(kNetworkKey)).ValueOrDie(), "Some Network ; 2026");
    EXPECT_FALSE(table->Schema({}).ValueOrDie()->metadata()->Contains(std::string(kNetworkKey)));
  }
}

// The changes to stellar_ledger from a version with these columns.
SchemaDiff DiffFrom(const std::vector<std::string>& columns) {
  std::string json = R"({"table":"stellar_ledger","columns":[)";
  for (const std::string& column : columns) {
    if (!json.ends_with('[')) json += ',';
    json += column;
  }
  return DiffSchema(json + "]}", *FindTable("stellar_ledger").ValueOrDie()).ValueOrDie();
}

TEST(SchemaDiff, NamesWhatWasAddedRemovedChangedOrMoved) {
  const std::string sequence = R"({"name":"ledger_sequence","type":"uint32","nullable":false})";
  const std::string time =
      R"({"name":"ledger_close_time","type":"timestamp[us, tz=UTC]","nullable":false})";
  const auto added = DiffFrom({sequence, time});
  EXPECT_TRUE(added.compatible);
  EXPECT_EQ(added.changes.front(), "+ ledger_hash fixed_size_binary[32] not null");
  EXPECT_EQ(added.old_version, "");

  const auto between = DiffFrom({time});
  EXPECT_FALSE(between.compatible) << "columns counted from the front move";
  EXPECT_EQ(between.changes.front(), "+ ledger_sequence uint32 not null");

  const auto removed = DiffFrom({sequence, R"({"name":"gone","type":"binary","nullable":true})"});
  EXPECT_FALSE(removed.compatible);
  EXPECT_EQ(removed.changes.back(), "- gone binary null");

  const auto changed =
      DiffFrom({R"({"name":"ledger_sequence","type":"int64","nullable":true})", time});
  EXPECT_FALSE(changed.compatible);
  EXPECT_EQ(changed.changes.front(), "~ ledger_sequence: int64 null -> uint32 not null");

  const auto moved = DiffFrom({time, sequence});
  EXPECT_FALSE(moved.compatible);
  EXPECT_EQ(
      moved.changes.back(),
      "> from here on in another order: ledger_sequence stands where ledger_close_time stood");
}

TEST(SchemaDiff, RefusesWhatIsNoSchemaOfTheTable) {
  const Table& table = *FindTable("stellar_ledger").ValueOrDie();
  for (const std::string_view json :
       {"", "[]", R"({"table":"stellar_ledger"})", R"({"table":"transactions","columns":[]})",
        R"({"table":"stellar_ledger","columns":[{"name":"a","type":"b"}]})"}) {
    const auto status = DiffSchema(json, table).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << json;
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

TEST(Catalog, GivesTheColumnsAskedForInTheOrderAskedFor) {
  const Table& table = *FindTable("stellar_ledger").ValueOrDie();
  const std::vector<std::string> columns = {"node_id", "ledger_sequence"};
  const auto schema = table.Schema({columns}).ValueOrDie();
  EXPECT_EQ(schema->field_names(), columns);
  const auto appender = table.MakeAppender({columns}, arrow::default_memory_pool()).ValueOrDie();
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
  const auto column = FindTable("stellar_ledger").ValueOrDie()->Schema({columns}).status();
  EXPECT_THAT(column.message(), testing::HasSubstr("ledger_hash"));
}

}  // namespace
}  // namespace stellar_arrow::tables

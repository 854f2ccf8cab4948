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

TEST(Catalog, KeepsTheOriginalsColumnsOfOperationsInTheirPlaces) {
  struct Original {
    std::string name;
    std::string type;
    bool nullable;
  };
  const std::vector<Original> original = {
      {"ledger_sequence", "uint32", false},
      {"transaction_hash", "fixed_size_binary[32]", false},
      {"transaction_index", "uint32", false},
      {"operation_index", "uint32", false},
      {"operation_id", "int64", false},
      {"ledger_close_time", "timestamp[us, tz=UTC]", false},
      {"operation_type", "uint32", false},
      {"operation_type_string", "string", false},
      {"source_account", "string", true},
      {"source_account_ed25519", "fixed_size_binary[32]", true},
      {"source_account_muxed", "uint64", true},
      {"transaction_successful", "bool", false},
      {"transaction_source_account", "string", false},
      {"successful", "bool", false},
      {"result_code", "int32", false},
      {"result_code_string", "string", false},
      {"destination_account", "string", true},
      {"amount", "int64", true},
      {"asset_type", "uint8", true},
      {"asset_code", "string", true},
      {"asset_issuer", "string", true},
      {"send_asset_type", "uint8", true},
      {"send_asset_code", "string", true},
      {"send_asset_issuer", "string", true},
      {"send_amount", "int64", true},
      {"dest_min", "int64", true},
      {"path_length", "uint32", true},
      {"trustor", "string", true},
      {"trustee", "string", true},
      {"trust_limit", "int64", true},
      {"authorize_to_maintain_liabilities", "bool", true},
      {"clawback_enabled", "bool", true},
      {"offer_id", "int64", true},
      {"buying_asset_type", "uint8", true},
      {"buying_asset_code", "string", true},
      {"buying_asset_issuer", "string", true},
      {"selling_asset_type", "uint8", true},
      {"selling_asset_code", "string", true},
      {"selling_asset_issuer", "string", true},
      {"price_n", "int32", true},
      {"price_d", "int32", true},
      {"starting_balance", "int64", true},
      {"home_domain", "string", true},
      {"inflation_dest", "string", true},
      {"master_weight", "uint32", true},
      {"threshold_low", "uint32", true},
      {"threshold_medium", "uint32", true},
      {"threshold_high", "uint32", true},
      {"signer_key", "string", true},
      {"signer_weight", "uint32", true},
      {"data_name", "string", true},
      {"data_value", "binary", true},
      {"balance_id", "fixed_size_binary[32]", true},
      {"claimant_count", "uint32", true},
      {"sponsored_account", "string", true},
      {"sponsor_account", "string", true},
      {"liquidity_pool_id", "fixed_size_binary[32]", true},
      {"reserve_a_deposit", "int64", true},
      {"reserve_b_deposit", "int64", true},
      {"min_price_n", "int32", true},
      {"min_price_d", "int32", true},
      {"max_price_n", "int32", true},
      {"max_price_d", "int32", true},
      {"host_function_type", "uint32", true},
      {"contract_id", "fixed_size_binary[32]", true},
      {"contract_code_hash", "fixed_size_binary[32]", true},
      {"function_name", "string", true},
      {"soroban_auth_count", "uint32", true},
      {"operation_xdr", "binary", false},
      {"operation_result_xdr", "binary", false},
      {"operation_meta_xdr", "binary", false},
  };
  ASSERT_EQ(original.size(), 71u);
  const auto schema = FindTable("operations").ValueOrDie()->Schema({}).ValueOrDie();
  for (size_t i = 0; i < original.size(); ++i) {
    const auto& field = schema->field(static_cast<int>(i));
    EXPECT_EQ(field->name(), original[i].name);
    EXPECT_EQ(field->type()->ToString(), original[i].type) << original[i].name;
    EXPECT_EQ(field->nullable(), original[i].nullable) << original[i].name;
  }
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

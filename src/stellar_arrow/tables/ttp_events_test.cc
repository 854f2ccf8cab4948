// The shape of ttp_events, and that it costs no allocations; its cells are the golden tests'.
#include "stellar_arrow/tables/ttp_events.h"

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/ledger/sha256.h"
#include "tests/support/count_allocations.h"
#include "tests/support/ledger_files.h"

namespace stellar_arrow::tables {
namespace {

// The bytes of a corpus's ledger whose name ends so.
std::vector<uint8_t> LedgerNamed(const std::string& end) {
  std::vector<uint8_t> found;
  support::ForEachXdr(SAS_TEST_DATA, [&](const std::string& name, xdr::Bytes wire) {
    if (name.ends_with(end)) found.assign(wire.begin(), wire.end());
  });
  return found;
}

// Load-test transactions: many kinds of holders, and refunds.
const ledger::Ledger& LoadTestLedger() {
  static const std::vector<uint8_t> wire = LedgerNamed("load-test-ledgers-v24.xdr.zstd[1]");
  static ledger::Ledger ledger;
  if (!ledger.paired()) {
    ledger::Sha256 sha;
    EXPECT_TRUE(ledger.Open(wire).ok());
    EXPECT_TRUE(ledger.Pair(ledger::Network::FromPassphrase("load test network"), sha).ok());
  }
  return ledger;
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<std::string>& columns) {
  const auto appender =
      TtpEventsTable().MakeAppender({columns}, arrow::default_memory_pool()).ValueOrDie();
  const arrow::Status appended = appender->Append(LoadTestLedger());
  EXPECT_TRUE(appended.ok()) << appended;
  const auto batch = appender->Finish().ValueOrDie();
  EXPECT_TRUE(batch->ValidateFull().ok());
  return batch;
}

TEST(TtpEvents, KeepsTheOriginalsColumnsInTheirPlaces) {
  struct Original {
    std::string name;
    std::string type;
    bool nullable;
  };
  const std::vector<Original> original = {
      {"ledger_sequence", "uint32", false},
      {"ledger_close_time", "timestamp[us, tz=UTC]", false},
      {"transaction_hash", "fixed_size_binary[32]", false},
      {"operation_index", "uint32", false},
      {"event_type", "string", false},
      {"from_account", "string", false},
      {"to_account", "string", false},
      {"asset_code", "string", true},
      {"asset_issuer", "string", true},
      {"amount", "int64", false},
      {"amount_precision", "uint32", false},
      {"memo", "string", true},
      {"memo_type", "string", true},
      {"operation_source_account", "string", true},
      {"is_native_asset", "bool", false},
      {"is_path_payment", "bool", false},
      {"path_length", "uint32", true},
      {"fee_charged", "int64", false},
      {"max_fee", "int64", false},
  };
  const auto schema = TtpEventsTable().Schema({}).ValueOrDie();
  for (size_t i = 0; i < original.size(); ++i) {
    const auto& field = schema->field(static_cast<int>(i));
    EXPECT_EQ(field->name(), original[i].name);
    EXPECT_EQ(field->type()->ToString(), original[i].type) << field->name();
    EXPECT_EQ(field->nullable(), original[i].nullable) << field->name();
  }
  EXPECT_TRUE(TtpEventsTable().needs_transactions());
  EXPECT_FALSE(TtpEventsTable().one_row_per_ledger());
}

TEST(TtpEvents, GivesEachColumnAloneAsAmongAll) {
  const auto all = BatchOf({});
  EXPECT_EQ(all->num_rows(), 1200);
  for (const std::string& name : all->schema()->field_names()) {
    const auto alone = BatchOf({name});
    ASSERT_EQ(alone->num_columns(), 1);
    EXPECT_TRUE(alone->column(0)->Equals(all->GetColumnByName(name))) << name;
  }
}

TEST(TtpEvents, NumbersTheEventsOfALedgerFromNought) {
  const auto batch = BatchOf({"event_index"});
  const auto& numbers = static_cast<const arrow::UInt32Array&>(*batch->column(0));
  for (int64_t i = 0; i < numbers.length(); ++i) ASSERT_EQ(numbers.Value(i), i);
}

TEST(TtpEvents, AllocatesNothingForRowsInBuffersThatAreLargeEnough) {
  const ledger::Ledger& ledger = LoadTestLedger();
  const auto appender =
      TtpEventsTable().MakeAppender({}, arrow::default_memory_pool()).ValueOrDie();
  constexpr int kLedgers = 5;
  for (int i = 0; i < kLedgers; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  ASSERT_TRUE(appender->Finish().ok());
  ASSERT_TRUE(appender->Append(ledger).ok());  // reserves what the batch before needed
  const int64_t allocations = support::Allocations();
  const int64_t pool_allocations = arrow::default_memory_pool()->num_allocations();
  for (int i = 1; i < kLedgers; ++i) ASSERT_TRUE(appender->Append(ledger).ok());
  EXPECT_EQ(support::Allocations(), allocations);
  EXPECT_EQ(arrow::default_memory_pool()->num_allocations(), pool_allocations);
}

}  // namespace
}  // namespace stellar_arrow::tables

#include "stellar_arrow/stream/cutter.h"

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "stellar_arrow/columnar/join.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::stream {
namespace {

using testing::ElementsAre;
using testing::Pair;

// First ledger and rows of each batch that ledgers of one row and `bytes` are cut into, of at most
// 1000 bytes. All but the first two lie in two blocks: up to 31, and from 32 on.
std::vector<std::pair<uint32_t, int64_t>> Batches(int64_t bytes) {
  const auto schema = arrow::schema({arrow::field("n", arrow::null())});
  const std::shared_ptr<arrow::RecordBatch> rows =
      arrow::RecordBatch::Make(schema, 100, {std::make_shared<arrow::NullArray>(100)});
  const BatchOptions options{.rows = 100, .bytes = 1000};
  Cutter cutter(options, "t");
  std::vector<Cut> cuts;
  for (uint32_t ledger = 28; ledger < 34; ++ledger) {
    EXPECT_TRUE(cutter.Add(ledger, {rows, ledger, 1}, bytes, &cuts).ok());
  }
  cutter.Flush(&cuts);
  std::vector<std::pair<uint32_t, int64_t>> batches;
  for (const Cut& cut : cuts) batches.emplace_back(cut.ledger, cut.pieces.front().count);
  return batches;
}

TEST(Cutter, SendsTheFirstLedgersRowsAtOnce) {
  EXPECT_THAT(Batches(10), ElementsAre(Pair(28, 1), Pair(29, 5)));
}

TEST(Cutter, EndsWithABlockUnlessTheBatchIsSmall) {
  EXPECT_THAT(Batches(80), ElementsAre(Pair(28, 1), Pair(29, 5)));
  EXPECT_THAT(Batches(90), ElementsAre(Pair(28, 1), Pair(29, 3), Pair(32, 2)));
}

TEST(Cutter, LeavesOutALedgerThatWouldTakeTheBatchOverItsLimits) {
  EXPECT_THAT(Batches(400), ElementsAre(Pair(28, 1), Pair(29, 2), Pair(31, 1), Pair(32, 2)));
}

}  // namespace
}  // namespace stellar_arrow::stream

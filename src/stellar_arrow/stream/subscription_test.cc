#include "stellar_arrow/stream/subscription.h"

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::stream {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kFirst = 30822015;
constexpr uint32_t kLast = 30822020;

// A copy of the lake of six public-network ledgers, to take objects from.
class Lake {
 public:
  Lake()
      : path_(fs::temp_directory_path() /
              ("lake-" + std::to_string(::getpid()) + "-" + std::to_string(++count_))) {
    fs::copy(SAS_TEST_DATA "/pubnet-lake", path_, fs::copy_options::recursive);
  }
  ~Lake() { fs::remove_all(path_); }
  std::string path() const { return path_.string(); }
  fs::path Object(uint32_t ledger) const {
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      if (entry.path().string().find("--" + std::to_string(ledger) + ".xdr") != std::string::npos) {
        return entry.path();
      }
    }
    return {};
  }

 private:
  static inline int count_ = 0;
  fs::path path_;
};

struct Outcome {
  std::vector<uint32_t> ledgers;
  std::vector<int64_t> batch_rows;
  arrow::Status status;
};

Outcome Read(source::LedgerSource& source, const std::string& request, BatchOptions batch = {},
             int threads = 1) {
  Outcome outcome;
  auto run = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const Request parsed, ParseRequest(request));
    Subscription::Options options;
    options.tables = {tables::FindTable(parsed.table).ValueOrDie()};
    options.columns = {parsed.columns};
    ARROW_ASSIGN_OR_RAISE(options.pipeline.range, ResolveRange(parsed, source));
    options.pipeline.threads = threads;
    options.batch = batch;
    options.wait = false;
    ARROW_ASSIGN_OR_RAISE(auto subscription, Subscription::Make(source, std::move(options)));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto next, subscription->Next());
      if (!next) return arrow::Status::OK();
      ARROW_RETURN_NOT_OK(next->rows->ValidateFull());
      outcome.batch_rows.push_back(next->rows->num_rows());
      const auto& sequences = static_cast<const arrow::UInt32Array&>(*next->rows->column(0));
      for (int64_t i = 0; i < sequences.length(); ++i) {
        outcome.ledgers.push_back(sequences.Value(i));
      }
    }
  };
  outcome.status = run();
  return outcome;
}

std::vector<uint32_t> Numbers(uint32_t first, uint32_t last) {
  std::vector<uint32_t> numbers(last - first + 1);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

TEST(Subscription, NamesTheFirstLedgerWithoutABatchWhereMemoryEnds) {
  const Lake lake;
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  const auto* table = tables::FindTable("stellar_ledger").ValueOrDie();
  bool failed = false;
  for (int64_t limit = 64 << 10; limit <= 4 << 20; limit += 64 << 10) {
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(), limit);
    Subscription::Options options;
    options.tables = {table};
    options.columns = {{}};
    options.pipeline.range = {kFirst, kLast};
    options.batch.rows = 2;
    options.pool = &pool;
    auto subscription = Subscription::Make(*source, std::move(options)).ValueOrDie();
    uint32_t handed_out = kFirst - 1;
    while (true) {
      auto next = subscription->Next();
      if (!next.ok()) {
        EXPECT_EQ(subscription->next_ledger(), handed_out + 1) << limit << next.status();
        EXPECT_FALSE(subscription->Next().ok()) << "it goes on after an error";
        failed = true;
        break;
      }
      if (!*next) break;
      const auto& rows = (*next)->rows;
      const auto& sequences = static_cast<const arrow::UInt32Array&>(*rows->column(0));
      handed_out = sequences.Value(rows->num_rows() - 1);
    }
  }
  EXPECT_TRUE(failed);
}

TEST(Subscription, DeliversExactlyItsRangeAtAnyNumberOfThreads) {
  const Lake lake;
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  for (const int threads : {1, 2, 3, 8}) {
    const Outcome all = Read(*source, "stellar_ledger:0", {}, threads);
    ASSERT_TRUE(all.status.ok()) << all.status;
    EXPECT_EQ(all.ledgers, Numbers(kFirst, kLast));
    const Outcome some = Read(*source, "stellar_ledger:30822016:30822018", {}, threads);
    ASSERT_TRUE(some.status.ok()) << some.status;
    EXPECT_EQ(some.ledgers, Numbers(30822016, 30822018));
  }
}

TEST(Subscription, BeginsAtTheNewestLedgerUnlessToldOtherwise) {
  const Lake lake;
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  EXPECT_EQ(Read(*source, "stellar_ledger").ledgers, Numbers(kLast, kLast));
}

TEST(Subscription, CutsBatchesByRowsAndBytesAtLedgerBorders) {
  const Lake lake;
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  EXPECT_THAT(Read(*source, "stellar_ledger:0").batch_rows, testing::ElementsAre(1, 5))
      << "the first rows do not wait for more";
  EXPECT_THAT(Read(*source, "stellar_ledger:0", {.rows = 4}).batch_rows,
              testing::ElementsAre(1, 4, 1));
  // Ledgers of 199, 215, 260, 91, 252 and 306 KB. The first is the last of its block.
  EXPECT_THAT(Read(*source, "stellar_ledger:0", {.bytes = 500'000}).batch_rows,
              testing::ElementsAre(1, 2, 2, 1));
  EXPECT_THAT(Read(*source, "stellar_ledger:0", {.bytes = 900'000}).batch_rows,
              testing::ElementsAre(1, 4, 1));
  EXPECT_THAT(Read(*source, "stellar_ledger:0", {.bytes = 1}).batch_rows,
              testing::ElementsAre(1, 1, 1, 1, 1, 1));
}

TEST(Subscription, EndsAtAGapAfterTheRowsBeforeIt) {
  const Lake lake;
  fs::remove(lake.Object(30822018));
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  for (const int threads : {1, 2}) {
    const Outcome outcome = Read(*source, "stellar_ledger:0", {}, threads);
    EXPECT_EQ(outcome.ledgers, Numbers(kFirst, 30822017));
    EXPECT_EQ(CodeOf(outcome.status), ErrorCode::kDataLoss);
    EXPECT_EQ(DetailOf(outcome.status)->ledger(), 30822018u);
    EXPECT_THAT(outcome.status.message(),
                testing::HasSubstr("FE29B17D--30822018.xdr.zst does not exist"));
  }
}

TEST(Subscription, RefusesWhatTheSourceLacks) {
  const Lake lake;
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  const Outcome before = Read(*source, "stellar_ledger:5:9");
  EXPECT_EQ(CodeOf(before.status), ErrorCode::kOutOfRange);
  EXPECT_THAT(before.status.message(), testing::HasSubstr("30822015 to 30822020"));
  const Outcome beyond = Read(*source, "stellar_ledger:30822019:30822021");
  EXPECT_EQ(beyond.ledgers, Numbers(30822019, kLast));
  EXPECT_EQ(CodeOf(beyond.status), ErrorCode::kOutOfRange);
}

// As if there were another one that does not answer.
class Partial final : public source::LedgerSource {
 public:
  explicit Partial(std::unique_ptr<source::LedgerSource> source) : source_(std::move(source)) {}
  std::string_view name() const override { return source_->name(); }
  arrow::Result<source::Extent> GetExtent(const std::stop_token& stop) override {
    ARROW_ASSIGN_OR_RAISE(source::Extent extent, source_->GetExtent(stop));
    extent.partial = partial;
    return extent;
  }
  arrow::Result<std::unique_ptr<source::ObjectStream>> OpenStream(
      LedgerRange range, source::GapPolicy gaps, arrow::MemoryPool* pool,
      const std::stop_token& stop) override {
    return source_->OpenStream(range, gaps, pool, stop);
  }

  bool partial = false;

 private:
  const std::unique_ptr<source::LedgerSource> source_;
};

TEST(ResolveRange, EndsNoCursorWhereASourceThatIsDownMayHaveMore) {
  Partial source(source::OpenSource("synthetic:?start=10&count=2").ValueOrDie());
  Request request{.table = "stellar_ledger"};
  request.cursor.emplace();
  request.cursor->table = request.table;
  request.cursor->schema = tables::FindTable(request.table).ValueOrDie()->schema_version();
  request.cursor->at.last = source.LedgerSource::GetExtent()->newest;
  EXPECT_TRUE(ResolveRange(request, source)->empty());
  source.partial = true;
  const LedgerRange range = ResolveRange(request, source).ValueOrDie();
  EXPECT_EQ(range.first, request.cursor->next());
  EXPECT_EQ(range.last, std::nullopt);
}

TEST(Subscription, NamesTheObjectThatIsDamaged) {
  const Lake lake;
  const fs::path object = lake.Object(30822017);
  fs::resize_file(object, fs::file_size(object) - 10);
  const auto source = source::OpenSource(lake.path()).ValueOrDie();
  const Outcome outcome = Read(*source, "stellar_ledger:0");
  EXPECT_EQ(outcome.ledgers, Numbers(kFirst, 30822016));
  EXPECT_EQ(CodeOf(outcome.status), ErrorCode::kDataLoss);
  EXPECT_THAT(outcome.status.message(), testing::HasSubstr("FE29B17E--30822017.xdr.zst"));
}

// One column that tells the rows apart, of all batches.
std::vector<std::string> OperationsIn(source::LedgerSource& source, BatchOptions batch,
                                      int64_t* batches) {
  Subscription::Options options;
  options.tables = {tables::FindTable("operations").ValueOrDie()};
  options.columns = {{"operation_id", "operation_xdr", "details"}};
  options.pipeline.range = {62, 63};
  options.pipeline.network = ledger::Network::FromPassphrase("load test network");
  options.batch = batch;
  const auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
  std::vector<std::string> rows;
  while (const auto next = subscription->Next().ValueOrDie()) {
    ++*batches;
    const arrow::RecordBatch& part = *next->rows;
    EXPECT_TRUE(part.ValidateFull().ok());
    EXPECT_LE(part.num_rows(), batch.rows);
    if (part.num_rows() > 1) {
      EXPECT_LE(arrow::util::ReferencedBufferSize(part).ValueOrDie(), batch.bytes);
    }
    for (int64_t i = 0; i < part.num_rows(); ++i) {
      std::string& row = rows.emplace_back();
      for (const auto& column : part.columns()) {
        row += column->GetScalar(i).ValueOrDie()->ToString() + "|";
      }
    }
  }
  return rows;
}

TEST(Subscription, SplitsALedgerOfManyRowsAndLosesNone) {
  const auto source =
      source::OpenSource(SAS_TEST_DATA "/corpora/load-test-ledgers-v24.xdr.zstd").ValueOrDie();
  int64_t whole_batches = 0;
  const auto whole = OperationsIn(*source, {.rows = 1000, .bytes = 64 << 20}, &whole_batches);
  EXPECT_EQ(whole.size(), 100u);
  for (const BatchOptions& limits :
       {BatchOptions{.rows = 7, .bytes = 64 << 20}, BatchOptions{.rows = 1000, .bytes = 65536},
        BatchOptions{.rows = 1000, .bytes = 4096}, BatchOptions{.rows = 1000, .bytes = 1}}) {
    int64_t batches = 0;
    EXPECT_EQ(OperationsIn(*source, limits, &batches), whole) << limits.rows << " " << limits.bytes;
    EXPECT_GT(batches, whole_batches);
  }
}

std::string NetworkInSchema(const std::string& path, std::optional<ledger::Network> named) {
  const auto source = source::OpenSource(path).ValueOrDie();
  Subscription::Options options;
  options.tables = {tables::FindTable("stellar_ledger").ValueOrDie()};
  options.columns = {{}};
  options.pipeline.network = std::move(named);
  EXPECT_TRUE(pipeline::FindNetwork(*source, &options.pipeline).ok());
  const auto subscription = Subscription::Make(*source, std::move(options)).ValueOrDie();
  return subscription->schema(0)->metadata()->Get(std::string(tables::kNetworkKey)).ValueOr("");
}

TEST(Subscription, NamesTheNetworkInItsSchema) {
  const std::string no_manifest = SAS_TEST_DATA "/corpora/30820015.lcm.xdr.zst";
  EXPECT_EQ(NetworkInSchema(SAS_TEST_DATA "/galexie-lake", std::nullopt),
            "Test SDF Network ; September 2015")
      << "the manifest states it";
  EXPECT_EQ(NetworkInSchema(no_manifest, std::nullopt),
            "Public Global Stellar Network ; September 2015")
      << "a ledger's transactions prove it";
  EXPECT_EQ(NetworkInSchema(no_manifest, ledger::Network::FromPassphrase("Mine ; 2026")),
            "Mine ; 2026");
}

}  // namespace
}  // namespace stellar_arrow::stream

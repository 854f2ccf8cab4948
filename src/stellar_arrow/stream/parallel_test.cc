// What many workers must not change, and what a stream may hold and wait for while they work.
#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::stream {
namespace {

using namespace std::chrono_literals;
using support::MemorySource;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kFirst = 1000;

const std::vector<std::string> kFour = {"operations", "stellar_ledger", "transactions",
                                        "ttp_events"};

// Small and big ledgers of one network, in one chain.
struct Chain {
  std::string passphrase;
  std::vector<std::vector<uint8_t>> ledgers;
  uint32_t last() const { return kFirst + static_cast<uint32_t>(ledgers.size()) - 1; }
};
const Chain& Pubnet() {
  static const Chain chain = {"Public Global Stellar Network ; September 2015",
                              support::MakeChain({SAS_TEST_DATA "/corpora/30820015.lcm.xdr.zst",
                                                  SAS_TEST_DATA "/pubnet-lake"},
                                                 kFirst, 21)};
  return chain;
}
// 100 Soroban transactions each, of one operation.
const Chain& LoadTest() {
  static const Chain chain = {
      "load test network",
      support::MakeChain({SAS_TEST_DATA "/corpora/load-test-ledgers-v24.xdr.zstd"}, kFirst, 7)};
  return chain;
}
// Every operation and result there is.
const Chain& MadeUp() {
  static const Chain chain = {
      "Synthetic Network ; stellar-arrow-source",
      support::MakeChain({"synthetic:?count=14&transactions=30"}, kFirst, 14)};
  return chain;
}

MemorySource SourceOf(const Chain& chain, size_t per_object) {
  return MemorySource(support::MakeObjects(chain.ledgers, kFirst, per_object));
}

Subscription::Options OptionsOf(const Chain& chain, const std::vector<std::string>& tables,
                                int threads, BatchOptions batch = {}) {
  Subscription::Options options;
  for (const std::string& table : tables) {
    options.tables.push_back(tables::FindTable(table).ValueOrDie());
    options.columns.emplace_back();
  }
  options.pipeline.range = {kFirst, chain.last()};
  options.pipeline.network = ledger::Network::FromPassphrase(chain.passphrase);
  options.pipeline.threads = threads;
  options.batch = batch;
  options.ipc = arrow::ipc::IpcWriteOptions::Defaults();
  options.ipc->use_threads = false;
  return options;
}

// A batch as it is sent, with its table's number.
std::string Sent(const Batch& batch) {
  std::string sent = std::to_string(batch.table) + batch.payload->metadata->ToString();
  for (const auto& buffer : batch.payload->body_buffers) {
    sent += Concat("|", buffer != nullptr ? buffer->ToString() : std::string());
  }
  return sent;
}

struct Outcome {
  std::vector<std::string> sent;
  std::vector<int64_t> rows;  // by table
  std::optional<uint32_t> next;
  std::string error;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Read(source::LedgerSource& source, Subscription::Options options) {
  Outcome outcome;
  outcome.rows.resize(options.tables.size());
  const auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
  while (true) {
    const auto batch = subscription->Next();
    if (!batch.ok()) outcome.error = batch.status().ToString();
    if (!batch.ok() || !*batch) break;
    EXPECT_TRUE((*batch)->rows->ValidateFull().ok()) << (*batch)->rows->ValidateFull();
    outcome.sent.push_back(Sent(**batch));
    outcome.rows[(*batch)->table] += (*batch)->rows->num_rows();
  }
  outcome.next = subscription->next_ledger();
  return outcome;
}

// The rows that the tables have, made by their appenders alone.
std::vector<std::shared_ptr<arrow::RecordBatch>> RowsOf(const Chain& chain,
                                                        const std::vector<std::string>& tables) {
  const auto network = ledger::Network::FromPassphrase(chain.passphrase);
  ledger::Sha256 sha;
  ledger::Ledger ledger;
  std::vector<std::shared_ptr<arrow::RecordBatch>> all;
  for (const std::string& name : tables) {
    const auto appender = tables::FindTable(name)
                              .ValueOrDie()
                              ->MakeAppender({{}, chain.passphrase}, arrow::default_memory_pool())
                              .ValueOrDie();
    for (const auto& wire : chain.ledgers) {
      EXPECT_TRUE(ledger.Open(wire).ok() && ledger.Pair(network, sha).ok());
      EXPECT_TRUE(appender->Append(ledger).ok());
    }
    all.push_back(appender->Finish().ValueOrDie());
  }
  return all;
}

TEST(ParallelStream, HasTheRowsOfItsTablesInOrder) {
  for (const Chain* chain : {&Pubnet(), &LoadTest(), &MadeUp()}) {
    const auto wanted = RowsOf(*chain, kFour);
    MemorySource source = SourceOf(*chain, 3);
    const auto subscription =
        Subscription::Make(source, OptionsOf(*chain, kFour, 2, {.rows = 77})).ValueOrDie();
    std::vector<int64_t> rows(kFour.size());
    while (const auto batch = subscription->Next().ValueOrDie()) {
      const int64_t count = batch->rows->num_rows();
      EXPECT_TRUE(batch->rows->Equals(*wanted[batch->table]->Slice(rows[batch->table], count)))
          << kFour[batch->table] << " from row " << rows[batch->table];
      rows[batch->table] += count;
    }
    for (size_t table = 0; table < kFour.size(); ++table) {
      EXPECT_EQ(rows[table], wanted[table]->num_rows()) << kFour[table];
    }
  }
}

TEST(ParallelStream, SendsTheSameBytesAtAnyNumberOfWorkersAndSizeOfObjects) {
  const std::vector<BatchOptions> limits = {
      {}, {.rows = 77}, {.bytes = 300'000}, {.rows = 500, .bytes = 40'000}};
  for (const Chain* chain : {&Pubnet(), &LoadTest(), &MadeUp()}) {
    MemorySource single = SourceOf(*chain, 1);
    MemorySource some = SourceOf(*chain, 7);
    MemorySource all = SourceOf(*chain, chain->ledgers.size());
    for (const BatchOptions& batch : limits) {
      const Outcome wanted = Read(single, OptionsOf(*chain, kFour, 1, batch));
      EXPECT_EQ(wanted.error, "");
      EXPECT_EQ(wanted.next, chain->last() + 1);
      for (const auto& [threads, source] : {std::pair(2, &single), std::pair(3, &some),
                                            std::pair(8, &single), std::pair(8, &all)}) {
        EXPECT_TRUE(Read(*source, OptionsOf(*chain, kFour, threads, batch)) == wanted)
            << batch.rows << " rows, " << batch.bytes << " bytes, " << threads << " threads";
      }
    }
  }
}

// Where a ledger makes megabytes of rows, a run of many would fill what may wait long before its
// turn, and its worker would stand still.
TEST(ParallelStream, TakesFewBigLedgersAtATime) {
  const Chain many = {
      LoadTest().passphrase,
      support::MakeChain({SAS_TEST_DATA "/corpora/load-test-ledgers-v24.xdr.zstd"}, kFirst, 40)};
  MemorySource source = SourceOf(many, 1);
  const auto subscription =
      Subscription::Make(source, OptionsOf(many, kFour, /*threads=*/2)).ValueOrDie();
  std::optional<uint32_t> begun;
  while (begun.value_or(0) < kFirst + 8) {
    ASSERT_TRUE(subscription->Next().ok());
    begun = subscription->next_ledger();
  }
  // Long enough for workers to fetch all that they may.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LE(source.script.fetched, 8 + 10);
}

TEST(ParallelStream, EndsAtTheSameLedgerWithTheSameErrorAtAnyNumberOfWorkers) {
  const auto sound = support::MakeObjects(Pubnet().ledgers, kFirst, 1);
  auto gap = sound;
  gap.erase(gap.begin() + 17);
  auto damaged = sound;
  damaged[17].bytes = arrow::SliceBuffer(damaged[17].bytes, 0, damaged[17].bytes->size() / 2);
  auto others = Pubnet().ledgers;
  std::swap(others[17], others[20]);  // of another place in the chain
  const auto strange = support::MakeObjects(others, kFirst, 8);
  for (const auto& objects : {gap, damaged, strange}) {
    MemorySource source(objects);
    const Outcome wanted = Read(source, OptionsOf(Pubnet(), kFour, 1));
    EXPECT_EQ(wanted.next, kFirst + 17);
    EXPECT_THAT(wanted.error, testing::HasSubstr("1017"));
    EXPECT_EQ(wanted.rows[1], 17);
    for (const int threads : {2, 3, 8}) {
      EXPECT_TRUE(Read(source, OptionsOf(Pubnet(), kFour, threads)) == wanted) << threads;
    }
  }
}

// The ledger at `index` with the result of one of its operations, not the first, made that of
// another type, of the same form. No hash that is checked at level chain covers results.
std::vector<std::vector<uint8_t>> WithStrangeResult(size_t index) {
  constexpr uint8_t kSell = 3, kBuy = 12;  // xdr::OperationType::MANAGE_..._OFFER
  auto ledgers = Pubnet().ledgers;
  ledger::Ledger ledger;
  EXPECT_TRUE(ledger.Open(ledgers[index]).ok());
  const auto results = ledger.operation_result_begins();
  for (size_t i = results.size(); i-- > 1;) {
    // OperationResult: opINNER, then the type.
    uint8_t* const type = ledgers[index].data() + (results[i] - ledgers[index].data()) + 7;
    if (results[i][3] != 0 || (*type != kSell && *type != kBuy)) continue;
    *type = *type == kSell ? kBuy : kSell;
    return ledgers;
  }
  ADD_FAILURE() << "no such operation";
  return ledgers;
}

TEST(ParallelStream, EndsAtALedgerThatContradictsItselfAndReadsNoMore) {
  const auto ledgers = WithStrangeResult(9);
  for (const size_t per_object : {1, 4, 21}) {
    MemorySource source(support::MakeObjects(ledgers, kFirst, per_object));
    const Outcome wanted = Read(source, OptionsOf(Pubnet(), {"operations"}, 1));
    EXPECT_EQ(wanted.next, kFirst + 9);
    EXPECT_THAT(wanted.error, testing::HasSubstr("has a result of another type"));
    for (const int threads : {2, 8}) {
      EXPECT_TRUE(Read(source, OptionsOf(Pubnet(), {"operations"}, threads)) == wanted) << threads;
    }
  }
}

}  // namespace
}  // namespace stellar_arrow::stream

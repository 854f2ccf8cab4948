// Compressed batches: the same rows in fewer bytes, made by the workers, and counted.
#include "stellar_arrow/stream/compression.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::stream {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t kFirst = 1000;
constexpr uint32_t kLast = kFirst + 20;
constexpr BatchOptions kLedgerABatch = {.rows = 1};

const std::vector<source::Object>& Objects() {
  static const auto objects = support::MakeObjects(
      support::MakeChain(
          {SAS_TEST_DATA "/corpora/30820015.lcm.xdr.zst", SAS_TEST_DATA "/pubnet-lake"}, kFirst,
          kLast - kFirst + 1),
      kFirst, 1);
  return objects;
}

Subscription::Options OptionsOf(const std::string& table, Compression compression, int threads,
                                int level = kLeastLevel, BatchOptions batch = {}) {
  Subscription::Options options;
  options.tables = {tables::FindTable(table).ValueOrDie()};
  options.columns = {{}};
  options.pipeline.range = {kFirst, kLast};
  options.pipeline.network =
      ledger::Network::FromPassphrase("Public Global Stellar Network ; September 2015");
  options.pipeline.threads = threads;
  options.batch = batch;
  options.ipc = IpcOptionsOf(compression, level).ValueOrDie();
  return options;
}

// The rows as a client gets them out of what is sent.
std::shared_ptr<arrow::RecordBatch> Received(const Batch& batch) {
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  int32_t size = 0;
  const auto options = arrow::ipc::IpcWriteOptions::Defaults();
  EXPECT_TRUE(arrow::ipc::WriteIpcPayload(*batch.payload, options, sink.get(), &size).ok());
  arrow::io::BufferReader reader(sink->Finish().ValueOrDie());
  const auto message = arrow::ipc::ReadMessage(&reader).ValueOrDie();
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadRecordBatch(*message, batch.rows->schema(), &memo,
                                     arrow::ipc::IpcReadOptions::Defaults())
      .ValueOrDie();
}

struct Sent {
  std::vector<std::string> bodies;
  Counters counters;
};

Sent Read(Subscription::Options options) {
  support::MemorySource source(Objects());
  const auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
  Sent sent;
  int64_t bytes = 0;
  while (const auto batch = subscription->Next().ValueOrDie()) {
    EXPECT_TRUE(Received(*batch)->Equals(*batch->rows));
    std::string& body = sent.bodies.emplace_back();
    for (const auto& buffer : batch->payload->body_buffers) {
      if (buffer != nullptr) body += buffer->ToString();
    }
    bytes += batch->payload->body_length;
  }
  sent.counters = subscription->counters();
  EXPECT_EQ(sent.counters.bytes_sent, bytes);
  return sent;
}

TEST(Compression, HasThreeNamesAndNoOther) {
  for (const Compression compression : kCompressions) {
    EXPECT_EQ(ParseCompression(CompressionName(compression)).ValueOrDie(), compression);
  }
  for (const char* name : {"", "gzip", "LZ4", "lz4 ", "zstd:3", "0"}) {
    const arrow::Status status = ParseCompression(name).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << name;
    EXPECT_THAT(status.message(), testing::HasSubstr("is not one of none, lz4, zstd"));
  }
}

TEST(Compression, GivesTheSameRowsInFewerBytesAndCountsBoth) {
  for (const char* table : {"stellar_ledger", "transactions", "operations", "ttp_events"}) {
    const Sent plain = Read(OptionsOf(table, Compression::kNone, 2));
    EXPECT_GE(plain.counters.bytes_sent, plain.counters.bytes_rows);
    for (const Compression compression : {Compression::kLz4, Compression::kZstd}) {
      const Sent sent = Read(OptionsOf(table, compression, 2));
      EXPECT_EQ(sent.bodies.size(), plain.bodies.size());
      EXPECT_EQ(sent.counters.bytes_rows, plain.counters.bytes_rows);
      EXPECT_LT(sent.counters.bytes_sent, plain.counters.bytes_sent * 9 / 10) << table;
      EXPECT_GT(sent.counters.encoding, 0ns);
    }
  }
}

TEST(Compression, SendsTheSameBytesAtAnyNumberOfWorkers) {
  for (const Compression compression : {Compression::kLz4, Compression::kZstd}) {
    const Sent wanted = Read(OptionsOf("operations", compression, 1, 3, {.rows = 100}));
    for (const int threads : {2, 8}) {
      EXPECT_EQ(Read(OptionsOf("operations", compression, threads, 3, {.rows = 100})).bodies,
                wanted.bodies);
    }
  }
}

TEST(Compression, TakesEveryLevelThereIsForBoth) {
  for (const Compression compression : {Compression::kLz4, Compression::kZstd}) {
    const Sent least = Read(OptionsOf("transactions", compression, 2, kLeastLevel));
    const Sent most = Read(OptionsOf("transactions", compression, 2, kMostLevel));
    EXPECT_LT(most.counters.bytes_sent, least.counters.bytes_sent);
  }
}

// The thread that sends only takes what the workers have compressed, one batch for each of them.
TEST(Compression, IsTheWorkersWork) {
  for (const int threads : {1, 3, 6}) {
    support::MemorySource source(Objects());
    const auto subscription =
        Subscription::Make(
            source, OptionsOf("stellar_ledger", Compression::kZstd, threads, 1, kLedgerABatch))
            .ValueOrDie();
    const int64_t ahead = std::max(threads, 2);
    bool finished_ahead = false;
    // How many are settled ahead depends on the ledgers that are there by then.
    for (int64_t taken = 1; subscription->Next().ValueOrDie(); ++taken) {
      std::this_thread::sleep_for(50ms);
      const int64_t finished = subscription->counters().batches;
      EXPECT_LE(finished, taken + ahead);
      finished_ahead |= finished == taken + ahead;
    }
    EXPECT_TRUE(finished_ahead);
  }
}

}  // namespace
}  // namespace stellar_arrow::stream

// How fast ledgers are unzipped, checked and made into tables, on one core: its time of all threads
// counts, beside zstd's for the same ledgers.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>
#include <zstd.h>

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/corpus.h"
#include "bench/rates.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow::bench {
namespace {

using Buffer = std::vector<uint8_t>;

void SetRates(benchmark::State& state, const Corpus& corpus) {
  state.SetBytesProcessed(state.iterations() * corpus.raw_bytes);
}

// The yardstick: zstd alone, into a buffer that is there already.
void ZstdDecode(benchmark::State& state, const Corpus& corpus) {
  ZSTD_DCtx* const zstd = ZSTD_createDCtx();
  Buffer out(size_t{4} << 20);
  for (auto _ : state) {
    for (const auto& object : corpus.objects) {
      const size_t size = ZSTD_decompressDCtx(zstd, out.data(), out.size(), object.bytes->data(),
                                              static_cast<size_t>(object.bytes->size()));
      if (ZSTD_isError(size) != 0) state.SkipWithError(ZSTD_getErrorName(size));
    }
  }
  ZSTD_freeDCtx(zstd);
  SetRates(state, corpus);
}

// The strict check of every type, nothing else.
void StrictWalk(benchmark::State& state, const Corpus& corpus) {
  for (auto _ : state) {
    for (const Buffer& wire : corpus.raw) {
      const uint8_t* const end = wire.data() + wire.size();
      if (xdr::LedgerCloseMeta::CheckAt(wire.data(), end) != end) state.SkipWithError("refused");
    }
  }
  SetRates(state, corpus);
}

// The same walk, noting where things lie.
void LedgerOpen(benchmark::State& state, const Corpus& corpus) {
  ledger::Ledger ledger;
  for (auto _ : state) {
    for (const Buffer& wire : corpus.raw) {
      if (!ledger.Open(wire).ok()) state.SkipWithError("refused");
    }
  }
  SetRates(state, corpus);
}

void VerifyFull(benchmark::State& state, const Corpus& corpus) {
  ledger::Ledger ledger;
  ledger::Sha256 sha;
  const auto network = ledger::Network::FromPassphrase(corpus.passphrase);
  std::vector<ledger::Fault> faults;
  for (auto _ : state) {
    for (const Buffer& wire : corpus.raw) {
      if (!ledger.Open(wire).ok()) state.SkipWithError("refused");
      faults.clear();
      ledger::VerifyLedger(ledger, ledger::VerifyLevel::kFull, &network, sha, &faults);
    }
  }
  SetRates(state, corpus);
}

// Tables, and of each the columns that are asked for; none means all.
using Asked = std::map<std::string, std::vector<std::string>>;

// From zstd objects to record batches, as the server makes them, in one pass by one worker.
void Tables(benchmark::State& state, const Corpus& corpus, const Asked& asked) {
  const auto source = corpus.Source();
  int64_t allocations = 0;
  int64_t pool_allocations = 0;
  int64_t rows = 0;
  for (auto _ : state) {
    stream::Subscription::Options options;
    for (const auto& [table, columns] : asked) {
      options.tables.push_back(tables::FindTable(table).ValueOrDie());
      options.columns.push_back(columns);
    }
    options.pipeline.range = {kFirst, corpus.last()};
    arrow::MemoryPool* const pool = arrow::default_memory_pool();
    const int64_t before = support::Allocations();
    const int64_t pool_before = pool->num_allocations();
    const auto subscription = stream::Subscription::Make(*source, std::move(options)).ValueOrDie();
    while (auto batch = subscription->Next().ValueOrDie()) rows += batch->rows->num_rows();
    if (subscription->counters().ledgers != static_cast<int64_t>(corpus.raw.size())) {
      state.SkipWithError("ledgers lost");
    }
    allocations += support::Allocations() - before;
    pool_allocations += pool->num_allocations() - pool_before;
  }
  SetRates(state, corpus);
  const auto ledgers =
      static_cast<double>(state.iterations()) * static_cast<double>(corpus.raw.size());
  state.counters["rows/ledger"] = static_cast<double>(rows) / ledgers;
  state.counters["new/ledger"] = static_cast<double>(allocations) / ledgers;
  state.counters["pool/ledger"] = static_cast<double>(pool_allocations) / ledgers;
}

const std::vector<std::string> kFour = {"operations", "stellar_ledger", "transactions",
                                        "ttp_events"};

Asked All(const std::vector<std::string>& tables) {
  Asked asked;
  for (const std::string& table : tables) asked[table];
  return asked;
}

// All columns but those that hold XDR.
Asked WithoutXdr(const std::vector<std::string>& tables) {
  Asked asked;
  for (const std::string& table : tables) {
    for (const auto& column : tables::FindTable(table).ValueOrDie()->columns()) {
      if (!column.name.ends_with("_xdr")) asked[table].emplace_back(column.name);
    }
  }
  return asked;
}

// Against zstd's rate for the same corpus, which a name ends with.
void PrintRatios(const Rates& medians) {
  std::printf("\n%-44s %10s %14s\n", "median", "MB/s of XDR", "x zstd decode");
  for (const auto& [name, rate] : medians.rates()) {
    const std::string zstd = "ZstdDecode" + name.substr(name.rfind('/'));
    std::printf("%-44s %10.0f %14.2f\n", name.c_str(), rate / 1e6, medians.Ratio(name, zstd));
  }
}

}  // namespace
}  // namespace stellar_arrow::bench

int main(int argc, char** argv) {
  using namespace stellar_arrow;         // NOLINT: the program's own
  using namespace stellar_arrow::bench;  // NOLINT
  for (const auto& [name, corpus] :
       {std::pair("/pubnet", &Pubnet()), std::pair("/load_test", &LoadTest())}) {
    const auto add = [name = name](const std::string& what, auto function, auto... arguments) {
      benchmark::RegisterBenchmark((what + name).c_str(), function, arguments...)
          ->MeasureProcessCPUTime();
    };
    add("ZstdDecode", ZstdDecode, std::cref(*corpus));
    add("StrictWalk", StrictWalk, std::cref(*corpus));
    add("LedgerOpen", LedgerOpen, std::cref(*corpus));
    add("VerifyFull", VerifyFull, std::cref(*corpus));
    const auto add_tables = [&add, corpus = corpus](const std::string& what, const Asked& asked) {
      add("Tables/" + what, Tables, std::cref(*corpus), asked);
    };
    add_tables("four/all_columns", All(kFour));
    add_tables("four/without_xdr", WithoutXdr(kFour));
    for (const std::string& table : kFour) add_tables(table + "/all_columns", All({table}));
    add_tables("stellar_ledger/without_xdr", WithoutXdr({"stellar_ledger"}));
    add_tables("stellar_ledger/one_column", {{"stellar_ledger", {"ledger_sequence"}}});
    add_tables("operations/one_column", {{"operations", {"operation_type"}}});
  }
  Rates medians("median");
  medians.RunAll(argc, argv);
  PrintRatios(medians);
  return 0;
}

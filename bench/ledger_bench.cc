// How fast ledgers are unzipped, checked and made into tables, side by side in one run: machines
// are noisy, so the ratios at the end count, not the rates.
//
// The inputs are ledgers of tests/data, repeated in one chain so that a stream is long enough to be
// in its stride; each is one zstd object, as in a lake:
//   pubnet     the seven of the public network (protocol 13)
//   load_test  those of a load generator (protocol 24): 100 Soroban transactions each
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/relink.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow {
namespace {

constexpr int64_t kRawBytes = int64_t{75} << 20;  // of XDR, about
constexpr uint32_t kFirst = 1000;

using Buffer = std::vector<uint8_t>;

void PutWord(uint8_t* p, uint32_t word) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(word >> (24 - 8 * i));
}

struct Corpus {
  std::string passphrase;
  std::vector<Buffer> raw;                           // LedgerCloseMetas, linked
  std::vector<std::shared_ptr<arrow::Buffer>> zstd;  // LedgerCloseMetaBatch of one each
  int64_t raw_bytes = 0;
  int64_t transactions = 0;
  uint32_t last() const { return kFirst + static_cast<uint32_t>(raw.size()) - 1; }
};

// Appends the ledgers of a source that have transactions, as bytes.
void Append(const std::string& path, std::vector<Buffer>* ledgers) {
  const auto source = source::OpenSource(path).ValueOrDie();
  const auto extent = source->GetExtent().ValueOrDie();
  pipeline::Options options;
  options.range = {*extent.first, extent.newest};
  options.gaps = source::GapPolicy::kSkip;
  const auto pipeline = pipeline::Pipeline::Make(*source, options).ValueOrDie();
  while (pipeline->Next(false).ValueOrDie() == pipeline::Progress::kLedger) {
    if (pipeline->ledger().transaction_count() == 0) continue;
    const auto wire = pipeline->ledger().wire();
    ledgers->emplace_back(wire.begin(), wire.end());
  }
}

Corpus MakeCorpus(std::string_view passphrase, const std::vector<std::string>& paths) {
  std::vector<Buffer> originals;
  for (const std::string& path : paths) Append(SAS_TEST_DATA + path, &originals);
  Corpus made;
  made.passphrase = passphrase;
  ledger::Ledger ledger;
  ledger::Relinker relinker(kFirst);
  for (size_t i = 0; made.raw_bytes < kRawBytes; ++i) {
    if (!ledger.Open(originals[i % originals.size()]).ok()) std::abort();
    const ledger::Relinked linked = relinker.Next(ledger).ValueOrDie();
    Buffer batch(12);
    PutWord(batch.data(), linked.sequence);
    PutWord(batch.data() + 4, linked.sequence);
    PutWord(batch.data() + 8, 1);
    batch.insert(batch.end(), linked.wire.begin(), linked.wire.end());
    std::string zipped(ZSTD_compressBound(batch.size()), '\0');
    zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), batch.data(), batch.size(), 3));
    made.zstd.push_back(arrow::Buffer::FromString(std::move(zipped)));
    made.raw_bytes += static_cast<int64_t>(linked.wire.size());
    made.transactions += static_cast<int64_t>(ledger.transaction_count());
    made.raw.emplace_back(linked.wire.begin(), linked.wire.end());
  }
  return made;
}

const Corpus& Pubnet() {
  static const Corpus corpus = MakeCorpus("Public Global Stellar Network ; September 2015",
                                          {"/corpora/30820015.lcm.xdr.zst", "/pubnet-lake"});
  return corpus;
}

const Corpus& LoadTest() {
  static const Corpus corpus =
      MakeCorpus("load test network", {"/corpora/load-test-ledgers-v24.xdr.zstd"});
  return corpus;
}

// A corpus as a source, without a file system's noise.
class MemorySource final : public source::LedgerSource {
 public:
  explicit MemorySource(const Corpus& corpus) : corpus_(corpus) {}
  std::string_view name() const override { return "memory"; }
  arrow::Result<source::Extent> GetExtent() override {
    return source::Extent{kFirst, corpus_.last(), false};
  }
  arrow::Result<std::unique_ptr<source::ObjectStream>> OpenStream(LedgerRange,
                                                                  source::GapPolicy) override {
    return std::make_unique<Stream>(corpus_);
  }
  std::optional<std::string> passphrase() const override { return corpus_.passphrase; }

 private:
  class Stream final : public source::ObjectStream {
   public:
    explicit Stream(const Corpus& corpus) : corpus_(corpus) {}
    arrow::Result<source::Fetched> Next() override {
      if (next_ == corpus_.zstd.size()) return source::Fetched{};
      const uint32_t sequence = kFirst + static_cast<uint32_t>(next_);
      return source::Fetched{source::Fetched::State::kObject,
                             {"memory", source::Form::kBatch, /*zstd=*/true, corpus_.zstd[next_++],
                              sequence, sequence},
                             {}};
    }
    void Wait(int64_t) override {}

   private:
    const Corpus& corpus_;
    size_t next_ = 0;
  };

  const Corpus& corpus_;
};

void SetRates(benchmark::State& state, const Corpus& corpus) {
  state.SetBytesProcessed(state.iterations() * corpus.raw_bytes);
}

// The yardstick: zstd alone, into a buffer that is there already.
void ZstdDecode(benchmark::State& state, const Corpus& corpus) {
  ZSTD_DCtx* const zstd = ZSTD_createDCtx();
  Buffer out(size_t{1} << 20);
  for (auto _ : state) {
    for (const auto& object : corpus.zstd) {
      benchmark::DoNotOptimize(ZSTD_decompressDCtx(zstd, out.data(), out.size(), object->data(),
                                                   static_cast<size_t>(object->size())));
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

// From zstd objects to record batches, as the server makes them, in one pass on one thread.
void Tables(benchmark::State& state, const Corpus& corpus, const Asked& asked) {
  MemorySource source(corpus);
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
    const auto subscription = stream::Subscription::Make(source, std::move(options)).ValueOrDie();
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

// Prints what the console reporter prints, and keeps the medians.
class Medians final : public benchmark::ConsoleReporter {
 public:
  Medians() : ConsoleReporter(::isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") {
        rates_[run.run_name.function_name] = run.counters.at("bytes_per_second").value;
      }
    }
  }

  // Against zstd's rate for the same corpus, which a name ends with.
  void PrintRatios() const {
    std::printf("\n%-44s %10s %14s\n", "median", "MB/s of XDR", "x zstd decode");
    for (const auto& [name, rate] : rates_) {
      const auto zstd = rates_.find("ZstdDecode" + name.substr(name.rfind('/')));
      if (zstd == rates_.end()) continue;
      std::printf("%-44s %10.0f %14.2f\n", name.c_str(), rate / 1e6, rate / zstd->second);
    }
  }

 private:
  std::map<std::string, double> rates_;
};

}  // namespace
}  // namespace stellar_arrow

int main(int argc, char** argv) {
  using namespace stellar_arrow;  // NOLINT: the program's own
  // Interleaved repetitions, so that a slow minute of the machine hits all alike.
  std::vector<std::string> arguments = {
      argv[0], "--benchmark_repetitions=9", "--benchmark_enable_random_interleaving=true",
      "--benchmark_report_aggregates_only=true", "--benchmark_min_time=0.1"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  for (const auto& [name, corpus] :
       {std::pair("/pubnet", &Pubnet()), std::pair("/load_test", &LoadTest())}) {
    const auto add = [name = name](const std::string& what, auto function, auto... arguments) {
      benchmark::RegisterBenchmark((what + name).c_str(), function, arguments...);
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
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  medians.PrintRatios();
  return 0;
}

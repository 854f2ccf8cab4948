// How fast ledgers are unzipped, checked and made into the table stellar_ledger, side by side in
// one run: machines are noisy, so the ratios at the end count, not the rates.
//
// The input is the public-network ledgers of tests/data, repeated with new numbers and links so
// that a stream is long enough to be in its stride; each is one zstd object, as in a lake.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow {
namespace {

constexpr int kRepeats = 50;  // of the seven ledgers: 75 MB of XDR
constexpr uint32_t kFirst = 1000;

using Buffer = std::vector<uint8_t>;

void PutWord(uint8_t* p, uint32_t word) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(word >> (24 - 8 * i));
}

// The ledgers of a source, as bytes.
void Append(const std::string& path, std::vector<Buffer>* ledgers) {
  const auto source = source::OpenSource(path).ValueOrDie();
  const auto extent = source->GetExtent().ValueOrDie();
  pipeline::Options options;
  options.range = {*extent.first, extent.newest};
  const auto pipeline = pipeline::Pipeline::Make(*source, options).ValueOrDie();
  while (pipeline->Next(false).ValueOrDie() == pipeline::Progress::kLedger) {
    const auto wire = pipeline->ledger().wire();
    ledgers->emplace_back(wire.begin(), wire.end());
  }
}

struct Corpus {
  std::vector<Buffer> raw;                           // LedgerCloseMeta V0, linked
  std::vector<std::shared_ptr<arrow::Buffer>> zstd;  // LedgerCloseMetaBatch of one each
  int64_t raw_bytes = 0;
  int64_t transactions = 0;
};

const Corpus& TheCorpus() {
  static const Corpus corpus = [] {
    std::vector<Buffer> originals;
    Append(SAS_TEST_DATA "/corpora/30820015.lcm.xdr.zst", &originals);
    Append(SAS_TEST_DATA "/pubnet-lake", &originals);
    Corpus made;
    ledger::Hash256 previous{};
    ledger::Ledger ledger;
    for (uint32_t i = 0; i < kRepeats * originals.size(); ++i) {
      Buffer wire = originals[i % originals.size()];
      if (!ledger.Open(wire).ok()) std::abort();
      const auto header = ledger.header();
      auto* const begin = wire.data();
      std::ranges::copy(previous, begin + (header.previousLedgerHash().data() - wire.data()));
      // The number follows the bucket list's hash.
      PutWord(begin + (header.bucketListHash().data() - wire.data()) + 32, kFirst + i);
      previous = ledger::Sha256Of(header.wire());
      std::ranges::copy(previous, begin + (ledger.hash().data() - wire.data()));
      Buffer batch(12);
      PutWord(batch.data(), kFirst + i);
      PutWord(batch.data() + 4, kFirst + i);
      PutWord(batch.data() + 8, 1);
      batch.insert(batch.end(), wire.begin(), wire.end());
      std::string zipped(ZSTD_compressBound(batch.size()), '\0');
      zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), batch.data(), batch.size(), 3));
      made.zstd.push_back(arrow::Buffer::FromString(std::move(zipped)));
      made.raw_bytes += static_cast<int64_t>(wire.size());
      made.transactions += static_cast<int64_t>(ledger.transaction_count());
      made.raw.push_back(std::move(wire));
    }
    return made;
  }();
  return corpus;
}

// The corpus as a source, without a file system's noise.
class MemorySource final : public source::LedgerSource {
 public:
  std::string_view name() const override { return "memory"; }
  arrow::Result<source::Extent> GetExtent() override {
    return source::Extent{kFirst, Last(), false};
  }
  arrow::Result<std::unique_ptr<source::ObjectStream>> OpenStream(LedgerRange,
                                                                  source::GapPolicy) override {
    return std::make_unique<Stream>();
  }
  static uint32_t Last() { return kFirst + static_cast<uint32_t>(TheCorpus().raw.size()) - 1; }

 private:
  class Stream final : public source::ObjectStream {
   public:
    arrow::Result<source::Fetched> Next() override {
      const Corpus& corpus = TheCorpus();
      if (next_ == corpus.zstd.size()) return source::Fetched{};
      const uint32_t sequence = kFirst + static_cast<uint32_t>(next_);
      return source::Fetched{
          source::Fetched::State::kObject,
          {"memory", source::Form::kBatch, /*zstd=*/true, corpus.zstd[next_++], sequence, sequence},
          {}};
    }
    void Wait(int64_t) override {}

   private:
    size_t next_ = 0;
  };
};

void SetRates(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * TheCorpus().raw_bytes);
}

// The yardstick: zstd alone, into a buffer that is there already.
void ZstdDecode(benchmark::State& state) {
  ZSTD_DCtx* const zstd = ZSTD_createDCtx();
  Buffer out(size_t{1} << 20);
  for (auto _ : state) {
    for (const auto& object : TheCorpus().zstd) {
      benchmark::DoNotOptimize(ZSTD_decompressDCtx(zstd, out.data(), out.size(), object->data(),
                                                   static_cast<size_t>(object->size())));
    }
  }
  ZSTD_freeDCtx(zstd);
  SetRates(state);
}

// The strict check of every type, nothing else.
void StrictWalk(benchmark::State& state) {
  for (auto _ : state) {
    for (const Buffer& wire : TheCorpus().raw) {
      const uint8_t* const end = wire.data() + wire.size();
      if (xdr::LedgerCloseMeta::CheckAt(wire.data(), end) != end) state.SkipWithError("refused");
    }
  }
  SetRates(state);
}

// The same walk, noting where things lie.
void LedgerOpen(benchmark::State& state) {
  ledger::Ledger ledger;
  for (auto _ : state) {
    for (const Buffer& wire : TheCorpus().raw) {
      if (!ledger.Open(wire).ok()) state.SkipWithError("refused");
    }
  }
  SetRates(state);
}

void VerifyFull(benchmark::State& state) {
  ledger::Ledger ledger;
  ledger::Sha256 sha;
  const auto network = ledger::Network::FromNameOrPassphrase("pubnet").ValueOrDie();
  std::vector<ledger::Fault> faults;
  for (auto _ : state) {
    for (const Buffer& wire : TheCorpus().raw) {
      if (!ledger.Open(wire).ok()) state.SkipWithError("refused");
      faults.clear();  // the sets' own links still name the ledgers they were made for
      ledger::VerifyLedger(ledger, ledger::VerifyLevel::kFull, &network, sha, &faults);
    }
  }
  SetRates(state);
}

// From zstd objects to record batches of stellar_ledger, as the server makes them, on one thread.
void StellarLedger(benchmark::State& state, const std::vector<std::string>& columns) {
  MemorySource source;
  int64_t allocations = 0;
  int64_t pool_allocations = 0;
  for (auto _ : state) {
    stream::Subscription::Options options;
    options.tables = {tables::FindTable("stellar_ledger").ValueOrDie()};
    options.columns = {columns};
    options.pipeline.range = {kFirst, MemorySource::Last()};
    arrow::MemoryPool* const pool = arrow::default_memory_pool();
    const int64_t before = support::Allocations();
    const int64_t pool_before = pool->num_allocations();
    const auto subscription = stream::Subscription::Make(source, std::move(options)).ValueOrDie();
    int64_t rows = 0;
    while (auto batch = subscription->Next().ValueOrDie()) rows += batch->rows->num_rows();
    if (rows != static_cast<int64_t>(TheCorpus().raw.size())) state.SkipWithError("rows lost");
    allocations += support::Allocations() - before;
    pool_allocations += pool->num_allocations() - pool_before;
  }
  SetRates(state);
  const auto ledgers =
      static_cast<double>(state.iterations()) * static_cast<double>(TheCorpus().raw.size());
  state.counters["new/ledger"] = static_cast<double>(allocations) / ledgers;
  state.counters["pool/ledger"] = static_cast<double>(pool_allocations) / ledgers;
  state.counters["tx/ledger"] =
      static_cast<double>(TheCorpus().transactions) / static_cast<double>(TheCorpus().raw.size());
}

std::vector<std::string> WithoutXdr() {
  std::vector<std::string> columns;
  for (const auto& column : tables::FindTable("stellar_ledger").ValueOrDie()->columns()) {
    if (column.name != "ledger_close_meta_xdr") columns.emplace_back(column.name);
  }
  return columns;
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

  void PrintRatios() const {
    const auto zstd = rates_.find("ZstdDecode");
    if (zstd == rates_.end()) return;
    std::printf("\n%-34s %10s %14s\n", "median", "MB/s of XDR", "x zstd decode");
    for (const auto& [name, rate] : rates_) {
      std::printf("%-34s %10.0f %14.2f\n", name.c_str(), rate / 1e6, rate / zstd->second);
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
  TheCorpus();
  benchmark::RegisterBenchmark("ZstdDecode", ZstdDecode);
  benchmark::RegisterBenchmark("StrictWalk", StrictWalk);
  benchmark::RegisterBenchmark("LedgerOpen", LedgerOpen);
  benchmark::RegisterBenchmark("VerifyFull", VerifyFull);
  benchmark::RegisterBenchmark("StellarLedger/all_columns", StellarLedger,
                               std::vector<std::string>{});
  benchmark::RegisterBenchmark("StellarLedger/without_xdr", StellarLedger, WithoutXdr());
  benchmark::RegisterBenchmark("StellarLedger/one_column", StellarLedger,
                               std::vector<std::string>{"ledger_sequence"});
  Medians medians;
  benchmark::RunSpecifiedBenchmarks(&medians);
  medians.PrintRatios();
  return 0;
}

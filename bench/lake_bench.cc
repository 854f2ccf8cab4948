// What a network's latency costs streams from a lake: the four tables from objects of 64 ledgers,
// and of one, with 20 ms for each request of the store and without, at the defaults.
#include <arrow/buffer.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/rates.h"
#include "stellar_arrow/base/cores.h"
#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::bench {
namespace {

constexpr std::string_view kPassphrase = "Public Global Stellar Network ; September 2015";
constexpr uint32_t kFirstLedger = 2048;  // begins an object of any of these sizes
constexpr uint32_t kLedgers = 1536;
constexpr std::chrono::milliseconds kLatency{20};

// A lake in memory, as far away as is wanted.
class FarStore final : public source::Store {
 public:
  FarStore(const std::vector<source::Object>& objects, uint32_t per_object)
      : layout_{per_object, 64'000, "zst"} {
    for (const source::Object& object : objects) objects_[layout_.Key(object.first)] = object.bytes;
    const std::string manifest =
        source::FormatManifest({std::string(kPassphrase), per_object, layout_.files_per_partition});
    objects_[std::string(source::kManifestName)] = arrow::Buffer::FromString(manifest);
  }

  std::chrono::milliseconds latency{0};

  bool is_remote() const override { return true; }
  arrow::Result<std::vector<Entry>> List(const std::string&, const source::Patience&) override {
    return Error(ErrorCode::kUnimplemented, "no list");
  }
  arrow::Result<bool> Exists(const std::string& object, const source::Patience&) override {
    std::this_thread::sleep_for(latency);
    return objects_.contains(object);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object, arrow::MemoryPool*,
                                                     const source::Patience&) override {
    std::this_thread::sleep_for(latency);
    const auto found = objects_.find(object);
    return found == objects_.end() ? nullptr : found->second;
  }

 private:
  const source::LakeLayout layout_;
  std::map<std::string, std::shared_ptr<arrow::Buffer>> objects_;
};

// A lake that is open, and its store.
struct Lake {
  Lake(const std::vector<std::vector<uint8_t>>& chain, uint32_t per_object)
      : store(std::make_shared<FarStore>(support::MakeObjects(chain, kFirstLedger, per_object),
                                         per_object)) {
    source::SourceOptions options;
    options.first_ledger = kFirstLedger;
    lake = source::OpenLake(store, "far", options).ValueOrDie();
  }

  std::shared_ptr<FarStore> store;
  std::unique_ptr<source::LedgerSource> lake;
};

void FourTables(benchmark::State& state, const Lake& lake, std::chrono::milliseconds latency) {
  lake.store->latency = latency;
  for (auto _ : state) {
    stream::Subscription::Options options;
    for (const char* table : {"operations", "stellar_ledger", "transactions", "ttp_events"}) {
      options.tables.push_back(tables::FindTable(table).ValueOrDie());
      options.columns.emplace_back();
    }
    options.pipeline.range = {kFirstLedger, kFirstLedger + kLedgers - 1};
    options.pipeline.network = ledger::Network::FromPassphrase(std::string(kPassphrase));
    options.pipeline.threads = AvailableCores();
    const auto subscription =
        stream::Subscription::Make(*lake.lake, std::move(options)).ValueOrDie();
    while (subscription->Next().ValueOrDie()) {
    }
  }
  state.SetBytesProcessed(state.iterations() * kLedgers);  // its rate is in ledgers a second
}

void PrintRatios(const Rates& best) {
  const auto rate = [&](const std::string& name) {
    const auto found = best.rates().find(name);
    return found == best.rates().end() ? 0 : found->second;
  };
  const double fetched = source::SourceOptions().fetchers * 1e3 / kLatency.count();
  const double allowed = std::min(rate("near/1"), fetched);
  std::printf("\nratios of the best repetitions\n");
  std::printf("64 ledgers an object, 20 ms away: %.2f of the rate without\n",
              best.Ratio("far/64", "near/64"));
  std::printf(
      "one ledger an object, 20 ms away: %.0f ledgers/s, %.2f of what is allowed (fetchers "
      "over latency %.0f, rate without %.0f)\n",
      rate("far/1"), allowed == 0 ? 0 : rate("far/1") / allowed, fetched, rate("near/1"));
}

}  // namespace
}  // namespace stellar_arrow::bench

int main(int argc, char** argv) {
  using namespace stellar_arrow;         // NOLINT: the program's own
  using namespace stellar_arrow::bench;  // NOLINT
  const auto chain = support::MakeChain(
      {SAS_TEST_DATA "/corpora/30820015.lcm.xdr.zst", SAS_TEST_DATA "/pubnet-lake"}, kFirstLedger,
      kLedgers);
  const Lake sixty_four(chain, 64);
  const Lake one(chain, 1);
  for (const auto& [size, lake] : {std::pair("64", &sixty_four), std::pair("1", &one)}) {
    for (const auto& [place, latency] :
         {std::pair("near/", std::chrono::milliseconds(0)), std::pair("far/", kLatency)}) {
      benchmark::RegisterBenchmark((std::string(place) + size).c_str(), FourTables,
                                   std::cref(*lake), latency)
          ->UseRealTime()
          ->Iterations(1)
          ->ComputeStatistics("max", [](const std::vector<double>& values) {
            return *std::ranges::max_element(values);
          });
    }
  }
  Rates best("max");
  best.RunAll(argc, argv);
  PrintRatios(best);
  return 0;
}

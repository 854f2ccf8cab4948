// What streams cost beyond making their rows: what a second worker brings, how near DoGet is to a
// server whose batches are made before, how long the first batch takes, and what compression costs
// where. By the clock on the wall, client and server on the same machine.
#include <arrow/buffer.h>
#include <arrow/flight/client.h>
#include <arrow/flight/server.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/corpus.h"
#include "bench/rates.h"
#include "stellar_arrow/base/cores.h"
#include "stellar_arrow/flight/server.h"
#include "stellar_arrow/stream/compression.h"
#include "stellar_arrow/stream/subscription.h"
#include "stellar_arrow/stream/table_converter.h"

namespace stellar_arrow::bench {
namespace {

namespace af = arrow::flight;
using Clock = std::chrono::steady_clock;
using stream::Compression;

const std::vector<std::string> kFour = {"operations", "stellar_ledger", "transactions",
                                        "ttp_events"};

stream::Subscription::Options OptionsOf(const Corpus& corpus,
                                        const std::vector<std::string>& tables, int threads) {
  stream::Subscription::Options options;
  for (const std::string& table : tables) {
    options.tables.push_back(tables::FindTable(table).ValueOrDie());
    options.columns.emplace_back();
  }
  options.pipeline.range = {kFirst, corpus.last()};
  options.pipeline.network = ledger::Network::FromPassphrase(corpus.passphrase);
  options.pipeline.threads = threads;
  return options;
}

// The four tables in one pass, in order; nobody makes batches of the rows.
void Workers(benchmark::State& state, const Corpus& corpus, int threads) {
  const auto source = corpus.Source();
  pipeline::Options options = OptionsOf(corpus, kFour, threads).pipeline;
  options.pair = true;
  options.make_converter = [&corpus]() -> arrow::Result<std::unique_ptr<pipeline::Converter>> {
    std::vector<std::unique_ptr<tables::TableAppender>> appenders;
    for (const std::string& name : kFour) {
      ARROW_ASSIGN_OR_RAISE(const tables::Table* table, tables::FindTable(name));
      ARROW_ASSIGN_OR_RAISE(
          appenders.emplace_back(),
          table->MakeAppender({{}, corpus.passphrase}, arrow::default_memory_pool()));
    }
    return std::make_unique<stream::TableConverter>(std::move(appenders));
  };
  for (auto _ : state) {
    const auto pipeline = pipeline::Pipeline::Make(*source, options).ValueOrDie();
    size_t ledgers = 0;
    while (pipeline->Next(/*wait=*/true, Clock::time_point::max()).ValueOrDie() ==
           pipeline::Progress::kLedger) {
      ++ledgers;
    }
    if (ledgers != corpus.raw.size()) state.SkipWithError("not all ledgers");
  }
  state.SetBytesProcessed(state.iterations() * corpus.raw_bytes);
}

enum class Place { kWorkers, kWriter };

// The four tables as they are sent, compressed by the workers, or by the thread that would send
// them as Arrow's own writer does it.
void Compressed(benchmark::State& state, const Corpus& corpus, Compression compression,
                Place place) {
  const auto source = corpus.Source();
  const auto ipc = stream::IpcOptionsOf(compression).ValueOrDie();
  int64_t rows = 0;
  int64_t sent = 0;
  for (auto _ : state) {
    auto options = OptionsOf(corpus, kFour, AvailableCores());
    if (place == Place::kWorkers) options.ipc = ipc;
    const auto subscription = stream::Subscription::Make(*source, std::move(options)).ValueOrDie();
    while (const auto batch = subscription->Next().ValueOrDie()) {
      arrow::ipc::IpcPayload payload;
      if (place == Place::kWriter &&
          !arrow::ipc::GetRecordBatchPayload(*batch->rows, ipc, &payload).ok()) {
        state.SkipWithError("not encoded");
      }
      const auto& made = place == Place::kWriter ? payload : *batch->payload;
      rows += made.raw_body_length;
      sent += made.body_length;
    }
  }
  state.SetBytesProcessed(state.iterations() * corpus.raw_bytes);
  state.counters["ratio"] = static_cast<double>(rows) / static_cast<double>(sent);
}

// Batches that were made before, by ticket.
class PreparedService final : public af::FlightServerBase {
 public:
  struct Prepared {
    std::shared_ptr<arrow::Schema> schema;
    std::vector<std::shared_ptr<const arrow::ipc::IpcPayload>> batches;
  };
  std::map<std::string, Prepared> streams;

  arrow::Status DoGet(const af::ServerCallContext&, const af::Ticket& ticket,
                      std::unique_ptr<af::FlightDataStream>* stream) override {
    *stream = std::make_unique<Stream>(streams.at(ticket.ticket));
    return arrow::Status::OK();
  }

 private:
  class Stream final : public af::FlightDataStream {
   public:
    explicit Stream(const Prepared& prepared) : prepared_(prepared), mapper_(*prepared.schema) {}
    std::shared_ptr<arrow::Schema> schema() override { return prepared_.schema; }
    arrow::Result<af::FlightPayload> GetSchemaPayload() override {
      af::FlightPayload payload;
      ARROW_RETURN_NOT_OK(arrow::ipc::GetSchemaPayload(
          *schema(), arrow::ipc::IpcWriteOptions::Defaults(), mapper_, &payload.ipc_message));
      return payload;
    }
    arrow::Result<af::FlightPayload> Next() override {
      af::FlightPayload payload;
      if (next_ < prepared_.batches.size()) payload.ipc_message = *prepared_.batches[next_++];
      return payload;
    }

   private:
    const Prepared& prepared_;
    const arrow::ipc::DictionaryFieldMapper mapper_;
    size_t next_ = 0;
  };
};

// A corpus behind our server, and its batches behind one that has them already.
struct Servers {
  explicit Servers(const Corpus& corpus_of) : corpus(corpus_of), source(corpus.Source()) {
    flight::ServerOptions options;
    options.port = 0;
    options.pipeline.threads = AvailableCores();
    server = flight::Server::Make(*source, budget, options).ValueOrDie();
    serving = std::thread([this] { (void)server->Serve(); });
    for (const std::string& table : kFour) {
      auto& prepared = service.streams[Ticket(table)];
      auto made = OptionsOf(corpus, {table}, 1);
      made.ipc = stream::IpcOptionsOf(Compression::kNone).ValueOrDie();
      const auto subscription = stream::Subscription::Make(*source, std::move(made)).ValueOrDie();
      prepared.schema = subscription->schema(0);
      while (auto batch = subscription->Next().ValueOrDie()) {
        prepared.batches.push_back(std::move(batch->payload));
      }
    }
    const auto any = af::Location::ForGrpcTcp("127.0.0.1", 0).ValueOrDie();
    if (!service.Init(af::FlightServerOptions(any)).ok()) std::abort();
  }
  ~Servers() {
    (void)server->Drain(std::chrono::seconds(1));
    serving.join();
    (void)service.Shutdown();
  }

  std::string Ticket(const std::string& table) const {
    return table + ":" + std::to_string(kFirst) + ":" + std::to_string(corpus.last());
  }
  static std::unique_ptr<af::FlightClient> Connect(int port) {
    return af::FlightClient::Connect(af::Location::ForGrpcTcp("127.0.0.1", port).ValueOrDie())
        .ValueOrDie();
  }

  const Corpus& corpus;
  const std::unique_ptr<support::MemorySource> source;
  PreparedService service;
  memory::Budget budget{int64_t{2} << 30};  // as the program's default
  std::unique_ptr<flight::Server> server;
  std::thread serving;
};

// A client reads a table; counted are the bytes that come over the wire.
void DoGet(benchmark::State& state, const Servers& servers, int port, const std::string& table) {
  const auto client = Servers::Connect(port);
  const std::string ticket = servers.Ticket(table);
  int64_t bytes = 0;
  for (const auto& batch : servers.service.streams.at(ticket).batches) bytes += batch->body_length;
  for (auto _ : state) {
    auto reader = client->DoGet(af::Ticket{ticket});
    arrow::Status status = reader.status();
    for (bool more = status.ok(); more;) {
      const auto chunk = (*reader)->Next();
      status = chunk.status();
      more = chunk.ok() && chunk->data != nullptr;
    }
    if (!status.ok()) state.SkipWithError(status.ToString().c_str());
  }
  state.SetBytesProcessed(state.iterations() * bytes);
}

// From the call to the first batch, in seconds, by table; all repetitions together.
std::map<std::string, std::vector<double>> first_batches;

void FirstBatch(benchmark::State& state, const Servers& servers, const std::string& table) {
  const auto client = Servers::Connect(servers.server->port());
  for (auto _ : state) {
    const auto start = Clock::now();
    const auto reader = client->DoGet(af::Ticket{servers.Ticket(table)});
    const auto first = reader.ok() ? (*reader)->Next() : reader.status();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (!first.ok() || first->data == nullptr) {
      state.SkipWithError("no batch");
      break;
    }
    state.SetIterationTime(seconds);
    first_batches[table].push_back(seconds);
    (*reader)->Cancel();
  }
  state.SetBytesProcessed(state.iterations());  // no rate, but the reporter wants one
}

void PrintRatios(const Rates& best) {
  std::printf("\nratios of the best repetitions\n");
  for (const std::string corpus : {"pubnet", "load_test"}) {
    std::printf("%-10s second worker against one: %.2f\n", corpus.c_str(),
                best.Ratio("Workers/2/" + corpus, "Workers/1/" + corpus));
    for (const std::string& table : kFour) {
      std::printf("%-10s DoGet of %s against batches made before: %.2f\n", corpus.c_str(),
                  table.c_str(),
                  best.Ratio("DoGet/" + table + "/" + corpus, "Prepared/" + table + "/" + corpus));
    }
    for (const Compression compression : stream::kCompressions) {
      const std::string name = std::string(CompressionName(compression)) + "/" + corpus;
      std::printf(
          "%-10s %-4s: %.2f times smaller, rate %.2f of none's; compressed by the writer %.2f\n",
          corpus.c_str(), std::string(CompressionName(compression)).c_str(),
          best.Counter("InWorkers/" + name, "ratio"),
          best.Ratio("InWorkers/" + name, "InWorkers/none/" + corpus),
          best.Ratio("InWriter/" + name, "InWorkers/none/" + corpus));
    }
  }
  for (auto& [table, seconds] : first_batches) {
    std::ranges::sort(seconds);
    const auto percentile = [&seconds = seconds](size_t percent) {
      return seconds[(seconds.size() - 1) * percent / 100] * 1e3;
    };
    std::printf("pubnet     first batch of %s: median %.1f ms, p99 %.1f ms of %zu\n", table.c_str(),
                percentile(50), percentile(99), seconds.size());
  }
}

}  // namespace
}  // namespace stellar_arrow::bench

int main(int argc, char** argv) {
  using namespace stellar_arrow;         // NOLINT: the program's own
  using namespace stellar_arrow::bench;  // NOLINT
  const Servers pubnet(Pubnet());
  const Servers load_test(LoadTest());
  for (const auto& [name, servers] :
       {std::pair("/pubnet", &pubnet), std::pair("/load_test", &load_test)}) {
    const auto add = [name = name](const std::string& what, auto function, auto... arguments) {
      benchmark::RegisterBenchmark((what + name).c_str(), function, arguments...)
          ->UseRealTime()
          // Of the rate; the times in its line are the worst.
          ->ComputeStatistics("max", [](const std::vector<double>& values) {
            return *std::ranges::max_element(values);
          });
    };
    const auto corpus = std::cref(servers->corpus);
    for (const int threads : {1, 2}) {
      add("Workers/" + std::to_string(threads), Workers, corpus, threads);
    }
    for (const Compression compression : stream::kCompressions) {
      const std::string kind(stream::CompressionName(compression));
      add("InWorkers/" + kind, Compressed, corpus, compression, Place::kWorkers);
      add("InWriter/" + kind, Compressed, corpus, compression, Place::kWriter);
    }
    for (const std::string& table : kFour) {
      add("DoGet/" + table, DoGet, std::cref(*servers), servers->server->port(), table);
      add("Prepared/" + table, DoGet, std::cref(*servers), servers->service.port(), table);
    }
  }
  for (const std::string& table : kFour) {
    benchmark::RegisterBenchmark(("FirstBatch/" + table).c_str(), FirstBatch, std::cref(pubnet),
                                 table)
        ->Iterations(50)
        ->UseManualTime();
  }
  Rates best("max");
  best.RunAll(argc, argv);
  PrintRatios(best);
  return 0;
}

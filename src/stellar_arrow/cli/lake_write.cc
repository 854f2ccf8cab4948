// `lake write`: a source's ledgers as a data lake; as they are, or re-linked to a chain of any
// length.
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/cli/commands.h"
#include "stellar_arrow/cli/progress.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/ledger/relink.h"
#include "stellar_arrow/source/lake_writer.h"

namespace stellar_arrow::cli {
namespace {

struct Span {
  std::optional<uint32_t> first, last;
};

void PrintSummary(const Span& written, const source::LakeWriter::Counters& counters,
                  const LakeWriteArguments& arguments,
                  std::chrono::steady_clock::time_point start) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (arguments.json) {
    nlohmann::ordered_json json;
    json["first"] = nullptr;
    json["last"] = nullptr;
    if (written.first) json["first"] = *written.first;
    if (written.last) json["last"] = *written.last;
    json["ledgers"] = counters.ledgers;
    json["objects"] = counters.objects;
    json["objects_kept"] = counters.objects_kept;
    json["bytes_raw"] = counters.bytes_raw;
    json["bytes_compressed"] = counters.bytes_compressed;
    json["seconds"] = seconds;
    std::printf("%s\n", json.dump().c_str());
  } else if (!arguments.quiet) {
    std::fprintf(
        stderr, "%s: ledgers %u to %u in %lld objects (%lld were there), %.1f MB, in %.2f s\n",
        arguments.output.c_str(), *written.first, *written.last,
        static_cast<long long>(counters.objects), static_cast<long long>(counters.objects_kept),
        static_cast<double>(counters.bytes_compressed) / 1e6, seconds);
  }
}

}  // namespace

arrow::Status LakeWrite(const LakeWriteArguments& arguments, const Settings& settings) {
  const auto start = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenSource(settings));
  ARROW_ASSIGN_OR_RAISE(const source::Extent extent, source->GetExtent());
  ARROW_ASSIGN_OR_RAISE(pipeline::Options options, PipelineOptionsOf(settings));
  const bool relink = arguments.repeat || arguments.start;
  options.range.first = extent.first.value_or(0);
  options.range.last = extent.newest;
  options.gaps = relink ? source::GapPolicy::kSkip : source::GapPolicy::kFail;

  source::LakeWriter::Options lake;
  lake.ledgers_per_file = arguments.ledgers_per_file;
  lake.files_per_partition = arguments.files_per_partition;
  lake.compression_level = arguments.compression_level;
  lake.threads = options.threads;
  lake.max_object_bytes = options.max_object_bytes;
  ARROW_ASSIGN_OR_RAISE(const auto writer, source::LakeWriter::Open(arguments.output, lake));
  // What the lake is of, its further ledgers must be of too.
  if (!options.network && writer->passphrase()) {
    options.network = ledger::Network::FromPassphrase(*writer->passphrase());
    options.network_origin = Concat("the manifest of ", arguments.output);
  }

  const uint32_t repeat = arguments.repeat.value_or(1);
  std::optional<int64_t> total;
  if (extent.first && extent.newest) {
    total = (int64_t{*extent.newest} - *extent.first + 1) * repeat;
  }
  ProgressBar progress("lake write", total, arguments.quiet);
  std::optional<ledger::Relinker> relinker;
  bool network_known = false;
  int64_t bytes = 0;
  Span written;

  // One pass over the source, or as much of it as fills up the last object.
  const auto take_all = [&](bool fill_up) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto pipeline, pipeline::Pipeline::Make(*source, options));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const pipeline::Progress step, pipeline->Next(!extent.grows));
      if (step != pipeline::Progress::kLedger) return arrow::Status::OK();
      if (!network_known && pipeline->network()) {
        ARROW_RETURN_NOT_OK(writer->SetNetwork(pipeline->network()->passphrase));
        network_known = true;
      }
      const ledger::Ledger& ledger = pipeline->ledger();
      ledger::Relinked next{ledger.sequence(), ledger.wire()};
      if (relink) {
        if (!relinker) relinker.emplace(arguments.start.value_or(ledger.sequence()));
        ARROW_ASSIGN_OR_RAISE(next, relinker->Next(ledger));
      }
      ARROW_RETURN_NOT_OK(writer->Add(next.sequence, next.wire));
      if (!written.first) written.first = next.sequence;
      written.last = next.sequence;
      bytes += static_cast<int64_t>(next.wire.size());
      progress.Update(writer->counters().ledgers, bytes);
      if (fill_up && !writer->inside_object()) return arrow::Status::OK();
    }
  };
  for (uint64_t i = 0; i < repeat || (arguments.repeat && writer->inside_object()); ++i) {
    const int64_t before = writer->counters().ledgers;
    ARROW_RETURN_NOT_OK(take_all(/*fill_up=*/i >= repeat));
    if (writer->counters().ledgers != before) continue;
    if (i == 0) return Error(ErrorCode::kOutOfRange, source->name(), " has no ledgers");
    return Error(ErrorCode::kFailedPrecondition, source->name(),
                 " can be read only once; to repeat its ledgers, write them to a lake first");
  }
  progress.Clear();
  ARROW_RETURN_NOT_OK(writer->Finish());
  if (!network_known) {
    return Error(ErrorCode::kFailedPrecondition, arguments.output,
                 " has no manifest yet: no ledger has transactions by which a known network shows; "
                 "name it with --network, and write again");
  }
  PrintSummary(written, writer->counters(), arguments, start);
  return arrow::Status::OK();
}

}  // namespace stellar_arrow::cli

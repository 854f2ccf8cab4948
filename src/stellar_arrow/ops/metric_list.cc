#include "stellar_arrow/ops/metric_list.h"

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::ops {
namespace {

using enum MetricKind;

// clang-format off
constexpr Metric kMetrics[] = {
    // Those of the original service, without labels as there.
    {"ledgers_processed_total", kCounter, "Ledgers that streams have taken in, in order and proven"},
    {"records_streamed_total", kCounter, "Rows handed to the transport"},
    {"bytes_transferred_total", kCounter, "Bytes of record batches and raw ledgers handed to the transport, as they are sent"},
    {"errors_total", kCounter, "Calls refused and streams ended with an error; not those that clients cancel or that end with the server"},
    {"active_connections", kGauge, "Streams that run"},
    {"memory_usage_bytes", kGauge, "Bytes that streams hold: fetched, unzipped and as rows"},
    {"batch_size", kGauge, "Most rows in a record batch (batch-size)"},
    {"processing_duration_seconds", kHistogram, "Time to unzip, check, verify and convert a ledger; the ledgers of one object share its unzipping evenly", {}, 0.001},
    {"batch_duration_seconds", kHistogram, "Time to put a record batch together, encode and compress it", {}, 0.0001},
    {"xdr_conversion_duration_seconds", kHistogram, "Time to turn a ledger's checked XDR into rows", {}, 0.00001},
    {"stream_duration_seconds", kHistogram, "Time from a stream's begin to its end", {}, 1},
    {"record_size_bytes", kSummary, "Bytes a row, uncompressed: each record batch counts once, with its mean"},
    // Ours.
    {"head_ledger", kGauge, "Newest ledger that the source is known to have"},
    {"head_lag_seconds", kGauge, "Time since the head ledger closed; only where a source can grow and is not made up"},
    {"source_up", kGauge, "1 where the source answers, 0 where it answered its last question with an error, or not for 15 s"},
    {"ready", kGauge, "1 where /ready says 200, 0 where it says 503"},
    {"last_ledger", kGauge, "Greatest ledger that a stream has taken in"},
    {"rows_total", kCounter, "Rows handed to the transport, by table", "table"},
    {"failures_total", kCounter, "What errors_total counts, by the error's code", "reason"},
    {"gaps_total", kCounter, "Streams ended because a ledger is missing"},
    {"verify_failures_total", kCounter, "Streams ended because a ledger cannot be read, or is not what its hashes say"},
    {"skipped_ledgers_total", kCounter, "Ledgers left out of a stream; always 0, as a stream ends instead"},
    {"retries_total", kCounter, "Requests of a source that were made again, by source and reason: timeout, reset, refused, io, other", "source, reason"},
    {"breaker_state", kGauge, "Whether a source is asked: 0 as ever (closed), 1 once to see (half-open), 2 not for now (open)", "source"},
    {"checkpoint_age_seconds", kGauge, "Time since the oldest of the checkpoints in use moved"},
    {"compressed_bytes_total", kCounter, "Bytes of record batches' buffers as they are sent, by codec", "codec"},
    {"uncompressed_bytes_total", kCounter, "Bytes of the same buffers before they were compressed, by codec", "codec"},
    {"build_info", kGauge, "Always 1; the label tells the program's version", "version"},
};
// clang-format on

std::string_view KindName(MetricKind kind) {
  switch (kind) {
    case kCounter:
      return "counter";
    case kGauge:
      return "gauge";
    case kHistogram:
      return "histogram";
    case kSummary:
      return "summary";
  }
  return "";
}

std::string DetailsOf(const Metric& metric) {
  switch (metric.kind) {
    case kCounter:
    case kGauge:
      return metric.labels.empty() ? "" : Concat("by ", metric.labels);
    case kHistogram:
      return Concat(kBuckets, " buckets, doubling from ", metric.first_bucket, " s");
    case kSummary:
      return Concat("quantiles ", kQuantiles[0], ", ", kQuantiles[1], ", ", kQuantiles[2]);
  }
  return "";
}

}  // namespace

std::span<const Metric> AllMetrics() { return kMetrics; }

std::string MetricsPage() {
  std::string page =
      "# Metrics\n\n"
      "`serve` tells them at `/metrics` of `--metrics-port` (9090) and `--health-port` (8088), in\n"
      "Prometheus's text format. They change while streams run: once a ledger and once a record\n"
      "batch, never once a row. What clients send never becomes a label. This page is what\n"
      "`stellar-arrow-source metrics` prints.\n\n"
      "| name | kind | meaning | |\n| --- | --- | --- | --- |\n";
  for (const Metric& metric : kMetrics) {
    page += Concat("| `", kMetricPrefix, metric.name, "` | ", KindName(metric.kind), " | ",
                   metric.help, " | ", DetailsOf(metric), " |\n");
  }
  return page;
}

}  // namespace stellar_arrow::ops

#include "stellar_arrow/ops/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ops/metric_list.h"

namespace stellar_arrow::ops {
namespace {

double Seconds(std::chrono::duration<double> duration) { return duration.count(); }

prometheus::Histogram::BucketBoundaries BucketsOf(const Metric& metric) {
  prometheus::Histogram::BucketBoundaries bounds;
  double bound = metric.first_bucket;
  for (size_t i = 0; i < kBuckets; ++i, bound *= 2) bounds.push_back(bound);
  return bounds;
}

// Quantiles are of so long, and forget it in so many parts; a value costs time in each.
constexpr std::chrono::milliseconds kQuantileAge{60'000};
constexpr int kQuantileParts = 2;

prometheus::Summary::Quantiles SummaryQuantiles() {
  prometheus::Summary::Quantiles quantiles;
  // The nearer to the end, the more exact.
  for (const double quantile : kQuantiles) quantiles.emplace_back(quantile, (1 - quantile) / 10);
  return quantiles;
}

// Registers metrics by their names, with what the list says of them.
class Listed {
 public:
  explicit Listed(prometheus::Registry& registry) : registry_(registry) {}

  prometheus::Family<prometheus::Counter>& Counters(std::string_view name) {
    return Register<prometheus::Counter>(prometheus::BuildCounter(), Find(name));
  }
  prometheus::Family<prometheus::Gauge>& Gauges(std::string_view name) {
    return Register<prometheus::Gauge>(prometheus::BuildGauge(), Find(name));
  }
  prometheus::Counter& Counter(std::string_view name) { return Counters(name).Add({}); }
  prometheus::Gauge& Gauge(std::string_view name) { return Gauges(name).Add({}); }
  prometheus::Histogram& Histogram(std::string_view name) {
    const Metric& metric = Find(name);
    return Register<prometheus::Histogram>(prometheus::BuildHistogram(), metric)
        .Add({}, BucketsOf(metric));
  }
  prometheus::Summary& Summary(std::string_view name) {
    return Register<prometheus::Summary>(prometheus::BuildSummary(), Find(name))
        .Add({}, SummaryQuantiles(), kQuantileAge, kQuantileParts);
  }

 private:
  static const Metric& Find(std::string_view name) {
    const auto found = std::ranges::find(AllMetrics(), name, &Metric::name);
    assert(found != AllMetrics().end());
    return *found;
  }

  template <typename Kind, typename Builder>
  prometheus::Family<Kind>& Register(Builder builder, const Metric& metric) {
    return builder.Name(Concat(kMetricPrefix, metric.name))
        .Help(std::string(metric.help))
        .Register(registry_);
  }

  prometheus::Registry& registry_;
};

template <typename Kind>
Kind& Labelled(prometheus::Family<Kind>& family, const char* label, std::string_view value) {
  return family.Add({{label, std::string(value)}});
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  Listed listed{registry};

  prometheus::Counter& ledgers = listed.Counter("ledgers_processed_total");
  prometheus::Counter& records = listed.Counter("records_streamed_total");
  prometheus::Counter& bytes = listed.Counter("bytes_transferred_total");
  prometheus::Counter& errors = listed.Counter("errors_total");
  prometheus::Gauge& streams = listed.Gauge("active_connections");
  prometheus::Gauge& memory = listed.Gauge("memory_usage_bytes");
  prometheus::Gauge& batch_size = listed.Gauge("batch_size");
  prometheus::Histogram& processing = listed.Histogram("processing_duration_seconds");
  prometheus::Histogram& batch_making = listed.Histogram("batch_duration_seconds");
  prometheus::Histogram& conversion = listed.Histogram("xdr_conversion_duration_seconds");
  prometheus::Histogram& stream = listed.Histogram("stream_duration_seconds");
  prometheus::Summary& record_size = listed.Summary("record_size_bytes");

  prometheus::Gauge& head = listed.Gauge("head_ledger");
  // Without a value while there is none.
  prometheus::Family<prometheus::Gauge>& head_lag = listed.Gauges("head_lag_seconds");
  prometheus::Family<prometheus::Gauge>& source_up = listed.Gauges("source_up");
  prometheus::Gauge& ready = listed.Gauge("ready");
  prometheus::Gauge& last = listed.Gauge("last_ledger");
  prometheus::Family<prometheus::Counter>& rows = listed.Counters("rows_total");
  prometheus::Family<prometheus::Counter>& failures = listed.Counters("failures_total");
  prometheus::Counter& gaps = listed.Counter("gaps_total");
  prometheus::Counter& verify_failures = listed.Counter("verify_failures_total");
  prometheus::Counter& skipped = listed.Counter("skipped_ledgers_total");
  // Without values until a source is asked again, or a checkpoint is in use.
  prometheus::Family<prometheus::Counter>& retries = listed.Counters("retries_total");
  prometheus::Family<prometheus::Gauge>& breakers = listed.Gauges("breaker_state");
  prometheus::Family<prometheus::Gauge>& checkpoint_age = listed.Gauges("checkpoint_age_seconds");
  prometheus::Family<prometheus::Counter>& compressed = listed.Counters("compressed_bytes_total");
  prometheus::Family<prometheus::Counter>& uncompressed =
      listed.Counters("uncompressed_bytes_total");
  prometheus::Family<prometheus::Gauge>& build = listed.Gauges("build_info");
};

Metrics::Metrics(int64_t batch_rows, std::string_view version)
    : families_(std::make_unique<Families>()) {
  families_->batch_size.Set(static_cast<double>(batch_rows));
  Labelled(families_->build, "version", version).Set(1);
  // From 0 on, so that the first of a kind is seen as a rise.
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (code != ErrorCode::kCancelled) Labelled(families_->failures, "reason", ErrorCodeName(code));
  }
}

Metrics::~Metrics() = default;

void Metrics::StreamBegan() { families_->streams.Increment(); }

void Metrics::StreamEnded(Duration duration) {
  families_->streams.Decrement();
  families_->stream.Observe(Seconds(duration));
}

void Metrics::Failed(const arrow::Status& status) {
  families_->errors.Increment();
  Labelled(families_->failures, "reason", ErrorCodeName(CodeOf(status))).Increment();
  if (CodeOf(status) != ErrorCode::kDataLoss) return;
  const ErrorDetail* detail = DetailOf(status);
  (detail != nullptr && detail->gap() ? families_->gaps : families_->verify_failures).Increment();
}

void Metrics::LedgerPassed(const Ledger& ledger) {
  families_->ledgers.Increment();
  families_->processing.Observe(Seconds(ledger.processing));
  families_->conversion.Observe(Seconds(ledger.conversion));
  uint32_t last = last_ledger_;
  while (last < ledger.sequence && !last_ledger_.compare_exchange_weak(last, ledger.sequence)) {
  }
}

void Metrics::RawLedgerSent(int64_t bytes) {
  families_->bytes.Increment(static_cast<double>(bytes));
}

void Metrics::BatchSent(const Batch& batch) {
  const auto rows = static_cast<double>(batch.rows);
  families_->records.Increment(rows);
  Labelled(families_->rows, "table", batch.table).Increment(rows);
  families_->bytes.Increment(static_cast<double>(batch.bytes));
  Labelled(families_->compressed, "codec", batch.codec)
      .Increment(static_cast<double>(batch.compressed));
  Labelled(families_->uncompressed, "codec", batch.codec)
      .Increment(static_cast<double>(batch.uncompressed));
  families_->batch_making.Observe(Seconds(batch.making));
  if (batch.rows > 0) {
    families_->record_size.Observe(static_cast<double>(batch.uncompressed) / rows);
  }
}

void Metrics::Retried(std::string_view source, std::string_view reason, int64_t times) {
  families_->retries.Add({{"source", std::string(source)}, {"reason", std::string(reason)}})
      .Increment(static_cast<double>(times));
}

void Metrics::SetBreaker(std::string_view source, Breaker state) {
  Labelled(families_->breakers, "source", source).Set(static_cast<double>(state));
}

void Metrics::SetMemory(std::function<int64_t()> bytes) {
  const std::lock_guard lock(mutex_);
  memory_bytes_ = std::move(bytes);
}

void Metrics::SetCheckpointAge(std::function<std::optional<Duration>()> age) {
  const std::lock_guard lock(mutex_);
  checkpoint_age_ = std::move(age);
}

std::string Metrics::Text(const State& state) {
  const uint32_t last = last_ledger_;
  families_->last.Set(last);
  // What a pipe has is known by what has come out of it.
  families_->head.Set(std::max(state.head_ledger.value_or(0), last));
  if (state.lag) families_->head_lag.Add({}).Set(Seconds(*state.lag));
  families_->ready.Set(ReasonsNotReady(state).empty() ? 1 : 0);
  if (!state.source.empty()) families_->source_up.Add({}).Set(SourceAnswers(state) ? 1 : 0);
  {
    const std::lock_guard lock(mutex_);
    const auto age = checkpoint_age_ ? checkpoint_age_() : std::nullopt;
    if (age) families_->checkpoint_age.Add({}).Set(Seconds(*age));
    if (memory_bytes_) families_->memory.Set(static_cast<double>(memory_bytes_()));
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace stellar_arrow::ops

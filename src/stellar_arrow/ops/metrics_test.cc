#include "stellar_arrow/ops/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <sstream>
#include <string>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ops/metric_list.h"

namespace stellar_arrow::ops {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

// The first word of each line that is no comment.
std::set<std::string> SeriesIn(const std::string& text) {
  std::set<std::string> series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line[0] != '#') series.insert(line.substr(0, line.rfind(' ')));
  }
  return series;
}

std::set<std::string> FamiliesIn(const std::string& text) {
  std::set<std::string> families;
  std::istringstream lines(text);
  const std::string mark = Concat("# HELP ", kMetricPrefix);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(mark)) continue;
    line.erase(0, mark.size());
    families.insert(line.substr(0, line.find(' ')));
  }
  return families;
}

// Of a server whose source's newest ledger is 7, closed 100 s ago.
State Now() {
  State state;
  state.listening = true;
  state.source = "lake";
  state.head_ledger = 7;
  state.lag = seconds(100);
  return state;
}

Metrics::Batch Sent() {
  return {.table = "operations",
          .codec = "lz4",
          .rows = 10,
          .bytes = 500,
          .compressed = 400,
          .uncompressed = 1000,
          .making = milliseconds(2)};
}

TEST(Metrics, AreAllThoseListedOnceTheirPartsTellThem) {
  Metrics metrics(1000, "1.2.3");
  metrics.BatchSent(Sent());
  metrics.Failed(Error(ErrorCode::kNotFound, "x"));
  metrics.Retried("lake", "timeout", 2);
  metrics.SetBreaker("lake", Metrics::Breaker::kOpen);
  metrics.SetCheckpointAge([] { return seconds(3); });
  std::set<std::string> listed;
  for (const Metric& metric : AllMetrics()) listed.emplace(metric.name);
  EXPECT_EQ(FamiliesIn(metrics.Text(Now())), listed);
}

TEST(Metrics, InventNothing) {
  const std::string text = Metrics(1000, "1.2.3").Text(State());
  for (const char* name : {"head_lag_seconds", "retries_total", "breaker_state",
                           "checkpoint_age_seconds", "rows_total", "source_up"}) {
    EXPECT_FALSE(FamiliesIn(text).contains(name)) << name;
  }
  EXPECT_THAT(text, HasSubstr("\nstellar_arrow_skipped_ledgers_total 0\n"));
  EXPECT_THAT(text, HasSubstr("\nstellar_arrow_batch_size 1000\n"));
  EXPECT_THAT(text, HasSubstr("\nstellar_arrow_build_info{version=\"1.2.3\"} 1\n"));
}

TEST(Metrics, CountWhatTheyAreTold) {
  Metrics metrics(1000, "1");
  metrics.StreamBegan();
  metrics.StreamBegan();
  metrics.StreamEnded(seconds(3));
  metrics.LedgerPassed({7, milliseconds(3), microseconds(15)});
  metrics.LedgerPassed({5, milliseconds(30), microseconds(15)});
  metrics.BatchSent(Sent());
  metrics.BatchSent(Sent());
  metrics.SetMemory([] { return 12345; });
  const std::string text = metrics.Text(Now());
  for (const char* line :
       {"active_connections 1", "stream_duration_seconds_sum 3", "ledgers_processed_total 2",
        "last_ledger 7", "head_ledger 7", "processing_duration_seconds_bucket{le=\"0.004\"} 1",
        "processing_duration_seconds_bucket{le=\"0.512\"} 2",
        "xdr_conversion_duration_seconds_bucket{le=\"2e-05\"} 2", "records_streamed_total 20",
        "bytes_transferred_total 1000", "rows_total{table=\"operations\"} 20",
        "compressed_bytes_total{codec=\"lz4\"} 800", "uncompressed_bytes_total{codec=\"lz4\"} 2000",
        "record_size_bytes_sum 200", "record_size_bytes{quantile=\"0.99\"} 100",
        "batch_duration_seconds_bucket{le=\"0.0016\"} 0",
        "batch_duration_seconds_bucket{le=\"0.0032\"} 2", "memory_usage_bytes 12345"}) {
    EXPECT_THAT(text, HasSubstr(Concat("\n", kMetricPrefix, line, "\n")));
  }
}

TEST(Metrics, TellGapsFromLedgersThatAreWrong) {
  Metrics metrics(1000, "1");
  metrics.Failed(WithContext(GapError(5, "ledger 5 is missing"), "lake"));
  metrics.Failed(LedgerError(ErrorCode::kDataLoss, 6, "ledger 6: wrong hash"));
  metrics.Failed(LedgerError(ErrorCode::kDataLoss, 7, "ledger 7: wrong hash"));
  metrics.Failed(Error(ErrorCode::kResourceExhausted, "no memory"));
  const std::string text = metrics.Text(Now());
  for (const char* line : {"gaps_total 1", "verify_failures_total 2", "errors_total 4",
                           "failures_total{reason=\"DATA_LOSS\"} 3",
                           "failures_total{reason=\"RESOURCE_EXHAUSTED\"} 1"}) {
    EXPECT_THAT(text, HasSubstr(Concat("\n", kMetricPrefix, line, "\n")));
  }
}

TEST(Metrics, HaveNoMoreSeriesHoweverManyThingsFail) {
  Metrics metrics(1000, "1");
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    metrics.Failed(Error(static_cast<ErrorCode>(code), "x"));
  }
  const auto series = SeriesIn(metrics.Text(Now()));
  for (int i = 0; i < 10'000; ++i) {
    metrics.Failed(Error(ErrorCode::kInvalidArgument, "\r\n\x1b[31m", i));
  }
  EXPECT_EQ(SeriesIn(metrics.Text(Now())), series);
  EXPECT_LT(series.size(), 200u);
}

TEST(Metrics, SayWhatHealthSays) {
  Metrics metrics(1000, "1");
  State state = Now();
  EXPECT_THAT(metrics.Text(state), AllOf(HasSubstr("\nstellar_arrow_head_lag_seconds 100\n"),
                                         HasSubstr("\nstellar_arrow_head_ledger 7\n"),
                                         HasSubstr("\nstellar_arrow_source_up 1\n"),
                                         HasSubstr("\nstellar_arrow_ready 1\n")));
  state.source_error = "gone";
  EXPECT_THAT(metrics.Text(state), AllOf(HasSubstr("\nstellar_arrow_source_up 0\n"),
                                         HasSubstr("\nstellar_arrow_ready 0\n")));
  state.source_error.clear();
  state.draining = true;
  EXPECT_THAT(metrics.Text(state), AllOf(HasSubstr("\nstellar_arrow_source_up 1\n"),
                                         HasSubstr("\nstellar_arrow_ready 0\n")));
  // What streams have had is there, though the source was asked before.
  metrics.LedgerPassed({9, milliseconds(3), microseconds(15)});
  EXPECT_THAT(metrics.Text(state), HasSubstr("\nstellar_arrow_head_ledger 9\n"));
}

}  // namespace
}  // namespace stellar_arrow::ops

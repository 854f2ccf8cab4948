// The one list of metrics. Registration (metrics.cc) and the reference page derive from it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace stellar_arrow::ops {

// All names begin with it; dashboards of the original service know it.
inline constexpr std::string_view kMetricPrefix = "stellar_arrow_";

enum class MetricKind { kCounter, kGauge, kHistogram, kSummary };

struct Metric {
  std::string_view name;  // behind the prefix
  MetricKind kind;
  std::string_view help;
  std::string_view labels = {};  // their names, with ", " between
  double first_bucket = 0;       // of a histogram: upper bound of the first bucket, in seconds
};

// A histogram's buckets; each goes up to twice the one before.
inline constexpr size_t kBuckets = 10;
inline constexpr std::array kQuantiles = {0.5, 0.9, 0.99};  // of a summary

std::span<const Metric> AllMetrics();

// docs/metrics.md.
std::string MetricsPage();

}  // namespace stellar_arrow::ops

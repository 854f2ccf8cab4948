#include "bench/rates.h"

#include <unistd.h>

#include <utility>
#include <vector>

namespace stellar_arrow::bench {

Rates::Rates(std::string kept)
    : ConsoleReporter(::isatty(STDOUT_FILENO) != 0 ? OO_ColorTabular : OO_Tabular),
      kept_(std::move(kept)) {}

void Rates::RunAll(int argc, char** argv) {
  std::vector<std::string> arguments = {
      argv[0], "--benchmark_repetitions=9", "--benchmark_enable_random_interleaving=true",
      "--benchmark_report_aggregates_only=true", "--benchmark_min_time=0.1"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  benchmark::RunSpecifiedBenchmarks(this);
}

void Rates::ReportRuns(const std::vector<Run>& runs) {
  ConsoleReporter::ReportRuns(runs);
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Aggregate || run.aggregate_name != kept_) continue;
    rates_[run.run_name.function_name] = run.counters.at("bytes_per_second").value;
    counters_[run.run_name.function_name] = run.counters;
  }
}

double Rates::Ratio(const std::string& one, const std::string& other) const {
  const auto above = rates_.find(one);
  const auto below = rates_.find(other);
  return above == rates_.end() || below == rates_.end() ? 0 : above->second / below->second;
}

double Rates::Counter(const std::string& name, const std::string& counter) const {
  const auto counters = counters_.find(name);
  if (counters == counters_.end()) return 0;
  const auto found = counters->second.find(counter);
  return found == counters->second.end() ? 0 : found->second.value;
}

}  // namespace stellar_arrow::bench

// Runs benchmarks so that their rates can be held against each other. Machines are noisy, so ratios
// of one run count, not the rates.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>

namespace stellar_arrow::bench {

// Prints what the console reporter prints.
class Rates final : public benchmark::ConsoleReporter {
 public:
  // What is kept of repetitions: "median", or "max", the best, where the clock on the wall counts
  // and others on the machine do, too.
  explicit Rates(std::string kept);

  // Runs all that is registered, in interleaved repetitions: a slow minute of the machine hits all
  // alike.
  void RunAll(int argc, char** argv);

  // Bytes per second by name, of those that ran.
  const std::map<std::string, double>& rates() const { return rates_; }
  // One over the other; 0 where one of them did not run.
  double Ratio(const std::string& one, const std::string& other) const;
  // A counter of a benchmark; 0 where it did not run.
  double Counter(const std::string& name, const std::string& counter) const;

 private:
  void ReportRuns(const std::vector<Run>& runs) override;

  const std::string kept_;
  std::map<std::string, double> rates_;
  std::map<std::string, benchmark::UserCounters> counters_;
};

}  // namespace stellar_arrow::bench

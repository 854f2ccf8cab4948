// What several sources have that stand in for each other, as they said last.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "stellar_arrow/source/composite_source.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::source {

// The sources, each with a thread that asks it now and then what it has. So no stream waits for
// the answer of a source that it does not read, and one that is down is found up again.
// Thread-safe.
class SourceParts {
 public:
  // Who is told when something has been heard of a source.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void HasHeard() = 0;
  };

  // Returns when all have answered, or given up, for the first time. Throws std::system_error.
  SourceParts(std::vector<std::unique_ptr<LedgerSource>> sources, const CompositeTimes& times);
  ~SourceParts();
  SourceParts(const SourceParts&) = delete;
  SourceParts& operator=(const SourceParts&) = delete;

  const CompositeTimes& times() const { return times_; }
  size_t size() const { return sources_.size(); }
  LedgerSource& at(size_t i) const { return *sources_[i]; }

  // What it said last. Errors: its own; UNAVAILABLE where it has been silent since for too long.
  arrow::Result<Extent> Heard(size_t i) const;

  bool IsDown(size_t i) const;

  // Those that answer first, else as they were named.
  std::vector<size_t> InOrder() const;

  void Add(Listener* listener);
  void Remove(Listener* listener);

 private:
  arrow::Result<Extent> AnswerOf(size_t i, const std::stop_token& stop) const;
  void Ask(size_t i, const std::stop_token& stop);

  const CompositeTimes times_;
  const std::vector<std::unique_ptr<LedgerSource>> sources_;
  mutable std::mutex mutex_;
  std::condition_variable one_answered_;
  std::vector<arrow::Result<Extent>> heard_;
  std::vector<std::chrono::steady_clock::time_point> when_;
  size_t answered_ = 0;  // how many have, or given up
  std::mutex listeners_mutex_;
  std::set<Listener*> listeners_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace stellar_arrow::source

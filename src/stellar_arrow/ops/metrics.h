// What the server counts, for Prometheus. Told of ledgers, batches and streams by those who have
// them; knows nothing else of them. Thread-safe.
#pragma once

#include <arrow/status.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "stellar_arrow/ops/health.h"

namespace stellar_arrow::ops {

class Metrics {
 public:
  using Duration = std::chrono::nanoseconds;

  // `batch_rows` and `version` are told as they are.
  Metrics(int64_t batch_rows, std::string_view version);
  ~Metrics();

  void StreamBegan();
  void StreamEnded(Duration duration);
  // A call or a stream has failed with `status`.
  void Failed(const arrow::Status& status);

  // A ledger has passed into a stream.
  struct Ledger {
    uint32_t sequence = 0;
    Duration processing{};
    Duration conversion{};  // part of `processing`
  };
  void LedgerPassed(const Ledger& ledger);

  // A batch has been handed to the transport. `table` and `codec` become labels.
  struct Batch {
    std::string_view table;
    std::string_view codec;
    int64_t rows = 0;
    int64_t bytes = 0;         // all of it, as sent
    int64_t compressed = 0;    // its buffers, as sent
    int64_t uncompressed = 0;  // the same before that
    Duration making{};
  };
  void BatchSent(const Batch& batch);
  // A ledger of `bytes` has been handed to the transport as it is.
  void RawLedgerSent(int64_t bytes);

  // Requests of a source were made again, `times` more. `source` and `reason` become labels: a
  // source's name as the user gave it, one of a few words.
  void Retried(std::string_view source, std::string_view reason, int64_t times);
  enum class Breaker { kClosed = 0, kHalfOpen = 1, kOpen = 2 };
  void SetBreaker(std::string_view source, Breaker state);

  // How to find out what memory_usage_bytes is; asked for each Text().
  void SetMemory(std::function<int64_t()> bytes);

  // How to find out what checkpoint_age_seconds is; nullopt while there is no checkpoint.
  void SetCheckpointAge(std::function<std::optional<Duration>()> age);

  // All of it, in Prometheus's text format. What `state` tells is told as it is there.
  std::string Text(const State& state);

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
  std::atomic<uint32_t> last_ledger_ = 0;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::function<int64_t()> memory_bytes_;
  std::function<std::optional<Duration>()> checkpoint_age_;
};

// A stream that runs from here on, to the end of this. Null metrics count nothing.
class RunningStream {
 public:
  explicit RunningStream(Metrics* metrics) : metrics_(metrics) {
    if (metrics_ != nullptr) metrics_->StreamBegan();
  }
  ~RunningStream() {
    if (metrics_ != nullptr) metrics_->StreamEnded(std::chrono::steady_clock::now() - began_);
  }
  RunningStream(const RunningStream&) = delete;
  RunningStream& operator=(const RunningStream&) = delete;

 private:
  Metrics* const metrics_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace stellar_arrow::ops

// Asks a source time and again what it has, for health and metrics, whether streams run or not.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <thread>

#include "stellar_arrow/ops/health.h"
#include "stellar_arrow/ops/metrics.h"
#include "stellar_arrow/source/source.h"

namespace stellar_arrow::cli {

class SourceWatch {
 public:
  // Asks for the first time before it returns. All must outlive it.
  SourceWatch(source::LedgerSource& source, int64_t max_object_bytes, ops::Health& health,
              ops::Metrics& metrics);

 private:
  struct Head {
    uint32_t ledger;
    ops::Health::SystemTime closed;
  };

  void Run(const std::stop_token& stop);
  void Ask(const std::stop_token& stop);
  void CountRetries(const source::LedgerSource& part);
  // Errors: UNAVAILABLE while it is not given.
  arrow::Result<ops::Health::SystemTime> ClosedAt(uint32_t ledger, const std::stop_token& stop);

  source::LedgerSource& source_;
  const int64_t max_object_bytes_;
  ops::Health& health_;
  ops::Metrics& metrics_;
  std::map<const source::LedgerSource*, source::RetryCounts> retries_;  // that were counted
  std::optional<uint32_t> newest_;                                      // that it ever said it had
  int tries_left_ = 0;        // to find out when newest_ closed
  std::optional<Head> head_;  // the newest ledger whose time is known
  std::jthread thread_;       // last: it uses all of the above
};

}  // namespace stellar_arrow::cli

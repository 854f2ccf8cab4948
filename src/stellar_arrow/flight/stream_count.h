// What the metrics are told of one stream.
#pragma once

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>

#include <chrono>
#include <string_view>

#include "stellar_arrow/ops/metrics.h"
#include "stellar_arrow/stream/compression.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::flight {

class StreamCount {
 public:
  // Null metrics count nothing. `table` must outlive the count.
  StreamCount(ops::Metrics* metrics, std::string_view table, stream::Compression compression)
      : metrics_(metrics), table_(table), codec_(stream::CompressionName(compression)) {
    if (metrics_ != nullptr) metrics_->StreamBegan();
  }
  ~StreamCount() {
    if (metrics_ != nullptr) metrics_->StreamEnded(std::chrono::steady_clock::now() - began_);
  }
  StreamCount(const StreamCount&) = delete;
  StreamCount& operator=(const StreamCount&) = delete;

  void Sent(const stream::Batch& batch) {
    if (metrics_ == nullptr) return;
    const arrow::ipc::IpcPayload& payload = *batch.payload;
    metrics_->BatchSent({table_, codec_, batch.rows->num_rows(),
                         payload.metadata->size() + payload.body_length, payload.body_length,
                         payload.raw_body_length, batch.making});
  }
  void Failed(const arrow::Status& status) {
    if (metrics_ != nullptr) metrics_->Failed(status);
  }

 private:
  ops::Metrics* const metrics_;
  const std::string_view table_;
  const std::string_view codec_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace stellar_arrow::flight

// What the metrics are told of one stream.
#pragma once

#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>

#include <string_view>

#include "stellar_arrow/ops/metrics.h"
#include "stellar_arrow/stream/compression.h"
#include "stellar_arrow/stream/subscription.h"

namespace stellar_arrow::flight {

class StreamCount {
 public:
  // Null metrics count nothing. `table` must outlive the count.
  StreamCount(ops::Metrics* metrics, std::string_view table, stream::Compression compression)
      : metrics_(metrics),
        table_(table),
        codec_(stream::CompressionName(compression)),
        running_(metrics) {}

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
  const ops::RunningStream running_;
};

}  // namespace stellar_arrow::flight

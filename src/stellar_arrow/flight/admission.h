// How many streams run at once, in total and for one peer. Knows no stream.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace stellar_arrow::flight {

struct AdmissionLimits {
  uint64_t streams = 512;
  uint64_t streams_per_peer = 64;
};

// Thread-safe.
class Admission {
 public:
  explicit Admission(AdmissionLimits limits) : limits_(limits) {}

  // The place of one running stream; destroying it gives it back.
  class Place {
   public:
    Place(Admission& admission, std::string peer) : admission_(admission), peer_(std::move(peer)) {}
    ~Place() { admission_.Leave(peer_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Admission& admission_;
    const std::string peer_;
  };

  // A place for a stream to `peer`, as gRPC writes it ("ipv4:127.0.0.1:41234"); its port does not
  // count. Errors: RESOURCE_EXHAUSTED naming the limit, or for want of file descriptors. The place
  // must not outlive the admission.
  arrow::Result<std::unique_ptr<Place>> Enter(std::string_view peer);

  // Blocks until no stream runs, or for `timeout`.
  void WaitForNone(std::chrono::milliseconds timeout);

 private:
  void Leave(const std::string& peer);

  const AdmissionLimits limits_;
  std::mutex mutex_;
  std::condition_variable none_;
  uint64_t running_ = 0;
  std::map<std::string, uint64_t> by_peer_;  // peers that have streams
};

}  // namespace stellar_arrow::flight

#include "stellar_arrow/flight/admission.h"

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/descriptors.h"

namespace stellar_arrow::flight {

arrow::Result<std::unique_ptr<Admission::Place>> Admission::Enter(std::string_view peer) {
  std::string address(peer.substr(0, peer.rfind(':')));
  const std::lock_guard lock(mutex_);
  if (running_ >= limits_.streams) {
    return Error(ErrorCode::kResourceExhausted, running_,
                 " streams are running, and no more are allowed (max-streams, MAX_CONNECTIONS); "
                 "try again in 5 s, or ask another server");
  }
  const auto found = by_peer_.find(address);
  const uint64_t of_peer = found == by_peer_.end() ? 0 : found->second;
  if (of_peer >= limits_.streams_per_peer) {
    return Error(ErrorCode::kResourceExhausted, of_peer, " streams are running to ", address,
                 ", and no more are allowed to one address (max-streams-per-peer, "
                 "MAX_CONNECTIONS_PER_PEER); end one of them first");
  }
  if (!source::DescriptorIsLeft()) {
    return Error(ErrorCode::kResourceExhausted,
                 "the server has no file descriptor left for a stream to read with; try again in "
                 "5 s, or let it have more (ulimit -n, LimitNOFILE)");
  }
  ++by_peer_[address];
  ++running_;
  return std::make_unique<Place>(*this, std::move(address));
}

void Admission::Leave(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto of_peer = by_peer_.find(peer);
  if (--of_peer->second == 0) by_peer_.erase(of_peer);
  if (--running_ == 0) none_.notify_all();
}

void Admission::WaitForNone(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  none_.wait_for(lock, timeout, [this] { return running_ == 0; });
}

}  // namespace stellar_arrow::flight

// How connections end whose other end has gone without a word. The listening socket is set, which
// gRPC makes itself: accepted sockets inherit from it.
#pragma once

#include <arrow/status.h>

namespace stellar_arrow::flight {

// A peer that says nothing is asked after this time, and then every kProbeSeconds.
inline constexpr int kIdleSeconds = 20;
inline constexpr int kProbeSeconds = 5;
// A peer that acknowledges nothing for this long, of probes or of data, is gone.
inline constexpr int kSilenceSeconds = 20;

// Makes the connections to come on this process's listening sockets of `port` end when their peer
// is gone, within kIdleSeconds + kSilenceSeconds. Errors: INTERNAL if there is no such socket, or
// if it cannot be set.
arrow::Status DetectDeadPeers(int port);

}  // namespace stellar_arrow::flight

// File descriptors run out where many clients connect: every connection takes one.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <thread>

namespace stellar_arrow::source {

// Whether the process may open another file now.
bool DescriptorIsLeft();

// Whether `status` tells that no descriptor was left.
bool IsForWantOfDescriptors(const arrow::Status& status);

// How long a stream waits for a descriptor before it fails for want of one.
inline constexpr auto kDescriptorWait = std::chrono::seconds(10);

// The result of `read`, which opens a file. While it fails because no descriptor is left it is
// tried again, so that the streams there are outlast a rush of clients.
template <typename Read>
auto WithDescriptor(Read read) -> decltype(read()) {
  const auto give_up = std::chrono::steady_clock::now() + kDescriptorWait;
  auto result = read();
  while (IsForWantOfDescriptors(result.status()) && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    result = read();
  }
  return result;
}

}  // namespace stellar_arrow::source

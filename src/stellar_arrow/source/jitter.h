// Waits of random length, so that those who failed together do not ask again together.
#pragma once

#include <chrono>
#include <random>

namespace stellar_arrow::source {

// Between `least` and `most`.
inline std::chrono::nanoseconds Jittered(std::chrono::nanoseconds least,
                                         std::chrono::nanoseconds most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::nanoseconds(
      std::uniform_int_distribution<int64_t>(least.count(), most.count())(random));
}

}  // namespace stellar_arrow::source

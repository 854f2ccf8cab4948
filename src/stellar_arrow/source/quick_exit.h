// What is to be done where the program ends without taking itself apart. Knows not what it is.
#pragma once

#include <functional>

namespace stellar_arrow::source {

// Has std::quick_exit() call `end`, as long as this lives; those made last come first. Thread-safe.
class AtQuickExit {
 public:
  explicit AtQuickExit(std::function<void()> end);
  ~AtQuickExit();
  AtQuickExit(const AtQuickExit&) = delete;
  AtQuickExit& operator=(const AtQuickExit&) = delete;

 private:
  const std::function<void()> end_;
};

}  // namespace stellar_arrow::source

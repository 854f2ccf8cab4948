#include "stellar_arrow/source/quick_exit.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

namespace stellar_arrow::source {
namespace {

struct Ends {
  std::mutex mutex;
  std::vector<const std::function<void()>*> all;
};

// Never destroyed, as others may still run when the program ends.
Ends& TheEnds() {
  static auto* const ends = [] {
    std::at_quick_exit([] {
      Ends& them = TheEnds();
      const std::lock_guard lock(them.mutex);
      std::for_each(them.all.rbegin(), them.all.rend(), [](const auto* end) { (*end)(); });
    });
    return new Ends;
  }();
  return *ends;
}

}  // namespace

AtQuickExit::AtQuickExit(std::function<void()> end) : end_(std::move(end)) {
  Ends& ends = TheEnds();
  const std::lock_guard lock(ends.mutex);
  ends.all.push_back(&end_);
}

AtQuickExit::~AtQuickExit() {
  Ends& ends = TheEnds();
  const std::lock_guard lock(ends.mutex);
  std::erase(ends.all, &end_);
}

}  // namespace stellar_arrow::source

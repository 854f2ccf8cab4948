// A span of ledgers, as requests, sources and the pipeline pass it on.
#pragma once

#include <cstdint>
#include <optional>

namespace stellar_arrow {

// Both ends included. An absent `last` means open: on from `first`, as far as the source goes.
struct LedgerRange {
  uint32_t first = 0;
  std::optional<uint32_t> last;

  // Whether it ends before it begins: nothing is left of it.
  bool empty() const { return last && *last < first; }

  friend bool operator==(const LedgerRange&, const LedgerRange&) = default;
};

// Ledgers first..last that are missing, both included.
struct LedgerGap {
  uint32_t first = 0;
  uint32_t last = 0;

  friend bool operator==(const LedgerGap&, const LedgerGap&) = default;
};

}  // namespace stellar_arrow

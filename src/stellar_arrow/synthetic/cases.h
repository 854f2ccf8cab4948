// Named cases: what readers have to get right and what real ledgers rarely show. One list; its
// order is the order in which ledgers show them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "stellar_arrow/synthetic/options.h"
#include "stellar_arrow/synthetic/plan.h"

namespace stellar_arrow::synthetic {

inline constexpr unsigned kActors = 4;
using Actors = std::array<AccountID, kActors>;

struct Case {
  std::string_view name;
  std::string_view shows;
  uint32_t first_protocol;
  // Adds to the ledger. The state is as before when it was applied, but for sequence numbers, fees,
  // and what is left to expire.
  void (*add)(Planner& planner, const Actors& actors, LedgerPlan& ledger);
  bool alone = false;  // takes the ledger for itself
};

std::span<const Case> AllCases();
const Case* FindCase(std::string_view name);  // null where there is none

// The most cases that a ledger shows when they take turns.
inline constexpr uint32_t kCasesPerLedger = 3;

}  // namespace stellar_arrow::synthetic

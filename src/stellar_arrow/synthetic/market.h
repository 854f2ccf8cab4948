// Exchange: the order book and the constant-product pools.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "stellar_arrow/synthetic/entries.h"

namespace stellar_arrow::synthetic {

inline constexpr int64_t kNoLimit = INT64_MAX;

// What a taker exchanged. Makers and pools have theirs already; the taker is the caller's to
// settle.
struct Exchange {
  std::vector<ClaimAtom> atoms;
  int64_t sold = 0;
  int64_t bought = 0;
  bool crossed_self = false;
};

struct Order {
  Asset selling;
  Asset buying;
  int64_t most_sold = kNoLimit;
  int64_t most_bought = kNoLimit;
  std::optional<Price> price;  // the least that is taken: `buying` for one of `selling`
  bool passive = false;        // does not take its own price
  bool through = false;        // all of most_sold must go: what rounding leaves is the last maker's
};

// Takes offers, the cheapest first, for the operation's source.
Exchange TakeOffers(Applying& applying, const Order& order);

// The same with the pool of the two assets where there is one (not for offers, which never use
// pools), else with offers. One of the limits is given, and is met exactly, or nothing is sold.
Exchange Convert(Applying& applying, const Order& order);

// Removes an offer with all that hangs on it.
void RemoveOffer(World& world, const LedgerEntry& offer);

// a * b / c, rounded down or up.
int64_t MultiplyDivide(int64_t a, int64_t b, int64_t c);
int64_t MultiplyDivideUp(int64_t a, int64_t b, int64_t c);

}  // namespace stellar_arrow::synthetic

// TOIDs (SEP-35): one int64 that orders ledgers, transactions and operations.
#pragma once

#include <cstdint>

namespace stellar_arrow::ledger {

inline constexpr uint32_t kMaxToidTransaction = (1u << 20) - 1;
inline constexpr uint32_t kMaxToidOperation = (1u << 12) - 1;

// `transaction` and `operation` count from 1 in the order of application; 0 stands for the ledger
// or the transaction itself. Above their limits they would run into each other: the caller checks.
constexpr int64_t Toid(uint32_t ledger, uint32_t transaction = 0, uint32_t operation = 0) {
  return static_cast<int64_t>(uint64_t{ledger} << 32 | uint64_t{transaction} << 12 | operation);
}

}  // namespace stellar_arrow::ledger

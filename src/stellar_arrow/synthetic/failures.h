// Results of operations and transactions that failed, taken from the protocol's own lists of codes.
#pragma once

#include <cstdint>
#include <vector>

#include "stellar_arrow/synthetic/values.h"

namespace stellar_arrow::synthetic {

// Every result by which an operation of that type fails under the protocol: its own codes, then
// those of all operations.
std::vector<OperationResult> FailuresOf(xdr::OperationType type, uint32_t protocol);

// Codes of transactions that are on the ledger without results of operations.
std::vector<xdr::TransactionResultCode> RejectionsOf(uint32_t protocol);

}  // namespace stellar_arrow::synthetic

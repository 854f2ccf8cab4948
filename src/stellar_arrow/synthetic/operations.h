// Classic operations applied to the state by the protocol's rules, far enough for what the
// generator sends: result, changes and events come of one place, so that they agree. Soroban's
// three operations are in soroban.h.
#pragma once

#include "stellar_arrow/synthetic/entries.h"

namespace stellar_arrow::synthetic {

// Applies `operation` as number `applying.index` of its transaction. The changes are the state's;
// the events, in the unified form, are in `applying.events`. On failure the caller rolls back.
OperationResult ApplyOperation(Applying& applying, const Operation& operation);

bool Succeeded(const OperationResult& result);

// The id of the balance that operation `index` of a transaction creates.
ClaimableBalanceID BalanceIdOf(const AccountID& transaction_source, int64_t sequence,
                               uint32_t index);

}  // namespace stellar_arrow::synthetic

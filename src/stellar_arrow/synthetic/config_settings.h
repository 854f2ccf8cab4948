// The network's settings as ledger entries. Their values are made up; which there are from which
// protocol on is not.
#pragma once

#include <cstdint>

#include "stellar_arrow/synthetic/state.h"

namespace stellar_arrow::synthetic {

// Those that an upgrade to `protocol` brings.
void CreateConfigSettings(State& state, uint32_t protocol);
// What a settings upgrade of that ledger changes: one value, which depends on the ledger.
void ChangeConfigSetting(State& state, uint32_t ledger);
void ChangeExecutionLanes(State& state, uint32_t most_transactions);

}  // namespace stellar_arrow::synthetic

#include "stellar_arrow/synthetic/config_settings.h"

#include <utility>

#include "stellar_arrow/xdr/generated/value/Stellar-contract-config-setting.h"

namespace stellar_arrow::synthetic {
namespace {

using xdr::ConfigSettingID;

void Create(State& state, ConfigSettingEntry setting) {
  LedgerEntry entry;
  entry.data = LedgerEntryData::CONFIG_SETTING(std::move(setting));
  state.Create(std::move(entry));
}

ConfigSettingEntry& Change(State& state, ConfigSettingID id) {
  return state.Change(LedgerKey::CONFIG_SETTING({id})).data.configSetting();
}

ContractCostParams CostParams(size_t count) {
  ContractCostParams params;
  for (size_t i = 0; i < count; ++i) {
    params.push_back({{}, static_cast<int64_t>(100 + 37 * i), static_cast<int64_t>(4 * i)});
  }
  return params;
}

void CreateFirst(State& state) {
  using Entry = ConfigSettingEntry;
  Create(state, Entry::CONFIG_SETTING_CONTRACT_MAX_SIZE_BYTES(65'536));
  Create(state,
         Entry::CONFIG_SETTING_CONTRACT_COMPUTE_V0({500'000'000, 100'000'000, 25, 41'943'040}));
  ConfigSettingContractLedgerCostV0 cost;
  cost.ledgerMaxDiskReadEntries = 1'000;
  cost.ledgerMaxDiskReadBytes = 3'500'000;
  cost.ledgerMaxWriteLedgerEntries = 500;
  cost.ledgerMaxWriteBytes = 143'360;
  cost.txMaxDiskReadEntries = 40;
  cost.txMaxDiskReadBytes = 200'000;
  cost.txMaxWriteLedgerEntries = 25;
  cost.txMaxWriteBytes = 132'096;
  cost.feeDiskReadLedgerEntry = 6'250;
  cost.feeWriteLedgerEntry = 10'000;
  cost.feeDiskRead1KB = 1'786;
  cost.sorobanStateTargetSizeBytes = 13'107'200'000;
  cost.rentFee1KBSorobanStateSizeLow = -17'000;
  cost.rentFee1KBSorobanStateSizeHigh = 10'000;
  cost.sorobanStateRentFeeGrowthFactor = 5'000;
  Create(state, Entry::CONFIG_SETTING_CONTRACT_LEDGER_COST_V0(cost));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_HISTORICAL_DATA_V0({16'235}));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_EVENTS_V0({8'198, 10'000}));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_BANDWIDTH_V0({133'120, 132'096, 1'624}));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_COST_PARAMS_CPU_INSTRUCTIONS(CostParams(23)));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_COST_PARAMS_MEMORY_BYTES(CostParams(23)));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_DATA_KEY_SIZE_BYTES(250));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_DATA_ENTRY_SIZE_BYTES(65'536));
  Create(state, Entry::CONFIG_SETTING_STATE_ARCHIVAL(
                    {3'110'400, 16, 24, 2'103, 4'206, 1'000, 30, 64, 100'000, 7}));
  Create(state, Entry::CONFIG_SETTING_CONTRACT_EXECUTION_LANES({100}));
  Create(state,
         Entry::CONFIG_SETTING_LIVE_SOROBAN_STATE_SIZE_WINDOW(std::vector<uint64>(30, 40'000'000)));
  Create(state, Entry::CONFIG_SETTING_EVICTION_ITERATOR({7, true, 0}));
}

}  // namespace

void CreateConfigSettings(State& state, uint32_t protocol) {
  using Entry = ConfigSettingEntry;
  if (protocol == 20) CreateFirst(state);
  if (protocol == 23) {
    Create(state, Entry::CONFIG_SETTING_CONTRACT_PARALLEL_COMPUTE_V0({4}));
    Create(state, Entry::CONFIG_SETTING_CONTRACT_LEDGER_COST_EXT_V0({100, 3'500}));
    Create(state, Entry::CONFIG_SETTING_SCP_TIMING({5'000, 1'000, 1'000, 1'000, 1'000}));
  }
  if (protocol == 26) {
    Create(state, Entry::CONFIG_SETTING_FROZEN_LEDGER_KEYS({}));
    Create(state, Entry::CONFIG_SETTING_FREEZE_BYPASS_TXS({}));
  }
}

void ChangeConfigSetting(State& state, uint32_t ledger) {
  Change(state, ConfigSettingID::CONFIG_SETTING_CONTRACT_COMPUTE_V0)
      .contractCompute()
      .ledgerMaxInstructions = 500'000'000 + int64_t{ledger};
}

void ChangeExecutionLanes(State& state, uint32_t most_transactions) {
  Change(state, ConfigSettingID::CONFIG_SETTING_CONTRACT_EXECUTION_LANES)
      .contractExecutionLanes()
      .ledgerMaxTxCount = most_transactions;
}

}  // namespace stellar_arrow::synthetic

// What the events of assets' own contracts say about balances, as stellar-etl reads them for
// `asset_balance_changes` of `details`. (ttp_events follows the Go SDK's rules, which differ:
// ledger/token_transfer.h.) Knows events; knows no column.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/asset.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/xdr/generated/Stellar-contract.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger.h"

namespace stellar_arrow::tables {

// CAP-46-6 and CAP-67. A view into the event's bytes, but for the asset's issuer.
struct BalanceChange {
  std::string_view type;  // "transfer", "mint", "clawback", "burn"
  std::optional<xdr::SCAddress> from;
  std::optional<xdr::SCAddress> to;
  xdr::Int128Parts amount;
  ledger::AssetParts asset;
};

// Reads one event after another. An event names its asset; that it is of this asset's contract
// costs a hash to see, so what was seen is kept. Not thread-safe.
class BalanceChanges {
 public:
  // `sha` must outlive this.
  explicit BalanceChanges(ledger::Sha256* sha) : sha_(*sha) {}

  // Absent for events of any other kind, or of a contract that is not the asset's it names. Valid
  // until the next call.
  std::optional<BalanceChange> Of(const xdr::ContractEvent& event,
                                  const ledger::Hash256& network_id);

 private:
  static constexpr size_t kPlaces = 1024;          // a power of two
  static constexpr size_t kMaxName = 12 + 1 + 56;  // code:issuer

  // An asset's contract.
  struct Entry {
    ledger::Hash256 contract;
    ledger::Hash256 network_id;
    std::array<char, kMaxName> name;
    uint8_t name_size = 0;  // 0 = the place is free
    uint8_t wire_size;
    ledger::AssetWire wire;
  };

  // Null if `contract` is not that of the asset that `name` stands for, or it stands for none.
  const Entry* Find(std::string_view name, xdr::Hash contract, const ledger::Hash256& network_id);

  ledger::Sha256& sha_;
  Entry other_;  // what is about to be kept
  std::vector<Entry> entries_ = std::vector<Entry>(kPlaces);
};

}  // namespace stellar_arrow::tables

// A network at one ledger: its state, its figures, and who takes part in it. What the protocol's
// rules depend on stands here.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "stellar_arrow/synthetic/options.h"
#include "stellar_arrow/synthetic/state.h"
#include "stellar_arrow/synthetic/values.h"

namespace stellar_arrow::synthetic {

// Those who stay: made before the first ledger, never merged.
struct Cast {
  std::vector<AccountID> users;
  std::vector<AccountID> makers;  // of the market
  std::vector<Asset> assets;      // the first is native
  Asset regulated;                // its issuer authorizes, revokes and claws back
  std::vector<Hash> programs;     // code that is on the ledger
  std::vector<Hash> contracts;    // instances of it
  Hash renewed{};                 // one more, which takes other programs on the way
};

// A value: copying it copies the network.
struct World {
  Options options;
  Hash network_id{};
  Cast cast;
  State state;
  // Contract data and code that was made on the way and is left to expire, the oldest first, so
  // that a network without end does not grow without end.
  std::deque<LedgerKey> passing;
  // What expired of it and can be restored: off the ledger from protocol 23 on, before that on it.
  std::deque<LedgerEntry> archive;

  // Of the ledger that is being closed.
  uint32_t ledger = 0;
  uint32_t protocol = 0;  // whose rules it is closed by: that of the header before
  uint64_t close_time = 0;

  int64_t total_coins = 0;
  int64_t fee_pool = 0;
  uint64_t id_pool = 0;
  uint32_t base_fee = 100;
  uint32_t base_reserve = 5'000'000;
  uint32_t max_tx_set_size = 1000;
  uint32_t inflation_seq = 0;
  uint32_t header_flags = 0;
  std::vector<AccountID> guests;  // accounts that may be merged

  // Whether operations have events of their own (CAP-67).
  bool unified_events() const { return meta_version() == 4 && options.events; }
  uint32_t meta_version() const;
  // The contract that stands for an asset.
  Hash ContractOf(const Asset& asset) const;

 private:
  mutable std::map<std::vector<uint8_t>, Hash, LessBytes> asset_contracts_;
};

// The network before ledger `options.start`.
World MakeWorld(const Options& options);

// The account of a role in a named case: another for every case, so that cases never meet.
AccountID ActorOf(uint64_t seed, std::string_view name, unsigned role);

}  // namespace stellar_arrow::synthetic

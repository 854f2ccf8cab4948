// What a synthetic source is asked for. One list of settings: its URL, its errors and its
// documentation derive from it.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stellar_arrow::synthetic {

inline constexpr std::string_view kPassphrase = "Synthetic Network ; stellar-arrow-source";

inline constexpr uint32_t kFirstProtocol = 13;
inline constexpr uint32_t kLastProtocol = 28;
inline constexpr uint32_t kMostTransactions = 1000;  // in a ledger
inline constexpr uint32_t kMostOperations = 90;      // the protocol's 100, but some come in threes

struct Options {
  uint64_t seed = 1;
  uint32_t start = 2;             // number of the first ledger
  uint32_t count = 0;             // ledgers; 0 = no end
  uint32_t transactions = 100;    // in a ledger
  uint32_t operations = 1;        // in a classic transaction, at least
  uint32_t soroban_percent = 40;  // of them, from protocol 20 on
  int64_t pace_milliseconds = 0;  // one ledger per that time; 0 = as fast as asked
  uint32_t protocol = kLastProtocol;
  std::optional<uint32_t> meta;  // TransactionMeta's version; absent: what the protocol emits
  bool events = true;            // unified events (CAP-67), which only meta 4 can carry
  bool diagnostics = false;      // diagnostic events of Soroban transactions
  bool extensions = true;        // fees in Soroban metas, and LedgerCloseMetaExt V1
  std::string only;              // the name of a case, which then every ledger shows; empty: all
};

struct Setting {
  std::string_view name;
  std::string_view values;  // what it can be
  std::string_view help;
};
std::span<const Setting> AllSettings();

// From the settings of a URL's query. Errors: INVALID_ARGUMENT for an unknown setting, listing
// those there are, a bad value, or values that contradict each other.
arrow::Result<Options> ParseOptions(const std::map<std::string, std::string>& query);

}  // namespace stellar_arrow::synthetic

// Which network ledgers belong to: its passphrase, and the id that is hashed into transactions.
#pragma once

#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stellar_arrow/ledger/sha256.h"

namespace stellar_arrow::ledger {

struct Network {
  std::string passphrase;
  Hash256 id{};  // SHA-256 of the passphrase's bytes

  static Network FromPassphrase(std::string_view passphrase);
  // A known name (pubnet, testnet, futurenet, standalone; any case) stands for its passphrase; any
  // other text is a passphrase itself. Errors: INVALID_ARGUMENT for an empty text, or for one that
  // can be no passphrase but a mistyped name (a single word without a blank).
  static arrow::Result<Network> FromNameOrPassphrase(std::string_view text);

  // "pubnet" and so on for a known passphrase, else the passphrase in quotes.
  std::string ToString() const;

  friend bool operator==(const Network& a, const Network& b) {
    return a.passphrase == b.passphrase;
  }
};

struct KnownNetwork {
  std::string_view name;
  std::string_view passphrase;
};

// In the order in which they are tried on a ledger of unknown origin.
std::span<const KnownNetwork> KnownNetworks();

}  // namespace stellar_arrow::ledger

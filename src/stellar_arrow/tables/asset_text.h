// The texts of assets in JSON: assets come again and again, and hashing and formatting one costs
// more than the rest of its operation's details. Knows assets; knows no column.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/asset.h"

namespace stellar_arrow::tables {

// Remembers the last asset of each of its places, and makes the texts of any other anew. Not
// thread-safe.
class AssetText {
 public:
  // Valid until the next call of Get().
  struct Texts {
    std::string_view code;    // a JSON string, quotes included
    std::string_view issuer;  // strkey
    std::string_view id;      // the number that stellar-etl gives the asset
  };

  // Of an asset with an issuer.
  Texts Get(const ledger::AssetParts& asset);

 private:
  static constexpr size_t kPlaces = 1024;  // a power of two
  static constexpr size_t kMaxCode = 12;
  static constexpr size_t kMaxEscaped = 6;  // letters of a byte in JSON
  static constexpr size_t kIssuer = 56;

  struct Entry {
    std::array<uint8_t, 32> issuer;
    std::array<char, kMaxCode> code;
    uint8_t code_size;
    uint8_t json_code_size;
    uint8_t id_size = 0;  // 0 = the place is free
    xdr::AssetType type;
    std::array<char, kIssuer> issuer_text;
    std::array<char, 20> id;
    std::array<char, kMaxEscaped * kMaxCode + 2> json_code;
  };

  static void Make(const ledger::AssetParts& asset, Entry* entry);

  std::vector<Entry> entries_ = std::vector<Entry>(kPlaces);
};

}  // namespace stellar_arrow::tables

// The number that stellar-etl gives an asset, as text: assets come again and again, and hashing one
// costs more than the rest of its operation's details. Knows assets; knows no column.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/asset.h"

namespace stellar_arrow::tables {

// Remembers the last asset of each of its places, and makes the text of any other anew. Not
// thread-safe.
class AssetIdText {
 public:
  // Of an asset with an issuer, whose strkey is `issuer`. Valid until the next call.
  std::string_view Get(const ledger::AssetParts& asset, std::string_view issuer);

 private:
  static constexpr size_t kPlaces = 2048;  // a power of two
  static constexpr size_t kMaxCode = 12;

  struct Entry {
    std::array<char, kMaxCode> code;
    uint8_t code_size;
    uint8_t text_size = 0;  // 0 = the place is free
    xdr::AssetType type;
    std::array<uint8_t, 32> issuer;
    std::array<char, 20> text;
  };

  std::vector<Entry> entries_ = std::vector<Entry>(kPlaces);
};

}  // namespace stellar_arrow::tables

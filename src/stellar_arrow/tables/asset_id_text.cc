#include "stellar_arrow/tables/asset_id_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "stellar_arrow/ledger/asset_fingerprint.h"

namespace stellar_arrow::tables {

std::string_view AssetIdText::Get(const ledger::AssetParts& asset, std::string_view issuer) {
  // Any bytes of a key are as good as a hash; one issuer's assets differ by their codes.
  uint64_t key;
  std::memcpy(&key, asset.issuer->data() + 8, sizeof key);
  uint32_t code = 0;
  std::memcpy(&code, asset.code.data(), std::min(asset.code.size(), sizeof code));
  const uint64_t hash = (key ^ code) * 0x9E3779B97F4A7C15u;
  Entry& entry = entries_[(hash >> 32) & (kPlaces - 1)];
  const bool same = entry.text_size != 0 && entry.type == asset.type &&
                    std::string_view(entry.code.data(), entry.code_size) == asset.code &&
                    std::ranges::equal(entry.issuer, *asset.issuer);
  if (!same) {
    std::ranges::copy(asset.code, entry.code.begin());
    entry.code_size = static_cast<uint8_t>(asset.code.size());
    entry.type = asset.type;
    std::ranges::copy(*asset.issuer, entry.issuer.begin());
    char* const begin = entry.text.data();
    const char* const end =
        std::to_chars(begin, begin + entry.text.size(), ledger::AssetFingerprint(asset, issuer))
            .ptr;
    entry.text_size = static_cast<uint8_t>(end - begin);
  }
  return {entry.text.data(), entry.text_size};
}

}  // namespace stellar_arrow::tables

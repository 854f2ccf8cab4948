#include "stellar_arrow/tables/asset_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "stellar_arrow/ledger/asset_fingerprint.h"
#include "stellar_arrow/tables/json_object.h"
#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::tables {

AssetText::Texts AssetText::Get(const ledger::AssetParts& asset) {
  // Any bytes of a key are as good as a hash; one issuer's assets differ by their codes.
  uint64_t key;
  std::memcpy(&key, asset.issuer->data() + 8, sizeof key);
  uint32_t code = 0;
  std::memcpy(&code, asset.code.data(), std::min(asset.code.size(), sizeof code));
  const uint64_t hash = (key ^ code) * 0x9E3779B97F4A7C15u;
  Entry& entry = entries_[(hash >> 32) & (kPlaces - 1)];
  const bool same = entry.id_size != 0 && entry.type == asset.type &&
                    std::memcmp(entry.issuer.data(), asset.issuer->data(), 32) == 0 &&
                    std::string_view(entry.code.data(), entry.code_size) == asset.code;
  if (!same) Make(asset, &entry);
  return {{entry.json_code.data(), entry.json_code_size},
          {entry.issuer_text.data(), kIssuer},
          {entry.id.data(), entry.id_size}};
}

void AssetText::Make(const ledger::AssetParts& asset, Entry* entry) {
  std::ranges::copy(*asset.issuer, entry->issuer.begin());
  entry->type = asset.type;
  std::ranges::copy(asset.code, entry->code.begin());
  entry->code_size = static_cast<uint8_t>(asset.code.size());

  const text::Strkey issuer = text::EncodeAccount(*asset.issuer);
  std::ranges::copy(issuer.view(), entry->issuer_text.begin());
  std::string json;
  AppendJsonString(asset.code, &json);
  std::ranges::copy(json, entry->json_code.begin());
  entry->json_code_size = static_cast<uint8_t>(json.size());
  char* const begin = entry->id.data();
  const char* const end =
      std::to_chars(begin, begin + entry->id.size(), ledger::AssetFingerprint(asset, issuer.view()))
          .ptr;
  entry->id_size = static_cast<uint8_t>(end - begin);
}

}  // namespace stellar_arrow::tables

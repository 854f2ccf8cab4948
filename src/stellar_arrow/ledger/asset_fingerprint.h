// The number that stellar-etl gives assets as `asset_id`: FarmHash's Fingerprint64 of code,
// issuer and type, one after the other.
#pragma once

#include <cstdint>
#include <string_view>

#include "stellar_arrow/ledger/asset.h"

namespace stellar_arrow::ledger {

// Of a native or credit asset; `issuer` is the strkey of its issuer, if it has one. Not unique by
// construction, but no two assets are known to share one.
int64_t AssetFingerprint(const AssetParts& asset, std::string_view issuer);

}  // namespace stellar_arrow::ledger

// Assets in one form, however the protocol writes them, and the ids that are hashed from them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger-entries.h"
#include "stellar_arrow/xdr/generated/Stellar-transaction.h"

namespace stellar_arrow::ledger {

// A view into the ledger's bytes.
struct AssetParts {
  xdr::AssetType type = xdr::AssetType::ASSET_TYPE_NATIVE;
  // Without the zeros that fill it up; any other bytes as they are, so it may not be UTF-8. Empty
  // for native and pool shares.
  std::string_view code;
  std::optional<xdr::uint256> issuer;  // absent for native and pool shares
};

AssetParts PartsOf(const xdr::Asset& asset);
// Of a pool share only the type is told.
AssetParts PartsOf(const xdr::TrustLineAsset& asset);
AssetParts PartsOf(const xdr::ChangeTrustAsset& asset);
// A code without its issuer, as AllowTrust has it.
AssetParts PartsOf(const xdr::AssetCode& code, xdr::uint256 issuer);

// Room for the XDR of any asset with a code: its type, the code, the issuer's kind of key and key.
using AssetWire = std::array<uint8_t, 4 + 12 + 4 + 32>;

// Writes the XDR of the asset that `name` stands for, as asset contracts call it: "native" or
// "CODE:ISSUER". Returns a view of what was written, whatever the code's bytes; nothing where
// `name` is of another form.
std::optional<xdr::Asset> AssetNamed(std::string_view name, AssetWire* wire);

// "native", "credit_alphanum4", "credit_alphanum12", "liquidity_pool_shares".
std::string_view AssetTypeName(xdr::AssetType type);

// The id of the contract that stands for `asset` on the network of `network_id` (CAP-46-6): not yet
// a proof that it was ever created.
Hash256 AssetContractId(const xdr::Asset& asset, const Hash256& network_id, Sha256& sha);

// The id of the pool with `parameters` (CAP-38).
Hash256 PoolId(const xdr::LiquidityPoolParameters& parameters, Sha256& sha);

}  // namespace stellar_arrow::ledger

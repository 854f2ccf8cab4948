#include "stellar_arrow/ledger/asset.h"

#include <algorithm>
#include <span>

#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::ledger {
namespace {

std::string_view WithoutZeros(std::span<const uint8_t> code) {
  size_t length = code.size();
  while (length != 0 && code[length - 1] == 0) --length;
  return {reinterpret_cast<const char*>(code.data()), length};
}

AssetParts Parts(const xdr::AlphaNum4& asset) {
  return {xdr::AssetType::ASSET_TYPE_CREDIT_ALPHANUM4, WithoutZeros(asset.assetCode()),
          asset.issuer().ed25519()};
}

AssetParts Parts(const xdr::AlphaNum12& asset) {
  return {xdr::AssetType::ASSET_TYPE_CREDIT_ALPHANUM12, WithoutZeros(asset.assetCode()),
          asset.issuer().ed25519()};
}

}  // namespace

AssetParts PartsOf(const xdr::Asset& asset) {
  if (auto code4 = asset.ifAlphaNum4()) return Parts(*code4);
  if (auto code12 = asset.ifAlphaNum12()) return Parts(*code12);
  return {};
}

AssetParts PartsOf(const xdr::TrustLineAsset& asset) {
  if (auto code4 = asset.ifAlphaNum4()) return Parts(*code4);
  if (auto code12 = asset.ifAlphaNum12()) return Parts(*code12);
  return {asset.type(), {}, {}};
}

AssetParts PartsOf(const xdr::ChangeTrustAsset& asset) {
  if (auto code4 = asset.ifAlphaNum4()) return Parts(*code4);
  if (auto code12 = asset.ifAlphaNum12()) return Parts(*code12);
  return {asset.type(), {}, {}};
}

AssetParts PartsOf(const xdr::AssetCode& code, xdr::uint256 issuer) {
  if (auto code4 = code.ifAssetCode4()) return {code.type(), WithoutZeros(*code4), issuer};
  return {code.type(), WithoutZeros(code.assetCode12()), issuer};
}

std::optional<xdr::Asset> AssetNamed(std::string_view name, AssetWire* wire) {
  wire->fill(0);
  size_t size = 4;
  if (name != "native") {
    const size_t colon = name.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > 12) return std::nullopt;
    const auto issuer = text::DecodeStrkey(name.substr(colon + 1));
    if (!issuer || issuer->kind != text::StrkeyKind::kAccount) return std::nullopt;
    const size_t room = colon <= 4 ? 4 : 12;  // of the code
    (*wire)[3] = colon <= 4 ? 1 : 2;          // AssetType
    std::ranges::copy(name.substr(0, colon), wire->data() + 4);
    std::ranges::copy(issuer->payload(), wire->data() + 4 + room + 4);
    size = 4 + room + 4 + 32;
  }
  const auto asset = xdr::Asset::Check({wire->data(), size});
  return asset.ok() ? std::optional(*asset) : std::nullopt;
}

std::string_view AssetTypeName(xdr::AssetType type) {
  switch (type) {
    case xdr::AssetType::ASSET_TYPE_NATIVE:
      return "native";
    case xdr::AssetType::ASSET_TYPE_CREDIT_ALPHANUM4:
      return "credit_alphanum4";
    case xdr::AssetType::ASSET_TYPE_CREDIT_ALPHANUM12:
      return "credit_alphanum12";
    case xdr::AssetType::ASSET_TYPE_POOL_SHARE:
      return "liquidity_pool_shares";
  }
  return "";
}

Hash256 AssetContractId(const xdr::Asset& asset, const Hash256& network_id, Sha256& sha) {
  // HashIDPreimage of kind CONTRACT_ID, with a ContractIDPreimage of kind FROM_ASSET.
  static constexpr uint8_t kContractId[4] = {0, 0, 0, 8};
  static constexpr uint8_t kFromAsset[4] = {0, 0, 0, 1};
  sha.Update(kContractId);
  sha.Update(network_id);
  sha.Update(kFromAsset);
  sha.Update(asset.wire());
  return sha.Finish();
}

Hash256 PoolId(const xdr::LiquidityPoolParameters& parameters, Sha256& sha) {
  sha.Update(parameters.wire());
  return sha.Finish();
}

}  // namespace stellar_arrow::ledger

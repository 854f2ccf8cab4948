#include "stellar_arrow/synthetic/values.h"

#include <algorithm>
#include <utility>

#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::synthetic {
namespace {

using xdr::AssetType;
using xdr::LedgerEntryType;

template <size_t kSize>
std::string CodeOf(const std::array<uint8_t, kSize>& bytes) {
  return {bytes.begin(), std::find(bytes.begin(), bytes.end(), 0)};
}

}  // namespace

AccountID AccountOf(const uint256& key) { return AccountID::PUBLIC_KEY_TYPE_ED25519(key); }

bool operator==(const PublicKey& a, const PublicKey& b) { return a.ed25519() == b.ed25519(); }

MuxedAccount Plain(const AccountID& account) {
  return MuxedAccount::KEY_TYPE_ED25519(account.ed25519());
}

MuxedAccount Muxed(const AccountID& account, uint64_t id) {
  return MuxedAccount::KEY_TYPE_MUXED_ED25519({id, account.ed25519()});
}

AccountID AccountOf(const MuxedAccount& account) {
  const MuxedAccountMed25519* muxed = account.ifMed25519();
  return AccountOf(muxed != nullptr ? muxed->ed25519 : account.ed25519());
}

Asset Native() { return Asset::ASSET_TYPE_NATIVE(); }

Asset Credit(std::string_view code, const AccountID& issuer) {
  if (code.size() <= 4) {
    AlphaNum4 asset{{}, issuer};
    std::ranges::copy(code, asset.assetCode.begin());
    return Asset::ASSET_TYPE_CREDIT_ALPHANUM4(asset);
  }
  AlphaNum12 asset{{}, issuer};
  std::ranges::copy(code, asset.assetCode.begin());
  return Asset::ASSET_TYPE_CREDIT_ALPHANUM12(asset);
}

bool IsNative(const Asset& asset) { return asset.type() == AssetType::ASSET_TYPE_NATIVE; }

bool Same(const Asset& a, const Asset& b) {
  if (a.type() != b.type()) return false;
  if (const AlphaNum4* four = a.ifAlphaNum4()) {
    return four->assetCode == b.alphaNum4().assetCode && four->issuer == b.alphaNum4().issuer;
  }
  if (const AlphaNum12* twelve = a.ifAlphaNum12()) {
    return twelve->assetCode == b.alphaNum12().assetCode && twelve->issuer == b.alphaNum12().issuer;
  }
  return true;
}

// Type, code, issuer: the order of their bytes.
bool Before(const Asset& a, const Asset& b) { return Encode(a) < Encode(b); }

const AccountID* IssuerOf(const Asset& asset) {
  if (const AlphaNum4* four = asset.ifAlphaNum4()) return &four->issuer;
  if (const AlphaNum12* twelve = asset.ifAlphaNum12()) return &twelve->issuer;
  return nullptr;
}

bool IsIssuer(const AccountID& account, const Asset& asset) {
  const AccountID* issuer = IssuerOf(asset);
  return issuer != nullptr && *issuer == account;
}

std::string TextOf(const Asset& asset) {
  if (IsNative(asset)) return "native";
  const AlphaNum4* four = asset.ifAlphaNum4();
  std::string text = four ? CodeOf(four->assetCode) : CodeOf(asset.alphaNum12().assetCode);
  return text.append(":").append(text::EncodeAccount(IssuerOf(asset)->ed25519()).view());
}

TrustLineAsset LineOf(const Asset& asset) {
  if (const AlphaNum4* four = asset.ifAlphaNum4()) {
    return TrustLineAsset::ASSET_TYPE_CREDIT_ALPHANUM4(*four);
  }
  if (const AlphaNum12* twelve = asset.ifAlphaNum12()) {
    return TrustLineAsset::ASSET_TYPE_CREDIT_ALPHANUM12(*twelve);
  }
  return TrustLineAsset::ASSET_TYPE_NATIVE();
}

ChangeTrustAsset TrustOf(const Asset& asset) {
  if (const AlphaNum4* four = asset.ifAlphaNum4()) {
    return ChangeTrustAsset::ASSET_TYPE_CREDIT_ALPHANUM4(*four);
  }
  if (const AlphaNum12* twelve = asset.ifAlphaNum12()) {
    return ChangeTrustAsset::ASSET_TYPE_CREDIT_ALPHANUM12(*twelve);
  }
  return ChangeTrustAsset::ASSET_TYPE_NATIVE();
}

LiquidityPoolParameters PoolOf(const Asset& a, const Asset& b) {
  constexpr int32_t kFeeBasisPoints = 30;  // LIQUIDITY_POOL_FEE_V18
  const bool ordered = Before(a, b);
  return LiquidityPoolParameters::LIQUIDITY_POOL_CONSTANT_PRODUCT(
      {ordered ? a : b, ordered ? b : a, kFeeBasisPoints});
}

Hash PoolIdOf(const Asset& a, const Asset& b) { return HashOf(PoolOf(a, b)); }

LedgerKey KeyOf(const AccountID& account) { return LedgerKey::ACCOUNT({account}); }

LedgerKey KeyOf(const AccountID& account, const TrustLineAsset& line) {
  return LedgerKey::TRUSTLINE({account, line});
}

LedgerKey KeyOf(const AccountID& account, const Asset& asset) {
  return KeyOf(account, LineOf(asset));
}

LedgerKey KeyOfOffer(const AccountID& seller, int64_t id) { return LedgerKey::OFFER({seller, id}); }

LedgerKey KeyOfData(const AccountID& account, std::string_view name) {
  return LedgerKey::DATA({account, std::string(name)});
}

LedgerKey KeyOfBalance(const ClaimableBalanceID& id) { return LedgerKey::CLAIMABLE_BALANCE({id}); }

LedgerKey KeyOfPool(const Hash& id) { return LedgerKey::LIQUIDITY_POOL({id}); }

LedgerKey KeyOfCode(const Hash& hash) { return LedgerKey::CONTRACT_CODE({hash}); }

LedgerKey KeyOfTtl(const LedgerKey& of) { return LedgerKey::TTL({HashOf(of)}); }

LedgerKey KeyOf(const LedgerEntry& entry) {
  const LedgerEntryData& data = entry.data;
  switch (data.type()) {
    case LedgerEntryType::ACCOUNT:
      return KeyOf(data.account().accountID);
    case LedgerEntryType::TRUSTLINE:
      return KeyOf(data.trustLine().accountID, data.trustLine().asset);
    case LedgerEntryType::OFFER:
      return KeyOfOffer(data.offer().sellerID, data.offer().offerID);
    case LedgerEntryType::DATA:
      return KeyOfData(data.data().accountID, data.data().dataName);
    case LedgerEntryType::CLAIMABLE_BALANCE:
      return KeyOfBalance(data.claimableBalance().balanceID);
    case LedgerEntryType::LIQUIDITY_POOL:
      return KeyOfPool(data.liquidityPool().liquidityPoolID);
    case LedgerEntryType::CONTRACT_DATA: {
      const ContractDataEntry& contract = data.contractData();
      return LedgerKey::CONTRACT_DATA({contract.contract, contract.key, contract.durability});
    }
    case LedgerEntryType::CONTRACT_CODE:
      return KeyOfCode(data.contractCode().hash);
    case LedgerEntryType::CONFIG_SETTING:
      return LedgerKey::CONFIG_SETTING({data.configSetting().configSettingID()});
    case LedgerEntryType::TTL:
      return LedgerKey::TTL({data.ttl().keyHash});
  }
  return {};
}

SCAddress AddressOf(const AccountID& account) {
  return SCAddress::SC_ADDRESS_TYPE_ACCOUNT(account);
}

SCAddress AddressOf(const MuxedAccount& account) {
  if (const MuxedAccountMed25519* muxed = account.ifMed25519()) {
    return SCAddress::SC_ADDRESS_TYPE_MUXED_ACCOUNT({muxed->id, muxed->ed25519});
  }
  return AddressOf(AccountOf(account));
}

SCAddress ContractAddress(const Hash& id) { return SCAddress::SC_ADDRESS_TYPE_CONTRACT(id); }

SCVal Symbol(std::string_view text) { return SCVal::SCV_SYMBOL(std::string(text)); }

SCVal Text(std::string_view text) { return SCVal::SCV_STRING(std::string(text)); }

SCVal Number(int64_t value) {
  return SCVal::SCV_I128({value < 0 ? -1 : 0, static_cast<uint64_t>(value)});
}

SCVal AddressValue(const SCAddress& address) { return SCVal::SCV_ADDRESS(address); }

SCVal List(SCVec items) { return SCVal::SCV_VEC(std::move(items)); }

SCVal Map(SCMap entries) { return SCVal::SCV_MAP(std::move(entries)); }

bool IsSymbol(const SCVal& value, std::string_view text) {
  const std::string* symbol = value.ifSym();
  return symbol != nullptr && *symbol == text;
}

int64_t NumberOf(const SCVal& value) { return static_cast<int64_t>(value.i128().lo); }

std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace stellar_arrow::synthetic

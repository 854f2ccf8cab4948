// Short ways to write and compare the protocol's values. Knows no state.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/xdr/generated/value/Stellar-ledger-entries.h"
#include "stellar_arrow/xdr/generated/value/Stellar-ledger.h"
#include "stellar_arrow/xdr/generated/value/Stellar-transaction.h"
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::synthetic {

// This folder is about values; their names are the protocol's.
using namespace xdr::value;  // NOLINT(google-build-using-namespace)

inline constexpr int64_t kXlm = 10'000'000;  // stroops

template <typename Flag>
constexpr uint32_t Bit(Flag flag) {
  return static_cast<uint32_t>(flag);
}

// The order of bytes, for maps by encoded values.
struct LessBytes {
  static std::string_view TextOf(const std::vector<uint8_t>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  bool operator()(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) const {
    return TextOf(a) < TextOf(b);
  }
};

template <typename T>
Hash HashOf(const T& value) {
  return ledger::Sha256Of(Encode(value));
}

// Accounts.
AccountID AccountOf(const uint256& key);
bool operator==(const PublicKey& a, const PublicKey& b);
MuxedAccount Plain(const AccountID& account);
MuxedAccount Muxed(const AccountID& account, uint64_t id);
AccountID AccountOf(const MuxedAccount& account);

// Assets.
Asset Native();
Asset Credit(std::string_view code, const AccountID& issuer);
bool IsNative(const Asset& asset);
bool Same(const Asset& a, const Asset& b);
bool Before(const Asset& a, const Asset& b);    // the order of a pool's two
const AccountID* IssuerOf(const Asset& asset);  // null for native
bool IsIssuer(const AccountID& account, const Asset& asset);
std::string TextOf(const Asset& asset);  // "native" or "CODE:ISSUER", as events have it
TrustLineAsset LineOf(const Asset& asset);
ChangeTrustAsset TrustOf(const Asset& asset);
LiquidityPoolParameters PoolOf(const Asset& a, const Asset& b);  // of any order
Hash PoolIdOf(const Asset& a, const Asset& b);

// Keys of entries.
LedgerKey KeyOf(const AccountID& account);
LedgerKey KeyOf(const AccountID& account, const TrustLineAsset& line);
LedgerKey KeyOf(const AccountID& account, const Asset& asset);
LedgerKey KeyOfOffer(const AccountID& seller, int64_t id);
LedgerKey KeyOfData(const AccountID& account, std::string_view name);
LedgerKey KeyOfBalance(const ClaimableBalanceID& id);
LedgerKey KeyOfPool(const Hash& id);
LedgerKey KeyOfCode(const Hash& hash);
LedgerKey KeyOfTtl(const LedgerKey& of);
LedgerKey KeyOf(const LedgerEntry& entry);

// Contracts.
SCAddress AddressOf(const AccountID& account);
SCAddress AddressOf(const MuxedAccount& account);
SCAddress ContractAddress(const Hash& id);
SCVal Symbol(std::string_view text);
SCVal Text(std::string_view text);
SCVal Number(int64_t value);  // an i128
SCVal AddressValue(const SCAddress& address);
SCVal List(SCVec items);
SCVal Map(SCMap entries);  // sorted by key already
bool IsSymbol(const SCVal& value, std::string_view text);
int64_t NumberOf(const SCVal& value);  // of an i128 that fits

std::vector<uint8_t> Bytes(std::string_view text);

}  // namespace stellar_arrow::synthetic

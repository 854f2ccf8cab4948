#include "stellar_arrow/ledger/asset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "stellar_arrow/ledger/asset_fingerprint.h"
#include "stellar_arrow/ledger/network.h"
#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::ledger {
namespace {

// XDR of a credit asset: its type, its code filled up with zeros, its issuer.
std::vector<uint8_t> Credit(uint8_t type, std::string_view code, std::string_view issuer) {
  const size_t code_size = type == 1 ? 4 : 12;
  const auto key = text::DecodeStrkey(issuer);
  EXPECT_TRUE(key);
  std::vector<uint8_t> wire(4 + code_size + 4 + 32);
  wire[3] = type;
  std::ranges::copy(code, wire.begin() + 4);
  std::ranges::copy(key->payload(), wire.end() - 32);
  return wire;
}

constexpr std::string_view kCircle = "GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN";

TEST(Asset, IsToldByTypeCodeAndIssuer) {
  const std::vector<uint8_t> wire = Credit(1, "USD", kCircle);
  const AssetParts parts = PartsOf(*xdr::Asset::Check(wire));
  EXPECT_EQ(parts.type, xdr::AssetType::ASSET_TYPE_CREDIT_ALPHANUM4);
  EXPECT_EQ(parts.code, "USD");
  ASSERT_TRUE(parts.issuer);
  EXPECT_EQ(text::EncodeAccount(*parts.issuer).view(), kCircle);
  const std::vector<uint8_t> native(4);
  EXPECT_EQ(PartsOf(*xdr::Asset::Check(native)).issuer, std::nullopt);
}

TEST(Asset, IsWrittenByTheNameThatItsContractHas) {
  const auto written = [](const std::string& name) {
    AssetWire wire;
    const auto asset = AssetNamed(name, &wire);
    if (!asset) return std::vector<uint8_t>();
    return std::vector<uint8_t>(asset->wire().begin(), asset->wire().end());
  };
  const std::string issuer = ":" + std::string(kCircle);
  EXPECT_EQ(written("native"), std::vector<uint8_t>(4));
  EXPECT_EQ(written("USDC" + issuer), Credit(1, "USDC", kCircle));
  EXPECT_EQ(written("CENTS" + issuer), Credit(2, "CENTS", kCircle));
  EXPECT_EQ(written("ABCDEFGHIJKL" + issuer), Credit(2, "ABCDEFGHIJKL", kCircle));
  for (const std::string& name :
       {std::string(), std::string("Native"), issuer, "ABCDEFGHIJKLM" + issuer,
        "USD" + issuer + "A", "USD:" + issuer, std::string("USD"), std::string("USD:"),
        std::string("USD:CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM")}) {
    EXPECT_TRUE(written(name).empty()) << name;
  }
}

// Numbers that stellar-etl publishes.
TEST(Asset, HasTheFingerprintThatStellarEtlGivesIt) {
  const auto fingerprint = [](const std::vector<uint8_t>& wire) {
    const AssetParts parts = PartsOf(*xdr::Asset::Check(wire));
    if (!parts.issuer) return AssetFingerprint(parts, "");
    return AssetFingerprint(parts, text::EncodeAccount(*parts.issuer).view());
  };
  EXPECT_EQ(fingerprint(std::vector<uint8_t>(4)), -5706705804583548011);
  EXPECT_EQ(
      fingerprint(Credit(1, "AAPL", "GBRDHSZL4ZKOI2PTUMM53N3NICZXC5OX3KPCD4WD4NG4XGCBC2ZA3KAG")),
      17967170802372658);
  EXPECT_EQ(
      fingerprint(Credit(2, "CENTUS", "GAKMVPHBET4T7DPN32ODVSI4AA3YEZX2GHGNNSBGFNRQ6QEVKFO4MNDZ")),
      -7588046193393700331);
  // Texts of another number of whole blocks of 64 bytes: 73 and 85 are the shortest and longest.
  EXPECT_NE(fingerprint(Credit(1, "A", kCircle)), fingerprint(Credit(2, "ABCDEFGHIJKL", kCircle)));
}

TEST(Asset, HasTheContractIdThatTheNetworkGivesIt) {
  Sha256 sha;
  const Network pubnet = *Network::FromNameOrPassphrase("pubnet");
  const Network testnet = *Network::FromNameOrPassphrase("testnet");
  const std::vector<uint8_t> native(4);
  const std::vector<uint8_t> usdc = Credit(1, "USDC", kCircle);
  const auto id = [&](const std::vector<uint8_t>& wire, const Network& network) {
    const auto hash = AssetContractId(*xdr::Asset::Check(wire), network.id, sha);
    return std::string(text::EncodeContract(hash).view());
  };
  EXPECT_EQ(id(native, pubnet), "CAS3J7GYLGXMF6TDJBBYYSE3HQ6BBSMLNUQ34T6TZMYMW2EVH34XOWMA");
  EXPECT_EQ(id(native, testnet), "CDLZFC3SYJYDZT7K67VZ75HPJVIEUVNIXF47ZG2FB2RMQQVU2HHGCYSC");
  EXPECT_EQ(id(usdc, pubnet), "CCW67TSZV3SSS2HXMBQ5JFGCKJNXKZM7UQUWUZPUTHXSTZLEO7SJMI75");
}

}  // namespace
}  // namespace stellar_arrow::ledger

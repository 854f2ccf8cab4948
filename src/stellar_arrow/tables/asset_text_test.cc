#include "stellar_arrow/tables/asset_text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "stellar_arrow/ledger/asset_fingerprint.h"
#include "stellar_arrow/tables/json_object.h"
#include "stellar_arrow/text/strkey.h"

namespace stellar_arrow::tables {
namespace {

using xdr::AssetType;

// More assets than there are places; of those in a place each differs from the one before by its
// issuer, its type or its code alone.
TEST(AssetText, IsEveryAssetsOwnHoweverManyThereAre) {
  AssetText texts;
  const auto expect_own = [&](AssetType type, const std::string& code, int i) {
    std::array<uint8_t, 32> issuer{};
    issuer[0] = static_cast<uint8_t>(i);  // not of what places are made of
    issuer[8] = static_cast<uint8_t>(i >> 4);
    const text::Strkey strkey = text::EncodeAccount(issuer);
    const ledger::AssetParts asset{type, code, xdr::uint256(issuer)};
    for (int again = 0; again < 2; ++again) {
      const AssetText::Texts own = texts.Get(asset);
      ASSERT_EQ(own.id, std::to_string(ledger::AssetFingerprint(asset, strkey.view())));
      ASSERT_EQ(own.issuer, strkey.view());
      std::string json;
      AppendJsonString(code, &json);
      ASSERT_EQ(own.code, json);
    }
  };
  const std::vector<std::string> codes = {"",
                                          "A",
                                          "AB",
                                          std::string("A\0B", 3),
                                          std::string(12, '\1'),
                                          std::string(12, '\xFF'),
                                          "ABCD",
                                          "ABCDE",
                                          "ABCDEFGHIJKL"};
  const std::array types = {AssetType::ASSET_TYPE_CREDIT_ALPHANUM4,
                            AssetType::ASSET_TYPE_CREDIT_ALPHANUM12};
  for (const AssetType type : types) {
    for (const std::string& code : codes) {
      for (int i = 0; i < 1000; ++i) expect_own(type, code, i);
    }
  }
  for (const std::string& code : codes) {
    for (const AssetType type : types) expect_own(type, code, 1);
  }
  for (const std::string& code : codes) expect_own(types[1], code, 2);
}

}  // namespace
}  // namespace stellar_arrow::tables

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "stellar_arrow/text/hex.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/text/utc.h"
#include "stellar_arrow/text/utf8.h"

namespace stellar_arrow::text {
namespace {

std::array<uint8_t, 32> ExampleKey() {
  std::array<uint8_t, 32> key;
  EXPECT_TRUE(DecodeHex("3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a", key));
  return key;
}

TEST(Hex, GoesBothWays) {
  const std::vector<uint8_t> bytes = {0x00, 0x7f, 0xff, 0xa5};
  EXPECT_EQ(EncodeHex(bytes), "007fffa5");
  std::array<uint8_t, 4> back;
  EXPECT_TRUE(DecodeHex("007FffA5", back));
  EXPECT_THAT(back, testing::ElementsAreArray(bytes));
}

TEST(Hex, RefusesOtherLengthsAndLetters) {
  std::array<uint8_t, 2> out;
  for (const char* text : {"", "00", "000", "00000", "00g0", "0 00", "0x00"}) {
    EXPECT_FALSE(DecodeHex(text, out)) << text;
  }
}

TEST(Strkey, MatchesKnownTexts) {
  const auto key = ExampleKey();
  std::vector<uint8_t> payload(29);
  std::iota(payload.begin(), payload.end(), uint8_t{1});
  EXPECT_EQ(EncodeAccount(key).view(), "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ");
  EXPECT_EQ(EncodeContract(key).view(), "CA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUWDA");
  EXPECT_EQ(EncodeLiquidityPool(key).view(),
            "LA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPJN");
  EXPECT_EQ(EncodeStrkey(StrkeyKind::kPreAuthTx, key).view(),
            "TA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPUI");
  EXPECT_EQ(EncodeStrkey(StrkeyKind::kHashX, key).view(),
            "XA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVLRR");
  EXPECT_EQ(EncodeClaimableBalance(key).view(),
            "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU");
  EXPECT_EQ(EncodeMuxedAccount(key, 0).view(),
            "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ");
  EXPECT_EQ(
      EncodeSignedPayload(key, payload).view(),
      "PA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAOQCAQDAQCQMBYIBEFAWDANBYHRAEISC"
      "MKBKFQXDAMRUGY4DUAAAAFGBU");
}

TEST(Strkey, ReadsBackWhatItWrites) {
  std::mt19937_64 random(7);
  const auto key = ExampleKey();
  for (int i = 0; i < 500; ++i) {
    const Strkey muxed = EncodeMuxedContract(key, random());
    const auto decoded = DecodeStrkey(muxed);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->kind, StrkeyKind::kMuxedContract);
    EXPECT_EQ(decoded->size, 40u);
    EXPECT_EQ(muxed.view().front(), 'W');
    EXPECT_EQ(muxed.view().size(), 69u);
  }
  for (size_t size = 1; size <= 64; ++size) {
    const std::vector<uint8_t> payload(size, 0xee);
    const Strkey text = EncodeSignedPayload(key, payload);
    const auto decoded = DecodeStrkey(text);
    ASSERT_TRUE(decoded.has_value()) << size;
    EXPECT_EQ(decoded->payload()[35], size);
  }
  EXPECT_EQ(EncodeStrkey(StrkeyKind::kSecretSeed, key).view().front(), 'S');
}

TEST(Strkey, RefusesEverySingleLetterChange) {
  const auto key = ExampleKey();
  for (const Strkey& strkey :
       {EncodeAccount(key), EncodeMuxedAccount(key, 1234), EncodeClaimableBalance(key)}) {
    const std::string text(strkey.view());
    ASSERT_TRUE(DecodeStrkey(text));
    for (size_t i = 0; i < text.size(); ++i) {
      for (const char letter : {'A', 'B', 'Z', '2', '7', 'a', '1', '='}) {
        std::string changed = text;
        if (changed[i] == letter) continue;
        changed[i] = letter;
        EXPECT_FALSE(DecodeStrkey(changed)) << changed;
      }
      EXPECT_FALSE(DecodeStrkey(text.substr(0, i)));
    }
    EXPECT_FALSE(DecodeStrkey(text + "A"));
    EXPECT_FALSE(DecodeStrkey(text + "="));
  }
}

// Texts whose CRC is right but whose content is not.
TEST(Strkey, RefusesPayloadsThatTheirKindForbids) {
  const auto key = ExampleKey();
  std::vector<uint8_t> balance(33, 1);  // type 1 does not exist
  EXPECT_FALSE(DecodeStrkey(EncodeStrkey(StrkeyKind::kClaimableBalance, balance)));
  const std::vector<uint8_t> short_key(31, 1);
  EXPECT_FALSE(DecodeStrkey(EncodeStrkey(StrkeyKind::kAccount, short_key)));
  EXPECT_FALSE(DecodeStrkey(EncodeStrkey(static_cast<StrkeyKind>((6 << 3) + 1), key)));
  EXPECT_FALSE(DecodeStrkey(EncodeStrkey(static_cast<StrkeyKind>(3 << 3), key)));
  std::vector<uint8_t> signed_payload(key.begin(), key.end());
  signed_payload.insert(signed_payload.end(), {0, 0, 0, 1, 0xff, 0, 0, 1});  // padding not zero
  EXPECT_FALSE(DecodeStrkey(EncodeStrkey(StrkeyKind::kSignedPayload, signed_payload)));
  signed_payload.back() = 0;
  EXPECT_TRUE(DecodeStrkey(EncodeStrkey(StrkeyKind::kSignedPayload, signed_payload)));
  signed_payload[35] = 0;  // no bytes at all
  EXPECT_FALSE(DecodeStrkey(EncodeStrkey(StrkeyKind::kSignedPayload, signed_payload)));
}

TEST(ValidUtf8, LeavesValidTextWhereItIs) {
  std::string scratch;
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv, "ascii"sv, "nul\0inside"sv, "\u00e9\u20ac\U0001f680"sv,
                                      "\xED\x9F\xBF"sv, "\xF4\x8F\xBF\xBF"sv}) {
    const std::string_view same = ValidUtf8(text, &scratch);
    EXPECT_EQ(same.data(), text.data());
    EXPECT_EQ(same.size(), text.size());
  }
}

TEST(ValidUtf8, PutsOneReplacementForEachMaximalIllFormedPart) {
  const std::string r = "\xEF\xBF\xBD";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a\xFFz", "a" + r + "z"},
      {"\xC0\xAF", r + r},                  // overlong
      {"\xE0\x80\xAF", r + r + r},          // overlong
      {"\xED\xA0\x80", r + r + r},          // a surrogate
      {"\xF4\x90\x80\x80", r + r + r + r},  // above U+10FFFF
      {"\xE2\x82", r},                      // ends too early
      {"\xF0\x9F\x9A"
       "A",
       r + "A"},  // one byte is missing
      {"\xF1\x80\x80\xE1\x80\xC2"
       "b\x80",
       r + r + r + "b" + r},  // the standard's example
      {"\xC3\xA9\x80", "\xC3\xA9" + r},
  };
  for (const auto& [bytes, text] : cases) {
    std::string scratch;
    EXPECT_EQ(ValidUtf8(bytes, &scratch), text)
        << EncodeHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }
}

TEST(Utc, TellsDateAndTimeHoweverFarAway) {
  const auto utc = [](int64_t seconds) {
    std::string out;
    AppendUtc(seconds, 'T', &out);
    return out;
  };
  EXPECT_EQ(utc(0), "1970-01-01T00:00:00");
  EXPECT_EQ(utc(-1), "1969-12-31T23:59:59");
  EXPECT_EQ(utc(951782399), "2000-02-28T23:59:59");
  EXPECT_EQ(utc(951782400), "2000-02-29T00:00:00");
  EXPECT_EQ(utc(4107542399), "2100-02-28T23:59:59");
  EXPECT_EQ(utc(4107542400), "2100-03-01T00:00:00");
  EXPECT_EQ(utc(253402300799), "9999-12-31T23:59:59");
  EXPECT_EQ(utc(-62135596800), "0001-01-01T00:00:00");
  EXPECT_EQ(utc(-62167219201), "-0001-12-31T23:59:59");
  EXPECT_EQ(utc(INT64_MAX), "292277026596-12-04T15:30:07");
  EXPECT_EQ(utc(INT64_MIN), "-292277022657-01-27T08:29:52");
}

}  // namespace
}  // namespace stellar_arrow::text

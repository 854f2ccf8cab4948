// stellar-etl's text of every kind of value: what Go's SDK prints.
#include "stellar_arrow/tables/scval_text.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/tables/json_object.h"
#include "stellar_arrow/text/strkey.h"
#include "stellar_arrow/xdr/generated/value/Stellar-contract.h"
#include "stellar_arrow/xdr/value.h"

namespace stellar_arrow::tables {
namespace {

namespace v = xdr::value;
using V = v::SCVal;

std::string TextOf(const V& value) {
  const auto wire = v::Encode(value);
  std::string out;
  KeyText keys;
  AppendScValText(*xdr::SCVal::Check(wire), &keys, &out);
  return out;
}

std::string TypeOf(const V& value) { return std::string(ScValTypeName(value.type())); }

TEST(ScValText, IsWhatGoPrints) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  const std::string zeros = "0000000000000000000000000000000000000000000000000000000000000000";
  const v::ContractExecutable asset = v::ContractExecutable::CONTRACT_EXECUTABLE_STELLAR_ASSET();
  v::ContractExecutableExternalRef reference;
  reference.tag = "a tag";
  const v::SCMap map = {{V::SCV_SYMBOL("k"), V::SCV_U32(1)},
                        {V::SCV_BOOL(true), V::SCV_VEC(std::vector<V>{})}};
  struct Case {
    V value;
    std::string type;
    std::string text;
  };
  const Case cases[] = {
      {V::SCV_BOOL(false), "B", "false"},
      {V::SCV_VOID(), "", "(void)"},
      {V::SCV_ERROR(v::SCError::SCE_CONTRACT(5)), "Error", "ScErrorTypeSceContract(5)"},
      {V::SCV_ERROR(v::SCError::SCE_STORAGE(xdr::SCErrorCode::SCEC_MISSING_VALUE)), "Error",
       "ScErrorTypeSceStorage(ScErrorCodeScecMissingValue)"},
      {V::SCV_U32(UINT32_MAX), "U32", "4294967295"},
      {V::SCV_I32(INT32_MIN), "I32", "-2147483648"},
      {V::SCV_U64(kMost), "U64", "18446744073709551615"},
      {V::SCV_I64(INT64_MIN), "I64", "-9223372036854775808"},
      {V::SCV_TIMEPOINT(1600000000), "Timepoint", "2020-09-13 12:26:40 +0000 UTC"},
      {V::SCV_DURATION(60), "Duration", "60"},
      {V::SCV_U128({kMost, kMost}), "U128", "340282366920938463463374607431768211455"},
      {V::SCV_I128({-1, kMost}), "I128", "-1"},
      {V::SCV_U256({0, 0, 1, 0}), "U256", "18446744073709551616"},
      {V::SCV_I256({-1, kMost, kMost, 0}), "I256", "-18446744073709551616"},
      {V::SCV_I128({INT64_MIN, 0}), "I128", "-170141183460469231731687303715884105728"},
      {V::SCV_I128({54210108, 11515845246265065472u}), "I128", "1000000000000000000000000000"},
      {V::SCV_I256({INT64_MIN, 0, 0, 0}), "I256",
       "-57896044618658097711785492504343953926634992332820282019728792003956564819968"},
      {V::SCV_U256({kMost, kMost, kMost, kMost}), "U256",
       "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
      {V::SCV_U256({0, 2938735, 16178822382532126880u, 802379606485813760}), "U256",
       "1000000000000000000000000000000000001000000000"},
      {V::SCV_BYTES({0, 255}), "Bytes", "00ff"},
      {V::SCV_STRING("a \"b\""), "Str", "a \"b\""},
      {V::SCV_SYMBOL("sym"), "Sym", "sym"},
      {V::SCV_VEC(std::nullopt), "Vec", "nil"},
      {V::SCV_VEC(std::vector<V>{}), "Vec", "[]"},
      {V::SCV_VEC(std::vector<V>{V::SCV_U32(1), V::SCV_VEC(std::vector<V>{V::SCV_VOID()})}), "Vec",
       "[1 [(void)]]"},
      {V::SCV_MAP(std::nullopt), "Map", "nil"},
      {V::SCV_MAP(map), "Map", "[{k 1} {true []}]"},
      {V::SCV_ADDRESS(v::SCAddress::SC_ADDRESS_TYPE_CONTRACT({})), "Address",
       std::string(text::EncodeContract(std::array<uint8_t, 32>{}).view())},
      {V::SCV_CONTRACT_INSTANCE({v::ContractExecutable::CONTRACT_EXECUTABLE_WASM({}), {}}),
       "Instance", zeros},
      {V::SCV_CONTRACT_INSTANCE({asset, v::SCMap{}}), "Instance", "(StellarAssetContract)"},
      {V::SCV_CONTRACT_INSTANCE({asset, map}), "Instance",
       "(StellarAssetContract): [{k 1} {true []}]"},
      {V::SCV_CONTRACT_INSTANCE(
           {v::ContractExecutable::CONTRACT_EXECUTABLE_EXTERNAL_REF(reference), {}}),
       "Instance", "(ExternalRef a tag)"},
      {V::SCV_LEDGER_KEY_CONTRACT_INSTANCE(), "", "(LedgerKeyContractInstance)"},
      {V::SCV_LEDGER_KEY_NONCE({0}), "NonceKey", "{0}"},
      {V::SCV_LEDGER_KEY_NONCE({INT64_MIN}), "NonceKey", "{-8000000000000000}"},
      {V::SCV_LEDGER_KEY_NONCE({0xabc}), "NonceKey", "{ABC}"},
      {V::SCV_EXECUTABLE_TAG("tag"), "ExecutableTag", "tag"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(TextOf(c.value), c.text);
    EXPECT_EQ(TypeOf(c.value), c.type) << c.text;
  }
}

TEST(JsonObject, SortsItsMembersAndCanBeUsedAgain) {
  JsonObject object;
  EXPECT_EQ(object.Text(), "{}");
  for (int i = 0; i < 2; ++i) {
    object.Clear();
    object.Number("b_a", int64_t{-1});
    object.String("b", "x");
    object.Null("a");
    object.Value("c")->append("[1]");
    EXPECT_EQ(object.Text(), R"({"a":null,"b":"x","b_a":-1,"c":[1]})");
  }
}

TEST(JsonString, EscapesWhatJsonCannotHoldAndReplacesWhatUtf8Cannot) {
  std::string out;
  AppendJsonString({"\"\\\n\x1f\x7f\0/\xC3\xA9\xFF", 10}, &out);
  EXPECT_EQ(out, "\"\\\"\\\\\\u000a\\u001f\x7f\\u0000/\xC3\xA9\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace stellar_arrow::tables

#include "stellar_arrow/tables/names.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "stellar_arrow/tables/key_text.h"

namespace stellar_arrow::tables {
namespace {

TEST(EnumNames, GiveWordsInLowerCase) {
  const EnumNames transaction("TransactionResultCode", EnumNames::Style::kSnake);
  EXPECT_EQ(transaction[0], "tx_success");
  EXPECT_EQ(transaction[-5], "tx_bad_seq");
  EXPECT_EQ(transaction[1], "tx_fee_bump_inner_success");
  const EnumNames payment("PaymentResultCode", EnumNames::Style::kSnake);
  EXPECT_EQ(payment[-2], "payment_underfunded");
  const EnumNames operation("OperationResultCode", EnumNames::Style::kSnake);
  EXPECT_EQ(operation[0], "op_inner");
  EXPECT_EQ(operation[-2], "op_no_account");
}

TEST(EnumNames, GiveWhatGoPrints) {
  const EnumNames transaction("TransactionResultCode", EnumNames::Style::kGo);
  EXPECT_EQ(transaction[0], "TransactionResultCodeTxSuccess");
  EXPECT_EQ(transaction[-13], "TransactionResultCodeTxFeeBumpInnerFailed");
  const EnumNames memo("MemoType", EnumNames::Style::kGo);
  EXPECT_EQ(memo[1], "MemoTypeMemoText");
  const EnumNames host("HostFunctionType", EnumNames::Style::kGo);
  EXPECT_EQ(host[0], "HostFunctionTypeHostFunctionTypeInvokeContract");
  const EnumNames extend("ExtendFootprintTTLResultCode", EnumNames::Style::kGo);
  EXPECT_EQ(extend[0], "ExtendFootprintTtlResultCodeExtendFootprintTtlSuccess");
  const EnumNames error("SCErrorType", EnumNames::Style::kGo);
  EXPECT_EQ(error[1], "ScErrorTypeSceWasmVm");
}

TEST(EnumNames, OfWhatIsNoMemberIsEmpty) {
  const EnumNames memo("MemoType", EnumNames::Style::kGo);
  EXPECT_EQ(memo[5], "");
  EXPECT_EQ(memo[-1], "");
}

TEST(KeyText, FormatsEveryKeyAsItsStrkeyHoweverManyThereAre) {
  KeyText texts;
  std::array<uint8_t, 32> key{};
  for (int ledger = 0; ledger < 3; ++ledger) {
    texts.StartLedger();
    for (uint32_t i = 0; i < 20000; ++i) {
      key[8] = static_cast<uint8_t>(i);
      key[20] = static_cast<uint8_t>(i >> 8);
      ASSERT_EQ(texts.Account(key), text::EncodeAccount(key).view());
      if (i % 100 == 0) {
        ASSERT_EQ(texts.Contract(key), text::EncodeContract(key).view());
        ASSERT_EQ(texts.Pool(key), text::EncodeLiquidityPool(key).view());
      }
    }
  }
}

TEST(KeyText, KeepsTextsInPlaceWhileOthersCome) {
  KeyText texts;
  texts.StartLedger();
  std::array<uint8_t, 32> key{};
  const std::string_view first = texts.Account(key);
  const std::string copy(first);
  for (uint32_t i = 1; i < 5000; ++i) {
    key[9] = static_cast<uint8_t>(i);
    key[10] = static_cast<uint8_t>(i >> 8);
    texts.Account(key);
  }
  EXPECT_EQ(first, copy);
}

}  // namespace
}  // namespace stellar_arrow::tables

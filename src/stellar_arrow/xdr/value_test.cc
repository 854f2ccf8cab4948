// What is decoded encodes to the same bytes, and what is encoded passes the check: every ledger of
// the corpora, any bytes of any type, and every way in which a value can be none of the protocol's.
#include "stellar_arrow/xdr/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/xdr/generated/Stellar-exporter.h"
#include "stellar_arrow/xdr/generated/Stellar-ledger.h"
#include "stellar_arrow/xdr/generated/value/Stellar-contract-spec.h"
#include "stellar_arrow/xdr/generated/value/Stellar-exporter.h"
#include "stellar_arrow/xdr/generated/value/Stellar-ledger.h"
#include "stellar_arrow/xdr/generated/value/Stellar-transaction.h"
#include "stellar_arrow/xdr/type_info.h"
#include "tests/support/ledger_files.h"
#include "tests/support/random_xdr.h"

namespace stellar_arrow::xdr::value {
namespace {

using testing::HasSubstr;
using Buffer = std::vector<uint8_t>;

template <typename F>
std::string MessageOf(F&& f) {
  try {
    f();
  } catch (const InvalidValue& e) {
    return e.what();
  }
  return "nothing was thrown";
}

std::string FaultOf(const TypeInfo& type, const Buffer& wire) {
  const std::optional<CheckError> error = Explain(type, wire);
  return error ? error->ToString() : "";
}

// A checked value of T that decodes and encodes to `wire`.
template <typename T>
void ExpectSameBytes(const T& value, const Buffer& wire) {
  const Buffer encoded = Encode(value);
  EXPECT_EQ(encoded, wire);
  const auto view = T::View::Check(encoded);
  ASSERT_TRUE(view.ok()) << view.error().ToString();
  EXPECT_EQ(Encode(Decode(*view)), wire);
}

Buffer Words(std::initializer_list<uint32_t> words) {
  Buffer out;
  Writer w(&out);
  for (uint32_t word : words) w.Word(word);
  w.Done();
  return out;
}

// ---- All types, by the tables.

TEST(Codecs, AreThoseOfAllTypesInTheirOrder) {
  ASSERT_EQ(AllCodecs().size(), AllTypes().size());
  for (size_t i = 0; i < AllTypes().size(); ++i) {
    EXPECT_EQ(AllCodecs()[i].name, AllTypes()[i]->name);
  }
}

TEST(Codecs, EncodeADefaultOfEveryTypeThatItsCheckAccepts) {
  for (size_t i = 0; i < AllTypes().size(); ++i) {
    const TypeCodec& codec = AllCodecs()[i];
    const Buffer wire = codec.encode_default();
    EXPECT_EQ(FaultOf(*AllTypes()[i], wire), "") << codec.name;
    EXPECT_EQ(codec.encode_again(wire), wire) << codec.name;
  }
}

TEST(Codecs, DecodeAndEncodeAnyValueOfAnyTypeToTheSameBytes) {
  support::RandomXdr random(1);
  for (size_t i = 0; i < AllTypes().size(); ++i) {
    for (int round = 0; round < 50; ++round) {
      const Buffer wire = random.Value(*AllTypes()[i]);
      ASSERT_EQ(FaultOf(*AllTypes()[i], wire), "") << AllCodecs()[i].name;
      ASSERT_EQ(AllCodecs()[i].encode_again(wire), wire) << AllCodecs()[i].name;
    }
  }
}

TEST(Codecs, DecodeAndEncodeEveryArmOfEveryUnionToTheSameBytes) {
  support::RandomXdr random(2);
  int cases = 0;
  for (size_t i = 0; i < AllTypes().size(); ++i) {
    for (const ArmInfo& arm : AllTypes()[i]->arms) {
      for (const UnionCase& selected : arm.cases) {
        for (int round = 0; round < 20; ++round) {
          const Buffer wire = random.UnionValue(*AllTypes()[i], selected.value);
          ASSERT_EQ(FaultOf(*AllTypes()[i], wire), "") << AllCodecs()[i].name;
          ASSERT_EQ(AllCodecs()[i].encode_again(wire), wire)
              << AllCodecs()[i].name << " " << selected.json_name;
        }
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, 583);
}

// ---- Every ledger.

struct Seen {
  std::map<int32_t, int> versions;  // ledgers by LedgerCloseMeta's version
  int batches = 0;
};

// Whether `wire` is a View that decodes and encodes to the same bytes.
template <typename View>
bool ComesBack(const std::string& name, Bytes wire) {
  const auto view = View::Check(wire);
  if (!view.ok()) return false;
  const auto value = Decode(*view);
  EXPECT_TRUE(std::ranges::equal(Encode(value), wire)) << name;
  // A copy is a value of its own.
  auto copy = value;
  const auto moved = std::move(copy);
  EXPECT_TRUE(std::ranges::equal(Encode(moved), wire)) << name;
  return true;
}

Seen RoundTrip(const std::string& folder) {
  Seen seen;
  support::ForEachXdr(folder, [&](const std::string& name, Bytes wire) {
    if (ComesBack<xdr::LedgerCloseMeta>(name, wire)) {
      ++seen.versions[xdr::LedgerCloseMeta::Check(wire)->v()];
    } else if (ComesBack<xdr::LedgerCloseMetaBatch>(name, wire)) {
      ++seen.batches;
    } else {
      ADD_FAILURE() << name << ": " << xdr::LedgerCloseMeta::Check(wire).error().ToString();
    }
  });
  return seen;
}

TEST(Ledgers, OfEveryCorpusComeBackToTheSameBytes) {
  const Seen seen = RoundTrip(SAS_TEST_DATA);
  EXPECT_EQ(seen.versions, (std::map<int32_t, int>{{0, 5}, {1, 35}, {2, 11097}}));
  EXPECT_EQ(seen.batches, 9);  // the lakes' objects
}

// STELLAR_XDR_FOLDER: a folder of more ledgers, as large as you like.
TEST(Ledgers, OfAFolderOfYoursComeBackToTheSameBytes) {
  const char* const folder = std::getenv("STELLAR_XDR_FOLDER");
  if (folder == nullptr) GTEST_SKIP() << "STELLAR_XDR_FOLDER names no folder";
  const Seen seen = RoundTrip(folder);
  EXPECT_GT(seen.versions.size() + static_cast<size_t>(seen.batches), 0u);
  for (const auto& [version, ledgers] : seen.versions) {
    std::cout << ledgers << " ledgers of version " << version << "\n";
  }
  std::cout << seen.batches << " batches\n";
}

// ---- Values by hand.

TransactionEnvelope Payment(int64_t amount) {
  Transaction transaction = {
      .sourceAccount = MuxedAccount::KEY_TYPE_ED25519({1}),
      .fee = 100,
      .seqNum = 7,
      .cond = Preconditions::PRECOND_TIME({.minTime = 0, .maxTime = 9}),
      .memo = Memo::MEMO_TEXT("rent"),
      .operations = {{.body = OperationBody::PAYMENT({
                          .destination = MuxedAccount::KEY_TYPE_ED25519({2}),
                          .asset = Asset::ASSET_TYPE_NATIVE(),
                          .amount = amount,
                      })}},
  };
  return TransactionEnvelope::ENVELOPE_TYPE_TX(
      {.tx = std::move(transaction), .signatures = {{.hint = {3}, .signature = Buffer(64)}}});
}

TEST(Value, OfAPaymentIsWhatTheReaderReads) {
  const Buffer wire = Encode(Payment(5000));
  const auto view = xdr::TransactionEnvelope::Check(wire);
  ASSERT_TRUE(view.ok()) << view.error().ToString();
  const xdr::Transaction transaction = view->v1().tx();
  EXPECT_EQ(transaction.fee(), 100u);
  EXPECT_EQ(transaction.seqNum(), 7);
  EXPECT_EQ(transaction.cond().timeBounds().maxTime(), 9u);
  EXPECT_EQ(transaction.memo().text(), "rent");
  ASSERT_EQ(transaction.operations().size(), 1u);
  const xdr::PaymentOp payment = transaction.operations()[0].body().paymentOp();
  EXPECT_EQ(payment.amount(), 5000);
  EXPECT_EQ(payment.destination().ed25519()[0], 2);
  EXPECT_EQ(view->v1().signatures()[0].signature().size(), 64u);
}

TEST(Value, IsChangedInPlace) {
  TransactionEnvelope envelope = Payment(5000);
  envelope.v1().tx.operations[0].body.paymentOp().amount = 6000;
  envelope.v1().tx.memo = Memo::MEMO_ID(1);
  EXPECT_EQ(Encode(envelope), Encode([] {
              TransactionEnvelope other = Payment(6000);
              other.v1().tx.memo = Memo::MEMO_ID(1);
              return other;
            }()));
  EXPECT_NE(Encode(envelope), Encode(Payment(6000)));
}

TEST(Union, EncodesAVoidArmAsItsDiscriminantAlone) {
  ExpectSameBytes(Memo::MEMO_NONE(), Words({0}));
  ExpectSameBytes(ExtensionPoint::v0(), Words({0}));
  ExpectSameBytes(PaymentResult::PAYMENT_NO_TRUST(), Words({0xfffffffa}));  // one of nine cases
}

TEST(Union, EncodesTheDiscriminantThatAnArmOfManyWasMadeWith) {
  ExpectSameBytes(SCError::SCE_CONTRACT(7), Words({0, 7}));
  ExpectSameBytes(SCError::SCE_STORAGE(SCErrorCode::SCEC_MISSING_VALUE), Words({3, 3}));
  ExpectSameBytes(SCError::SCE_AUTH(SCErrorCode::SCEC_MISSING_VALUE), Words({9, 3}));
  ExpectSameBytes(TransactionResultResult::txSUCCESS({}), Words({0, 0}));
  ExpectSameBytes(TransactionResultResult::txFAILED({}), Words({0xffffffff, 0}));
}

TEST(Union, EncodesNumbersAsDiscriminants) {
  ExpectSameBytes(AccountEntryExtensionV1Ext::v0(), Words({0}));
  ExpectSameBytes(TransactionMeta::v0({}), Words({0, 0}));
  EXPECT_EQ(TransactionMeta::v4({}).v(), 4);
  EXPECT_EQ(GeneralizedTransactionSet().v(), 1);  // there is no 0
}

TEST(Union, OfADiscriminantHasTheDefaultOfItsArm) {
  ExpectSameBytes(Memo::Of(MemoType::MEMO_ID), Words({2, 0, 0}));
  ExpectSameBytes(PaymentResult::Of(PaymentResultCode::PAYMENT_MALFORMED), Words({0xffffffff}));
  EXPECT_EQ(TransactionMeta::Of(2).v2().operations.size(), 0u);
  EXPECT_THAT(MessageOf([] { AssetCode::Of(AssetType::ASSET_TYPE_NATIVE); }),
              HasSubstr("AssetCode has no arm for 0"));
  EXPECT_THAT(MessageOf([] { TransactionMeta::Of(99); }), HasSubstr("no arm for 99"));
  EXPECT_THAT(MessageOf([] { Memo::Of(static_cast<MemoType>(5)); }), HasSubstr("no arm for 5"));
}

TEST(Union, GivesTheArmThatIsThereAndNoOther) {
  Memo memo = Memo::MEMO_TEXT("x");
  EXPECT_EQ(memo.text(), "x");
  EXPECT_EQ(memo.ifText(), &memo.text());
  EXPECT_EQ(memo.ifId(), nullptr);
  EXPECT_EQ(MessageOf([&] { memo.id(); }), "Memo.id is not the arm that 1 selects");
  EXPECT_EQ(MessageOf([&] { std::as_const(memo).hash(); }),
            "Memo.hash is not the arm that 1 selects");
}

TEST(Union, MovedFromThrowsUntilItIsAssignedTo) {
  Memo memo = Memo::MEMO_TEXT("x");
  const Memo moved = std::move(memo);
  ExpectSameBytes(moved, Words({1, 1, 0x78000000}));
  EXPECT_THROW(Encode(memo), InvalidValue);  // NOLINT: that is the test
  memo = moved;
  ExpectSameBytes(memo, Words({1, 1, 0x78000000}));
  const Memo& self = memo;
  memo = self;
  ExpectSameBytes(memo, Words({1, 1, 0x78000000}));
}

TEST(Union, OfDepthAndRecursionIsCopiedWhole) {
  ClaimPredicate predicate = ClaimPredicate::CLAIM_PREDICATE_NOT(
      ClaimPredicate::CLAIM_PREDICATE_AND({ClaimPredicate::CLAIM_PREDICATE_UNCONDITIONAL(),
                                           ClaimPredicate::CLAIM_PREDICATE_NOT(std::nullopt)}));
  const Buffer wire = Words({3, 1, 1, 2, 0, 3, 0});
  const ClaimPredicate copy = predicate;
  predicate.notPredicate()->andPredicates().clear();
  ExpectSameBytes(predicate, Words({3, 1, 1, 0}));
  ExpectSameBytes(copy, wire);
  predicate = copy;
  ExpectSameBytes(predicate, wire);

  SCSpecTypeDef list = SCSpecTypeDef::SC_SPEC_TYPE_VEC(
      {.elementType = SCSpecTypeDef::SC_SPEC_TYPE_OPTION({SCSpecTypeDef::SC_SPEC_TYPE_U32()})});
  const SCSpecTypeDef before = list;
  list.vec().elementType = SCSpecTypeDef::SC_SPEC_TYPE_BOOL();
  ExpectSameBytes(list, Words({1002, 1}));
  ExpectSameBytes(before, Words({1002, 1000, 4}));
}

SCVal NestedVectors(int vectors) {
  SCVal value = SCVal::SCV_VOID();
  for (int i = 0; i < vectors; ++i) {
    SCVec outer;
    outer.push_back(std::move(value));
    value = SCVal::SCV_VEC(std::move(outer));
  }
  return value;
}

TEST(Encode, NestsUpToTheLimitAndNoMore) {
  for (int vectors : {300, 499}) {
    const SCVal value = NestedVectors(vectors);
    const Buffer wire = Encode(value);
    const auto view = xdr::SCVal::Check(wire);
    ASSERT_TRUE(view.ok()) << view.error().ToString();
    EXPECT_EQ(Encode(Decode(*view)), wire);
    EXPECT_EQ(Encode(SCVal(value)), wire);
  }
  EXPECT_EQ(MessageOf([] { Encode(NestedVectors(500)); }),
            "SCVal is nested deeper than 1500 levels");
}

TEST(Encode, RefusesWhatIsOverItsLimitAndLeavesTheBufferAsItWas) {
  Buffer out = {1, 2, 3};
  EXPECT_EQ(MessageOf([&] { Encode(Memo::MEMO_TEXT(std::string(29, 'x')), &out); }),
            "Memo.text has a length of 29, the limit is 28");
  EXPECT_EQ(out, Buffer({1, 2, 3}));
  Encode(Memo::MEMO_TEXT(std::string(28, 'x')), &out);
  EXPECT_EQ(out.size(), 3u + 4 + 4 + 28);

  TransactionEnvelope envelope = Payment(1);
  envelope.v1().tx.operations.resize(101);
  EXPECT_EQ(MessageOf([&] { Encode(envelope); }),
            "Transaction.operations has a length of 101, the limit is 100");
  EXPECT_EQ(MessageOf([&] { Encode(SCVal::SCV_SYMBOL(std::string(33, 'x'))); }),
            "SCVal.sym has a length of 33, the limit is 32");
  EXPECT_EQ(MessageOf([&] { EncodeDataValue(Buffer(65), &out); }),
            "DataValue has a length of 65, the limit is 64");
}

TEST(Encode, RefusesAnEnumValueWithoutAName) {
  EXPECT_EQ(MessageOf([] { Encode(static_cast<MemoType>(5)); }), "MemoType has no value 5");
  EXPECT_EQ(MessageOf([] { Encode(SCError::SCE_AUTH(static_cast<SCErrorCode>(-1))); }),
            "SCErrorCode has no value -1");
}

TEST(Encode, PadsWithZeros) {
  ExpectSameBytes(Memo::MEMO_TEXT("abc"), Words({1, 3, 0x61626300}));
  ExpectSameBytes(Memo::MEMO_TEXT(""), Words({1, 0}));
  Buffer out;
  EncodeValue({0xff}, &out);
  EXPECT_EQ(out, Words({1, 0xff000000}));
  EXPECT_EQ(DecodeValue(out), Buffer({0xff}));
}

}  // namespace
}  // namespace stellar_arrow::xdr::value

// The one fallible door, from both sides: the generated checks and the tables must agree on all
// bytes, and say what is wrong where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <type_traits>
#include <vector>

#include "stellar_arrow/xdr/generated/Stellar-ledger.h"
#include "stellar_arrow/xdr/generated/Stellar-transaction.h"
#include "stellar_arrow/xdr/type_info.h"
#include "tests/support/count_allocations.h"

namespace stellar_arrow::xdr {
namespace {

using Buffer = std::vector<uint8_t>;

void Put(Buffer& out, uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(word >> shift));
}

Buffer Words(std::initializer_list<uint32_t> words) {
  Buffer out;
  for (uint32_t word : words) Put(out, word);
  return out;
}

template <typename View>
CheckError ErrorOf(const Buffer& wire) {
  Checked<View> checked = View::Check(wire);
  EXPECT_FALSE(checked.ok());
  return checked.ok() ? CheckError{} : checked.error();
}

TEST(Check, GivesAViewOfEveryField) {
  const Buffer wire = Words({7, 9});
  Checked<Price> price = Price::Check(wire);
  ASSERT_TRUE(price.ok());
  EXPECT_EQ(price->n(), 7);
  EXPECT_EQ(price->d(), 9);
  EXPECT_EQ(price->wire().data(), wire.data());
  EXPECT_EQ(price->wire().size(), wire.size());
}

TEST(Check, ReadsFieldsBehindOnesOfVaryingSize) {
  Buffer wire;
  Put(wire, 3);  // ManageDataOp.dataName
  wire.insert(wire.end(), {'a', 'b', 'c', 0});
  Put(wire, 1);  // present
  Put(wire, 2);
  wire.insert(wire.end(), {'x', 'y', 0, 0});
  Checked<ManageDataOp> op = ManageDataOp::Check(wire);
  ASSERT_TRUE(op.ok());
  EXPECT_EQ(op->dataName(), "abc");
  ASSERT_TRUE(op->dataValue().has_value());
  EXPECT_THAT(*op->dataValue(), testing::ElementsAre('x', 'y'));
  EXPECT_EQ(op->wire().size(), wire.size());
}

TEST(Check, RefusesBytesThatEndEarlyOrLate) {
  EXPECT_EQ(ErrorOf<Price>(Words({1})).code, CheckErrorCode::kTruncated);
  EXPECT_EQ(ErrorOf<Price>({}).code, CheckErrorCode::kTruncated);
  const CheckError error = ErrorOf<Price>(Words({1, 2, 3}));
  EXPECT_EQ(error.code, CheckErrorCode::kTrailingBytes);
  EXPECT_EQ(error.offset, 8u);
}

TEST(Check, RefusesUnknownEnumValuesByPathAndOffset) {
  const CheckError error = ErrorOf<TimeBounds>(Words({0, 1, 0}));
  EXPECT_EQ(error.code, CheckErrorCode::kTruncated);
  const CheckError memo = ErrorOf<Memo>(Words({5}));
  EXPECT_EQ(memo.code, CheckErrorCode::kUnknownEnumValue);
  EXPECT_EQ(memo.path, "type");
  EXPECT_EQ(memo.offset, 0u);
  EXPECT_THAT(memo.ToString(),
              testing::HasSubstr("type at byte 0: unknown enum value (5 of MemoType)"));
}

TEST(Check, RefusesADiscriminantWithoutAnArm) {
  const CheckError error = ErrorOf<AssetCode>(Words({0}));  // native has no code
  EXPECT_EQ(error.code, CheckErrorCode::kUnknownUnionArm);
  EXPECT_EQ(ErrorOf<ExtensionPoint>(Words({1})).code, CheckErrorCode::kUnknownUnionArm);
  EXPECT_EQ(ErrorOf<LedgerCloseMeta>(Words({99})).code, CheckErrorCode::kUnknownUnionArm);
}

TEST(Check, RefusesBoolsAndFlagsOtherThanZeroAndOne) {
  const CheckError boolean = ErrorOf<SCVal>(Words({0, 2}));
  EXPECT_EQ(boolean.code, CheckErrorCode::kBadBool);
  EXPECT_EQ(boolean.path, "b");
  EXPECT_EQ(boolean.offset, 4u);
  EXPECT_EQ(ErrorOf<SCVal>(Words({16, 2})).code, CheckErrorCode::kBadBool);
}

TEST(Check, RefusesPaddingThatIsNotZero) {
  Buffer wire = Words({1, 1});  // a text memo of one byte
  wire.insert(wire.end(), {'a', 0, 0, 1});
  const CheckError error = ErrorOf<Memo>(wire);
  EXPECT_EQ(error.code, CheckErrorCode::kNonZeroPadding);
  EXPECT_EQ(error.offset, 11u);
}

TEST(Check, RefusesLengthsOverTheLimit) {
  Buffer wire = Words({1, 29});
  wire.resize(wire.size() + 32);
  EXPECT_EQ(ErrorOf<Memo>(wire).code, CheckErrorCode::kLengthOverLimit);
}

TEST(Check, RefusesLengthsThatTheBytesCannotHold) {
  for (uint32_t length : {0x7fffffd0u, 0xffffffffu, 2u}) {
    EXPECT_EQ(ErrorOf<SCVal>(Words({16, 1, length, 1})).code, CheckErrorCode::kLengthOverLimit);
    EXPECT_EQ(ErrorOf<SCVal>(Words({13, length * 4})).code, CheckErrorCode::kLengthOverLimit);
  }
}

TEST(Check, AllocatesNothingWhateverTheLengths) {
  const Buffer vector = Words({16, 1, 0x7fffffd0, 1});
  const Buffer bytes = Words({13, 0x7fffffd0, 1});
  const Buffer map = Words({17, 1, 0xffffffff, 1});
  const int64_t before = support::Allocations();
  for (const Buffer* wire : {&vector, &bytes, &map}) {
    EXPECT_EQ(SCVal::CheckAt(wire->data(), wire->data() + wire->size()), nullptr);
  }
  EXPECT_EQ(support::Allocations(), before);
}

// SCVal vectors, one inside the other; each is three levels: value, optional, array.
Buffer NestedVectors(int vectors) {
  Buffer wire;
  for (int i = 0; i < vectors; ++i) {
    for (uint32_t word : {16u, 1u, 1u}) Put(wire, word);
  }
  Put(wire, 1);  // void
  return wire;
}

TEST(Check, AcceptsNestingUpToTheLimitAndNoMore) {
  const Buffer deep = NestedVectors(300);
  EXPECT_TRUE(SCVal::Check(deep).ok());
  const Buffer deepest = NestedVectors(499);  // the innermost value is at level 1498
  EXPECT_TRUE(SCVal::Check(deepest).ok());
  EXPECT_EQ(ErrorOf<SCVal>(NestedVectors(500)).code, CheckErrorCode::kTooDeep);
  EXPECT_EQ(ErrorOf<SCVal>(NestedVectors(2000)).code, CheckErrorCode::kTooDeep);
}

// Random bytes that are likely to be nearly right: small words.
Buffer RandomWords(std::mt19937& random, size_t words) {
  Buffer wire;
  for (size_t i = 0; i < words; ++i) Put(wire, random() % 4 == 0 ? random() : random() % 3);
  return wire;
}

template <typename View>
void ExpectAgreement(int rounds, std::mt19937& random) {
  for (int i = 0; i < rounds; ++i) {
    const Buffer wire = RandomWords(random, random() % 24);
    const uint8_t* end = wire.data() + wire.size();
    const bool fast = !wire.empty() && View::CheckAt(wire.data(), end) == end;
    const bool by_tables = !Explain(View::Info(), wire).has_value();
    ASSERT_EQ(fast, by_tables) << View::Info().name;
  }
}

TEST(Check, AgreesWithTheTablesOnRandomBytes) {
  std::mt19937 random(1);
  ExpectAgreement<SCVal>(20000, random);
  ExpectAgreement<Memo>(20000, random);
  ExpectAgreement<Asset>(20000, random);
  ExpectAgreement<LedgerKey>(20000, random);
  ExpectAgreement<OperationResult>(20000, random);
  ExpectAgreement<TransactionResult>(20000, random);
  ExpectAgreement<ClaimPredicate>(20000, random);
  ExpectAgreement<Preconditions>(20000, random);
}

TEST(Types, AreAllThere) {
  EXPECT_EQ(AllTypes().size(), 477u);
  ASSERT_NE(FindType("LedgerCloseMeta"), nullptr);
  EXPECT_EQ(FindType("LedgerCloseMeta")->kind, Kind::kUnion);
  EXPECT_EQ(FindType("NoSuchType"), nullptr);
}

TEST(Views, AreSmallValuesThatOwnNothing) {
  static_assert(std::is_trivially_copyable_v<LedgerCloseMeta>);
  static_assert(sizeof(LedgerCloseMeta) == sizeof(void*));
  static_assert(!std::is_default_constructible_v<LedgerCloseMeta>);
  static_assert(!std::is_constructible_v<LedgerCloseMeta, const uint8_t*>);
}

// A view of a buffer that dies with the statement must not compile.
template <typename B>
concept CanCheck = requires(B&& buffer) { Price::Check(std::forward<B>(buffer)); };
static_assert(CanCheck<Bytes> && CanCheck<Buffer&> && CanCheck<const Buffer&>);
static_assert(!CanCheck<Buffer>);

}  // namespace
}  // namespace stellar_arrow::xdr

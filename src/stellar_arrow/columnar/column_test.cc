#include "stellar_arrow/columnar/column.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/columnar/batch_builder.h"

namespace stellar_arrow::columnar {
namespace {

struct Toy {
  uint32_t number = 0;
  std::optional<int64_t> maybe;
  std::string name;
  std::vector<std::string> tags;
  std::vector<uint32_t> places = {};
};

constexpr Column<Toy> kToys[] = {
    Col<Toy>("number", U32{}, "A number", [](const Toy& t) { return t.number; }),
    Col<Toy>("maybe", I64{}, "A number or not", [](const Toy& t) { return t.maybe; }),
    Col<Toy>("name", Text{}, "A name", [](const Toy& t) { return std::string_view(t.name); }),
    Col<Toy>("tags", TextList{}, "Some words",
             [](const Toy& t, TextList::Builder& out) {
               for (const std::string& tag : t.tags) out.Add(tag);
             }),
    Col<Toy>("places", U32List{}, "Some numbers",
             [](const Toy& t, U32List::Builder& out) {
               for (const uint32_t place : t.places) out.Add(place);
             }),
    Col<Toy>("when", Timestamp{}, "A time",
             [](const Toy& t) { return std::chrono::microseconds(t.number); }),
};

BatchBuilder<Toy> MakeBuilder(std::vector<std::string> names = {}) {
  return BatchBuilder<Toy>(SelectColumns<Toy>(kToys, names).ValueOrDie(),
                           arrow::default_memory_pool());
}

TEST(Column, IsNullableExactlyWhenItsExtractionIsOptional) {
  const auto schema = MakeBuilder().schema();
  EXPECT_FALSE(schema->field(0)->nullable());
  EXPECT_TRUE(schema->field(1)->nullable());
  EXPECT_EQ(schema->field(4)->type()->ToString(), "list<item: uint32>");
  EXPECT_FALSE(schema->field(4)->nullable());
  EXPECT_EQ(schema->field(5)->type()->ToString(), "timestamp[us, tz=UTC]");
}

// A number of another type must not slip into a column.
static_assert(detail::Feeds<uint32_t, uint32_t>);
static_assert(!detail::Feeds<int64_t, uint32_t>);
static_assert(!detail::Feeds<uint32_t, int64_t>);
static_assert(!detail::Feeds<bool, uint32_t>);
static_assert(!detail::Feeds<int64_t, std::chrono::microseconds>);

TEST(BatchBuilder, KeepsValuesAndRunsOfNullsInTheirPlaces) {
  auto builder = MakeBuilder();
  for (uint32_t i = 0; i < 10; ++i) {
    Toy toy{i, std::nullopt, std::to_string(i), std::vector<std::string>(i % 3, "t")};
    if (i == 4 || i == 7) toy.maybe = -int64_t{i};
    ASSERT_TRUE(builder.Append(toy).ok());
  }
  EXPECT_EQ(builder.rows(), 10);
  const auto batch = builder.Finish().ValueOrDie();
  ASSERT_TRUE(batch->ValidateFull().ok());
  ASSERT_EQ(batch->num_rows(), 10);
  const auto& maybe = static_cast<const arrow::Int64Array&>(*batch->column(1));
  EXPECT_EQ(maybe.null_count(), 8);
  EXPECT_EQ(maybe.Value(4), -4);
  EXPECT_EQ(maybe.Value(7), -7);
  const auto& tags = static_cast<const arrow::ListArray&>(*batch->column(3));
  EXPECT_EQ(tags.value_length(2), 2);
  EXPECT_EQ(builder.rows(), 0);
}

TEST(BatchBuilder, MakesTheSameOfRowsOneByOneAndManyAtOnce) {
  std::vector<Toy> toys;
  for (uint32_t i = 0; i < 300; ++i) {
    toys.push_back({i, std::nullopt, std::string(i % 5, 'x'), {}, {}});
    if (i % 3 == 1) toys[i].maybe = i;
    if (i % 7 == 2) toys[i].tags = {"one", "two"};
    if (i > 100) toys[i].places.assign(i % 4, i);
  }
  auto one_by_one = MakeBuilder();
  for (const Toy& toy : toys) ASSERT_TRUE(one_by_one.Append(toy).ok());
  const auto expected = one_by_one.Finish().ValueOrDie();
  auto at_once = MakeBuilder();
  for (const size_t size : {1, 7, 8, 32, 300}) {
    for (size_t begin = 0; begin < toys.size(); begin += size) {
      const auto rows = std::span<const Toy>(toys).subspan(begin);
      ASSERT_TRUE(at_once.Append(rows.first(std::min(size, rows.size()))).ok());
    }
    const auto batch = at_once.Finish().ValueOrDie();
    ASSERT_TRUE(batch->ValidateFull().ok());
    EXPECT_TRUE(batch->Equals(*expected)) << size;
  }
}

// Rows of three kinds; the second has no cell in `odd`, the third in neither.
struct Kind {
  size_t number;
  size_t kind() const { return number % 3; }
};
constexpr Column<Kind> kKinds[] = {
    Only(0b001, Col<Kind>("odd", U64{}, "", [](const Kind& k) { return std::optional(k.number); })),
    Only(0b011, Col<Kind>("text", Text{}, "",
                          [](const Kind& k) {
                            return std::optional<std::string_view>(k.kind() == 0 ? "a" : "bc");
                          })),
};

TEST(BatchBuilder, AsksColumnsForTheKindsOfRowsThatTheyHave) {
  BatchBuilder<Kind> builder(SelectColumns<Kind>(kKinds, {}).ValueOrDie(),
                             arrow::default_memory_pool());
  std::vector<Kind> rows;
  for (size_t i = 0; i < 100; ++i) rows.push_back({i});
  ASSERT_TRUE(builder.Append(rows).ok());
  ASSERT_TRUE(builder.Append(Kind{2}).ok());  // no column is asked
  const auto batch = builder.Finish().ValueOrDie();
  ASSERT_TRUE(batch->ValidateFull().ok());
  ASSERT_EQ(batch->num_rows(), 101);
  const auto& numbers = static_cast<const arrow::UInt64Array&>(*batch->column(0));
  const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(1));
  for (int64_t i = 0; i < 101; ++i) {
    const int64_t kind = i == 100 ? 2 : i % 3;
    ASSERT_EQ(numbers.IsValid(i), kind == 0) << i;
    if (kind == 0) {
      EXPECT_EQ(numbers.Value(i), static_cast<uint64_t>(i));
    }
    ASSERT_EQ(texts.IsValid(i), kind != 2) << i;
    if (kind != 2) {
      EXPECT_EQ(texts.GetView(i), kind == 0 ? "a" : "bc");
    }
  }
}

TEST(BatchBuilder, MakesOneBatchAfterTheOther) {
  auto builder = MakeBuilder();
  for (int batch = 0; batch < 3; ++batch) {
    for (uint32_t i = 0; i < 5; ++i) {
      ASSERT_TRUE(builder.Append({i, std::nullopt, "name", {}}).ok());
    }
    const auto finished = builder.Finish().ValueOrDie();
    ASSERT_TRUE(finished->ValidateFull().ok());
    EXPECT_EQ(finished->num_rows(), 5);
    EXPECT_EQ(finished->column(1)->null_count(), 5);
  }
}

// A row that has all its cells, or none.
using Hollow = std::optional<std::string>;

template <typename Type, typename Value>
constexpr Column<Hollow> HollowCol(std::string_view name, Type type, Value) {
  return Col<Hollow>(name, type, "", [](const Hollow& row) {
    return row ? std::optional(Value{}(*row)) : std::nullopt;
  });
}

constexpr Column<Hollow> kHollows[] = {
    HollowCol("bool", Bool{}, [](const std::string& text) { return text.size() % 2 == 1; }),
    HollowCol("u8", U8{}, [](const std::string& text) { return static_cast<uint8_t>(text[0]); }),
    HollowCol("hash", Hash32{},
              [](const std::string& text) {
                return std::span<const uint8_t, 32>(reinterpret_cast<const uint8_t*>(text.data()),
                                                    32);
              }),
    HollowCol("text", Text{}, [](const std::string& text) { return std::string_view(text); }),
    HollowCol("binary", Binary{},
              [](const std::string& text) {
                return std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size());
              }),
};

TEST(BatchBuilder, MakesColumnsWithoutAValueAsArrowDoes) {
  BatchBuilder<Hollow> builder(SelectColumns<Hollow>(kHollows, {}).ValueOrDie(),
                               arrow::default_memory_pool());
  // The second and third are of nulls alone, and the shared zeros grow between them.
  for (const auto& [rows, text] : std::vector<std::pair<int, Hollow>>{
           {9, std::string(33, 'x')}, {3, {}}, {100, {}}, {9, std::string(32, 'y')}}) {
    ASSERT_TRUE(builder.Append(std::vector<Hollow>(static_cast<size_t>(rows), text)).ok());
    const auto batch = builder.Finish().ValueOrDie();
    ASSERT_TRUE(batch->ValidateFull().ok());
    ASSERT_EQ(batch->num_rows(), rows);
    for (int i = 0; i < batch->num_columns(); ++i) {
      const auto& column = *batch->column(i);
      EXPECT_EQ(column.null_count(), text ? 0 : rows) << batch->column_name(i);
      if (text) continue;
      const auto nulls = arrow::MakeArrayOfNull(column.type(), rows).ValueOrDie();
      EXPECT_TRUE(column.Equals(*nulls)) << batch->column_name(i);
      EXPECT_TRUE(column.Slice(1, rows / 2)->Equals(*nulls->Slice(1, rows / 2)));
    }
  }
}

TEST(BatchBuilder, LeavesNothingOfABatchOfNullsInTheNextOne) {
  BatchBuilder<Hollow> builder(SelectColumns<Hollow>(kHollows, {}).ValueOrDie(),
                               arrow::default_memory_pool());
  ASSERT_TRUE(builder.Append(std::vector<Hollow>(100)).ok());
  ASSERT_TRUE(builder.Finish().ok());
  ASSERT_TRUE(builder.Append(std::vector<Hollow>{std::string(32, 'x'), {}}).ok());
  const auto batch = builder.Finish().ValueOrDie();
  ASSERT_TRUE(batch->ValidateFull().ok());
  for (int i = 0; i < batch->num_columns(); ++i) {
    const auto& buffers = batch->column(i)->data()->buffers;
    EXPECT_EQ(buffers[0]->size(), 1) << batch->column_name(i);
    if (i >= 3) {
      EXPECT_EQ(buffers[1]->size(), 3 * 4) << batch->column_name(i);
    }
  }
}

TEST(BatchBuilder, MakesABatchOfNoRows) {
  auto builder = MakeBuilder();
  const auto batch = builder.Finish().ValueOrDie();
  EXPECT_TRUE(batch->ValidateFull().ok());
  EXPECT_EQ(batch->num_rows(), 0);
}

TEST(BatchBuilder, CountsTheBytesOfItsBuffers) {
  auto builder = MakeBuilder({"number", "name"});
  EXPECT_EQ(builder.bytes(), 0);
  ASSERT_TRUE(builder.Append({1, std::nullopt, "12345678", {}}).ok());
  EXPECT_EQ(builder.bytes(), 4 + 4 + 8);
}

TEST(Column, RefusesACellThatAnArrowColumnCannotHold) {
  const uint8_t byte = 0;  // nothing is read of what is refused
  for (const size_t size : {size_t{1} << 31, (size_t{1} << 32) + 1}) {
    BatchContext context{arrow::default_memory_pool(), {}};
    Binary::Builder builder(Binary::Type(), /*nullable=*/false, &context);
    ASSERT_TRUE(builder.Begin(0, 1));
    builder.Put(0, std::span(&byte, size));
    EXPECT_EQ(CodeOf(context.status), ErrorCode::kResourceExhausted) << context.status;
  }
}

TEST(BatchBuilder, FailsWhereMemoryEndsAndWritesNowhere) {
  bool failed = false;
  for (int64_t limit = 0; limit < 40000; limit += 64) {
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(), limit);
    BatchBuilder<Toy> builder(SelectColumns<Toy>(kToys, {}).ValueOrDie(), &pool);
    arrow::Status status;
    for (uint32_t i = 0; i < 200 && status.ok(); ++i) {
      Toy toy{i, std::nullopt, "some name", {"one"}, {i}};
      if (i % 3 == 0) toy.maybe = i;
      status = builder.Append(toy);
    }
    if (status.ok()) status = builder.Finish().status();
    if (status.ok()) {
      EXPECT_TRUE(failed);
      return;
    }
    EXPECT_TRUE(status.IsOutOfMemory()) << status;
    EXPECT_FALSE(builder.Append(Toy{}).ok()) << "it goes on after an error";
    failed = true;
  }
  ADD_FAILURE() << "no limit was enough";
}

TEST(BatchBuilder, MakesTheSameOfAllMixturesOfValuesAndNulls) {
  // Runs of nulls that begin and end at all places of a byte of bits.
  for (const int period : {1, 2, 7, 8, 9, 16, 17, 63}) {
    for (const int first : {0, 1, 7, 8, 9, 20}) {
      auto builder = MakeBuilder({"maybe"});
      for (uint32_t i = 0; i < 100; ++i) {
        const bool value = static_cast<int>(i) < first || static_cast<int>(i) % period == 0;
        ASSERT_TRUE(
            builder.Append({i, value ? std::optional<int64_t>(i) : std::nullopt, "", {}}).ok());
      }
      const auto batch = builder.Finish().ValueOrDie();
      ASSERT_TRUE(batch->ValidateFull().ok());
      const auto& maybe = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(maybe.IsValid(i), i < first || i % period == 0) << period << first << i;
        ASSERT_EQ(maybe.Value(i), maybe.IsValid(i) ? i : 0);
      }
    }
  }
}

TEST(BatchBuilder, GrowsItsBuffersOnceABatch) {
  auto builder = MakeBuilder({"number", "name", "tags"});
  const auto append = [&](uint32_t rows) {
    for (uint32_t i = 0; i < rows; ++i) {
      ASSERT_TRUE(builder.Append({i, std::nullopt, "some name", {"one", "two"}}).ok());
    }
  };
  append(1000);
  ASSERT_TRUE(builder.Finish().ok());
  append(1);
  const int64_t allocations = arrow::default_memory_pool()->num_allocations();
  append(999);
  EXPECT_EQ(arrow::default_memory_pool()->num_allocations(), allocations);
  EXPECT_TRUE(builder.Finish().ValueOrDie()->ValidateFull().ok());
}

TEST(BatchBuilder, GrowsItsBuffersOnceABatchThatBeginsWithNullsAndEmptyLists) {
  auto builder = MakeBuilder({"maybe", "tags", "places"});
  const auto append = [&](uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; ++i) {
      Toy toy{i, std::nullopt, "", {}};
      if (i >= 10) toy = {i, i, "", {"one", "two"}, {1, 2, 3}};
      ASSERT_TRUE(builder.Append(toy).ok());
    }
  };
  append(0, 1000);
  ASSERT_TRUE(builder.Finish().ok());
  append(0, 11);
  const int64_t allocations = arrow::default_memory_pool()->num_allocations();
  append(11, 1000);
  EXPECT_EQ(arrow::default_memory_pool()->num_allocations(), allocations);
  EXPECT_TRUE(builder.Finish().ValueOrDie()->ValidateFull().ok());
}

TEST(BatchBuilder, KeepsListsAndRunsOfEmptyOnesInTheirPlaces) {
  auto builder = MakeBuilder({"tags", "places"});
  for (int batch = 0; batch < 2; ++batch) {
    for (uint32_t i = 0; i < 10; ++i) {
      Toy toy{i, std::nullopt, "", {}};
      if (i == 3 || i == 4 || i == 8) {
        toy.tags = {std::to_string(i)};
        toy.places = {i, i + 1};
      }
      ASSERT_TRUE(builder.Append(toy).ok());
    }
    // Offsets and numbers of 4 bytes, letters of one.
    EXPECT_EQ(builder.bytes(), (10 + 3) * 4 + 3 + (10 + 6) * 4);
    const auto finished = builder.Finish().ValueOrDie();
    ASSERT_TRUE(finished->ValidateFull().ok());
    EXPECT_EQ(finished->num_rows(), 10);
    EXPECT_EQ(finished->column(0)->null_count(), 0);
    const auto& tags = static_cast<const arrow::ListArray&>(*finished->column(0));
    const auto& words = static_cast<const arrow::StringArray&>(*tags.values());
    for (int64_t row = 0; row < 10; ++row) {
      EXPECT_EQ(tags.value_length(row), row == 3 || row == 4 || row == 8 ? 1 : 0) << row;
    }
    EXPECT_EQ(words.GetString(tags.value_offset(8)), "8");
    const auto& places = static_cast<const arrow::ListArray&>(*finished->column(1));
    const auto& numbers = static_cast<const arrow::UInt32Array&>(*places.values());
    EXPECT_EQ(numbers.length(), 6);
    EXPECT_EQ(places.value_length(4), 2);
    EXPECT_EQ(numbers.Value(places.value_offset(4)), 4u);
    EXPECT_EQ(numbers.Value(places.value_offset(8) + 1), 9u);
  }
}

TEST(SelectColumns, KeepsTheOrderAskedFor) {
  const auto schema = MakeBuilder({"name", "number"}).schema();
  EXPECT_EQ(schema->field_names(), (std::vector<std::string>{"name", "number"}));
}

TEST(SelectColumns, RefusesUnknownAndRepeatedNames) {
  const std::vector<std::string> unknown = {"nmae"};
  const std::vector<std::string> twice = {"name", "name"};
  const auto error = SelectColumns<Toy>(kToys, unknown).status();
  EXPECT_EQ(CodeOf(error), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), testing::HasSubstr("number, maybe, name"));
  EXPECT_FALSE(SelectColumns<Toy>(kToys, twice).ok());
}

}  // namespace
}  // namespace stellar_arrow::columnar

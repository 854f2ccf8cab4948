#include "stellar_arrow/columnar/join.h"

#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compare.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "stellar_arrow/columnar/batch_builder.h"

namespace stellar_arrow::columnar {
namespace {

// A row of every type there is, with nulls and without.
struct Toy {
  uint32_t number = 0;
  std::optional<int64_t> maybe;
  std::optional<int64_t> seldom;
  std::optional<bool> flag;
  bool set = false;
  std::optional<std::string> text;
  std::optional<std::string> seldom_text;
  std::string bytes;
  std::vector<std::string> tags;
  std::vector<uint32_t> places;
  std::array<uint8_t, 32> hash{};
};

std::optional<std::string_view> View(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

constexpr Column<Toy> kToys[] = {
    Col<Toy>("number", U32{}, "", [](const Toy& t) { return t.number; }),
    Col<Toy>("maybe", I64{}, "", [](const Toy& t) { return t.maybe; }),
    Col<Toy>("seldom", I64{}, "", [](const Toy& t) { return t.seldom; }),
    Col<Toy>("flag", Bool{}, "", [](const Toy& t) { return t.flag; }),
    Col<Toy>("set", Bool{}, "", [](const Toy& t) { return t.set; }),
    Col<Toy>("text", Text{}, "", [](const Toy& t) { return View(t.text); }),
    Col<Toy>("seldom_text", Text{}, "", [](const Toy& t) { return View(t.seldom_text); }),
    Col<Toy>("bytes", Binary{}, "",
             [](const Toy& t) {
               return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(t.bytes.data()),
                                               t.bytes.size());
             }),
    Col<Toy>("tags", TextList{}, "",
             [](const Toy& t, TextList::Builder& out) {
               for (const std::string& tag : t.tags) out.Add(tag);
             }),
    Col<Toy>("places", U32List{}, "",
             [](const Toy& t, U32List::Builder& out) {
               for (const uint32_t place : t.places) out.Add(place);
             }),
    Col<Toy>("when", Timestamp{}, "",
             [](const Toy& t) { return std::chrono::microseconds(t.number); }),
    Col<Toy>("hash", Hash32{}, "",
             [](const Toy& t) { return std::span<const uint8_t, 32>(t.hash); }),
};

class JoinedBatch : public testing::Test {
 protected:
  size_t Random(size_t below) { return random_() % below; }
  bool Happens(size_t one_in) { return Random(one_in) == 0; }
  std::string Word() { return std::string(Random(20), static_cast<char>('a' + Random(26))); }

  std::vector<Toy> Rows(size_t count) {
    std::vector<Toy> rows(count);
    for (Toy& row : rows) {
      row.number = static_cast<uint32_t>(random_());
      if (!Happens(3)) row.maybe = random_();
      if (Happens(40)) row.seldom = random_();
      if (!Happens(4)) row.flag = Happens(2);
      row.set = Happens(2);
      if (!Happens(3)) row.text = Word();
      if (Happens(40)) row.seldom_text = Word();
      row.bytes = Word();
      for (size_t i = Random(4); i > 0; --i) row.tags.push_back(Word());
      for (size_t i = Random(4); i > 0; --i) row.places.push_back(static_cast<uint32_t>(i));
      for (uint8_t& byte : row.hash) byte = static_cast<uint8_t>(random_());
    }
    return rows;
  }

  static std::shared_ptr<arrow::RecordBatch> Build(std::span<const Toy> rows) {
    BatchBuilder<Toy> builder(SelectColumns<Toy>(kToys, {}).ValueOrDie(),
                              arrow::default_memory_pool());
    for (const Toy& row : rows) EXPECT_TRUE(builder.Append(row).ok());
    return builder.Finish().ValueOrDie();
  }

  // The batch's bytes as they are sent.
  static std::string Sent(const arrow::RecordBatch& batch) {
    const auto options = arrow::ipc::IpcWriteOptions::Defaults();
    return arrow::ipc::SerializeRecordBatch(batch, options).ValueOrDie()->ToString();
  }

  std::mt19937 random_{20240607};
};

TEST_F(JoinedBatch, HasTheSameBytesHoweverRowsLayInPieces) {
  for (int round = 0; round < 60; ++round) {
    const size_t count = 1 + Random(round < 30 ? 20 : 600);
    const std::vector<Toy> rows = Rows(count);
    const auto whole = Build(rows);
    const std::string sent =
        Sent(*Join(std::vector<Piece>{{whole, 0, whole->num_rows()}}, arrow::default_memory_pool())
                  .ValueOrDie());
    EXPECT_EQ(sent, Sent(*whole));
    // Pieces of batches that have other rows around them.
    std::vector<Piece> pieces;
    for (size_t begin = 0; begin < count;) {
      const size_t piece = std::min(count - begin, 1 + Random(Happens(2) ? 5 : 300));
      std::vector<Toy> around = Rows(Random(3) * Random(30));
      const size_t before = around.size();
      around.insert(around.end(), rows.begin() + static_cast<ptrdiff_t>(begin),
                    rows.begin() + static_cast<ptrdiff_t>(begin + piece));
      for (Toy& toy : Rows(Random(3) * Random(30))) around.push_back(std::move(toy));
      pieces.push_back({Build(around), static_cast<int64_t>(before), static_cast<int64_t>(piece)});
      begin += piece;
    }
    const auto joined = Join(pieces, arrow::default_memory_pool()).ValueOrDie();
    ASSERT_TRUE(joined->ValidateFull().ok()) << joined->ValidateFull();
    ASSERT_TRUE(joined->Equals(*whole));
    EXPECT_EQ(Sent(*joined), sent) << "round " << round;
    // The same as Arrow makes of the same pieces.
    for (int i = 0; i < whole->num_columns(); ++i) {
      arrow::ArrayVector arrays;
      for (const Piece& piece : pieces) {
        arrays.push_back(piece.batch->column(i)->Slice(piece.begin, piece.count));
      }
      const auto concatenated = arrow::Concatenate(arrays).ValueOrDie();
      EXPECT_TRUE(concatenated->Equals(joined->column(i)));
    }
  }
}

TEST_F(JoinedBatch, SharesTheBuffersOfASinglePiece) {
  const auto batch = Build(Rows(64));
  const auto joined =
      Join(std::vector<Piece>{{batch, 8, 16}}, arrow::default_memory_pool()).ValueOrDie();
  const auto data = [](const arrow::RecordBatch& of, int column, size_t buffer) {
    return of.column_data(column)->buffers[buffer]->data();
  };
  EXPECT_EQ(data(*joined, 0, 1), data(*batch, 0, 1) + 8 * sizeof(uint32_t));
  const auto& bytes = static_cast<const arrow::BinaryArray&>(*batch->column(7));
  EXPECT_EQ(data(*joined, 7, 2), data(*batch, 7, 2) + bytes.value_offset(8));
}

TEST_F(JoinedBatch, IsAsBigAsBuildersSay) {
  const std::vector<Toy> rows = Rows(500);
  BatchBuilder<Toy> builder(SelectColumns<Toy>(kToys, {}).ValueOrDie(),
                            arrow::default_memory_pool());
  std::vector<int64_t> bytes = {0};
  for (const Toy& row : rows) {
    ASSERT_TRUE(builder.Append(row).ok());
    bytes.push_back(builder.bytes());
  }
  const auto batch = builder.Finish().ValueOrDie();
  for (int round = 0; round < 100; ++round) {
    const size_t begin = Random(500);
    const size_t count = Random(501 - begin);
    EXPECT_EQ(BytesOf({batch, static_cast<int64_t>(begin), static_cast<int64_t>(count)}),
              bytes[begin + count] - bytes[begin]);
  }
}

}  // namespace
}  // namespace stellar_arrow::columnar

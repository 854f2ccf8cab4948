#include "stellar_arrow/cli/output.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::cli {
namespace {

// Two rows with a cell of every type that tables have; the second has nulls where it may.
std::shared_ptr<arrow::RecordBatch> Example() {
  arrow::UInt32Builder number;
  arrow::Int64Builder amount;
  arrow::UInt64Builder id;
  arrow::BooleanBuilder flag;
  arrow::TimestampBuilder time(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                               arrow::default_memory_pool());
  arrow::FixedSizeBinaryBuilder hash(arrow::fixed_size_binary(2));
  arrow::BinaryBuilder bytes;
  arrow::StringBuilder text;
  const auto element = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder list(arrow::default_memory_pool(), element);
  arrow::Status status;
  const auto check = [&](const arrow::Status& next) { status &= next; };
  check(number.AppendValues({1, 4294967295u}));
  check(amount.Append(-9007199254740993));
  check(amount.AppendNull());
  check(id.AppendValues({18446744073709551615u, 0}));
  check(flag.AppendValues(std::vector<bool>{true, false}));
  check(time.AppendValues({1595895040000000, 1595895040250000}));
  check(hash.Append("\x01\xff"));
  check(hash.AppendNull());
  check(bytes.Append("\x01\x02\x03\x04"));
  check(bytes.Append(""));
  check(text.Append("a,\"b\"\nc"));
  check(text.AppendNull());
  check(list.Append());
  check(element->Append("x"));
  check(element->Append("y"));
  check(list.Append());
  EXPECT_TRUE(status.ok()) << status;
  const auto finish = [](auto& builder) { return builder.Finish().ValueOrDie(); };
  const arrow::ArrayVector columns = {finish(number), finish(amount), finish(id),
                                      finish(flag),   finish(time),   finish(hash),
                                      finish(bytes),  finish(text),   finish(list)};
  const std::vector<std::string> names = {"number", "amount", "id",   "flag", "time",
                                          "hash",   "bytes",  "text", "list"};
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), 2, columns);
}

std::string Written(Format format, int batches = 1) {
  const auto batch = Example();
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer = MakeRowWriter(format, batch->schema(), out).ValueOrDie();
  for (int i = 0; i < batches; ++i) EXPECT_TRUE(writer->Write(*batch).ok());
  EXPECT_TRUE(writer->Close().ok());
  return out->Finish().ValueOrDie()->ToString();
}

TEST(Output, WritesAJsonObjectARow) {
  EXPECT_EQ(Written(Format::kJsonl),
            R"({"number":1,"amount":-9007199254740993,"id":18446744073709551615,"flag":true,)"
            R"("time":"2020-07-28T00:10:40Z","hash":"01ff","bytes":"AQIDBA==",)"
            R"("text":"a,\"b\"\nc","list":["x","y"]})"
            "\n"
            R"({"number":4294967295,"amount":null,"id":0,"flag":false,)"
            R"("time":"2020-07-28T00:10:40.250Z","hash":null,"bytes":"","text":null,"list":[]})"
            "\n");
}

TEST(Output, WritesCsvWithOneHeaderAndQuotesWhereTheyAreNeeded) {
  const std::string header = "number,amount,id,flag,time,hash,bytes,text,list\n";
  const std::string rows =
      "1,-9007199254740993,18446744073709551615,true,2020-07-28T00:10:40Z,01ff,AQIDBA==,"
      "\"a,\"\"b\"\"\nc\",\"[\"\"x\"\",\"\"y\"\"]\"\n"
      "4294967295,,0,false,2020-07-28T00:10:40.250Z,,\"\",,[]\n";
  EXPECT_EQ(Written(Format::kCsv), header + rows);
  EXPECT_EQ(Written(Format::kCsv, 2), header + rows + rows);
  EXPECT_EQ(Written(Format::kCsv, 0), header);
}

TEST(Output, WritesATableForPeople) {
  const std::string table = Written(Format::kTable);
  EXPECT_THAT(table, testing::StartsWith("    number             amount"));
  EXPECT_THAT(table, testing::HasSubstr("4294967295"));
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);  // a line break in a cell is none
}

// A table of one column of texts, written as batches of these.
std::string TextTable(const std::vector<std::vector<std::string>>& batches) {
  const auto schema = arrow::schema({arrow::field("t", arrow::utf8())});
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer = MakeRowWriter(Format::kTable, schema, out).ValueOrDie();
  for (const auto& texts : batches) {
    arrow::StringBuilder builder;
    EXPECT_TRUE(builder.AppendValues(texts).ok());
    const auto batch = arrow::RecordBatch::Make(schema, static_cast<int64_t>(texts.size()),
                                                {builder.Finish().ValueOrDie()});
    EXPECT_TRUE(writer->Write(*batch).ok());
  }
  EXPECT_TRUE(writer->Close().ok());
  return out->Finish().ValueOrDie()->ToString();
}

TEST(Output, ShortensLongCellsOfATableInTheMiddleAndBetweenLetters) {
  EXPECT_EQ(TextTable({{"abcdefghijklmnopqrstuvwx"}}), "t\nabcdefghijklmnopqrstuvwx\n");
  EXPECT_EQ(TextTable({{"abcdefghijklmnopqrstuvwxy"}}), "t\nabcdefghij...pqrstuvwxy\n");
  std::string euros;
  for (int i = 0; i < 24; ++i) euros += "€";
  EXPECT_EQ(TextTable({{euros}}), "t\n" + euros + "\n");
  EXPECT_EQ(TextTable({{euros + "€"}}), "t\n€€€€€€€€€€...€€€€€€€€€€\n");
}

TEST(Output, WritesATablesNamesOnceWhateverItsBatchesHold) {
  EXPECT_EQ(TextTable({}), "t\n");
  EXPECT_EQ(TextTable({{}, {}}), "t\n");
  EXPECT_EQ(TextTable({{}, {"a"}, {}, {"b"}}), "t\na\nb\n");
}

TEST(Output, KeepsEscapeSequencesOfCellsFromTheTerminal) {
  EXPECT_EQ(TextTable({{"a\x1b[31mb\r\n\tc"}}), "t\na [31mb   c\n");
}

TEST(Output, WritesPartsOfBatches) {
  const auto batch = Example()->Slice(1);
  for (const Format format : {Format::kJsonl, Format::kCsv}) {
    const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
    const auto writer = MakeRowWriter(format, batch->schema(), out).ValueOrDie();
    ASSERT_TRUE(writer->Write(*batch).ok());
    ASSERT_TRUE(writer->Close().ok());
    const std::string whole = Written(format);
    const std::string part = out->Finish().ValueOrDie()->ToString();
    EXPECT_THAT(whole,
                testing::EndsWith(part.substr(format == Format::kCsv ? part.find('\n') : 0)));
  }
}

TEST(Output, WritesAnArrowStreamThatReadsBack) {
  const auto input = std::make_shared<arrow::io::BufferReader>(
      arrow::Buffer::FromString(Written(Format::kArrow, 2)));
  const auto reader = arrow::ipc::RecordBatchStreamReader::Open(input).ValueOrDie();
  const auto batches = reader->ToRecordBatches().ValueOrDie();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_TRUE(batches[1]->Equals(*Example()));
}

TEST(Output, WritesNothingForNull) { EXPECT_EQ(Written(Format::kNull), ""); }

TEST(Output, RefusesUnknownFormatsByListingThoseThereAre) {
  EXPECT_THAT(ParseFormat("parquet").status().message(), testing::HasSubstr("jsonl"));
  EXPECT_EQ(ParseFormat("csv").ValueOrDie(), Format::kCsv);
  EXPECT_EQ(ExtensionOf(Format::kArrow), ".arrows");
}

}  // namespace
}  // namespace stellar_arrow::cli

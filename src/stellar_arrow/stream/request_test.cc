#include "stellar_arrow/stream/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/tables/catalog.h"

namespace stellar_arrow::stream {
namespace {

Request Parsed(std::string_view text) { return ParseRequest(text).ValueOrDie(); }

TEST(Request, ReadsEveryFormOfTicket) {
  EXPECT_EQ(Parsed("stellar_ledger").start_at, StartAt::kNewest);
  EXPECT_EQ(Parsed("stellar_ledger:0").start_at, StartAt::kFirst);
  for (const char* open : {"stellar_ledger:7", "stellar_ledger:7:", "stellar_ledger:7:0"}) {
    const Request request = Parsed(open);
    EXPECT_EQ(request.start_at, StartAt::kSequence) << open;
    EXPECT_EQ(request.start, 7u) << open;
    EXPECT_FALSE(request.end) << open;
  }
  EXPECT_EQ(Parsed("stellar_ledger:7:9").end, 9u);
  EXPECT_EQ(Parsed("stellar_ledger:7:7").end, 7u);
  EXPECT_EQ(Parsed("stellar_ledger:4294967295").start, 4294967295u);
  EXPECT_EQ(Parsed("stellar_ledger:0:9").start_at, StartAt::kFirst);
  EXPECT_EQ(Parsed("stellar_ledger:007").start, 7u);
}

TEST(Request, ReadsJson) {
  const Request request = Parsed(
      R"({"table":"stellar_ledger","start":7,"end":9,"columns":["ledger_hash"],"endpoints":3})");
  EXPECT_EQ(request.start, 7u);
  EXPECT_EQ(request.end, 9u);
  EXPECT_THAT(request.columns, testing::ElementsAre("ledger_hash"));
  EXPECT_EQ(request.endpoints, 3u);
  EXPECT_EQ(Parsed(R"({"table":"stellar_ledger"})").start_at, StartAt::kNewest);
  EXPECT_FALSE(request.compression);
  EXPECT_EQ(Parsed(R"({"table":"stellar_ledger","compression":"none"})").compression,
            Compression::kNone);
  EXPECT_EQ(Parsed(R"({"table":"stellar_ledger","compression":"lz4"})").compression,
            Compression::kLz4);
  EXPECT_EQ(Parsed(R"({"table":"stellar_ledger","start":0})").start_at, StartAt::kFirst);
}

TEST(Request, ReadsPaths) {
  const std::vector<std::vector<std::string>> paths = {{"stellar_ledger:7:9"},
                                                       {"stellar_ledger", "7", "9"}};
  for (const auto& path : paths) {
    const Request request = ParseRequestPath(path).ValueOrDie();
    EXPECT_EQ(request.start, 7u);
    EXPECT_EQ(request.end, 9u);
  }
  EXPECT_TRUE(ParseRequestPath(std::vector<std::string>{"stellar_ledger"}).ok());
  EXPECT_FALSE(ParseRequestPath({}).ok());
  EXPECT_FALSE(ParseRequestPath(std::vector<std::string>{"stellar_ledger", "1", "2", "3"}).ok());
  EXPECT_FALSE(ParseRequestPath(std::vector<std::string>{"stellar_ledger", "", "2"}).ok());
}

TEST(Request, TicketsReadBackAsTheRequestTheyWereMadeOf) {
  for (const char* text :
       {"stellar_ledger", "stellar_ledger:0", "stellar_ledger:5", "stellar_ledger:5:6",
        "stellar_ledger:0:6", R"({"table":"stellar_ledger","columns":["ledger_hash"]})",
        R"({"table":"stellar_ledger","start":3,"end":4,"columns":["ledger_hash"]})",
        R"({"table":"stellar_ledger","start":0,"columns":["ledger_hash"]})",
        R"({"table":"stellar_ledger","start":3,"end":4,"compression":"none"})",
        R"({"table":"stellar_ledger","columns":["ledger_hash"],"compression":"zstd"})"}) {
    const Request request = Parsed(text);
    EXPECT_EQ(Parsed(ToTicket(request)), request) << text;
  }
}

class Garbage : public testing::TestWithParam<std::string> {};

TEST_P(Garbage, IsRefusedWithAnExplanation) {
  const arrow::Status status = ParseRequest(GetParam()).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << GetParam();
  EXPECT_GT(status.message().size(), 20u);
}

INSTANTIATE_TEST_SUITE_P(
    Tickets, Garbage,
    testing::Values(
        "", ":", "::", ":::", " ", "\n", "stellar_ledger:", "stellar_ledger::", "stellar_ledger::9",
        "stellar_ledger:1:2:3", "stellar_ledger:1:2:", "stellar_ledger:::", "stellar_ledger:abc",
        "stellar_ledger:abc:def", "stellar_ledger:1:def", "stellar_ledger:-1", "stellar_ledger:+1",
        "stellar_ledger: 1", "stellar_ledger:1 ", "stellar_ledger:1: 2", "stellar_ledger:1.0",
        "stellar_ledger:1e3", "stellar_ledger:0x10", "stellar_ledger:1_000", "stellar_ledger:1,000",
        "stellar_ledger:4294967296", "stellar_ledger:1:4294967296",
        "stellar_ledger:99999999999999999999", "stellar_ledger:9:7", "stellar_ledger:2:1",
        "stellar_ledger:\xc2\xb2", "Stellar_ledger", "STELLAR_LEDGER:1", " stellar_ledger",
        "stellar_ledger ", "stellar_ledger;1;2", "stellar_ledger/1/2", "stellar_ledger-1-2",
        "ledger", "ledgers:1:2", "blocks", "*", "stellar_ledger,stellar_ledger:1",
        std::string("stellar_ledger\0", 15), std::string("stellar_ledger:1\0", 17), "\xff\xfe",
        std::string(5000, 'x'), std::string("{\"table\":\"stellar_ledger\"}\0", 27), "{", "{}",
        "[]", "{\"table\":", R"({"table":1})", R"({"table":null})", R"({"table":""})",
        R"({"table":"nope"})", R"({"start":1,"end":2})",
        R"({"table":"stellar_ledger","start":"1"})", R"({"table":"stellar_ledger","start":-1})",
        R"({"table":"stellar_ledger","start":1.5})",
        R"({"table":"stellar_ledger","start":4294967296})",
        R"({"table":"stellar_ledger","start":9,"end":7})", R"({"table":"stellar_ledger","end":7})",
        R"({"table":"stellar_ledger","from":7})",
        R"({"table":"stellar_ledger","columns":"ledger_hash"})",
        R"({"table":"stellar_ledger","columns":[]})", R"({"table":"stellar_ledger","columns":[1]})",
        R"({"table":"stellar_ledger","columns":["nope"]})",
        R"({"table":"stellar_ledger","columns":["ledger_hash","ledger_hash"]})",
        R"({"table":"stellar_ledger","compression":1})",
        R"({"table":"stellar_ledger","compression":null})",
        R"({"table":"stellar_ledger","compression":""})",
        R"({"table":"stellar_ledger","compression":"gzip"})",
        R"({"table":"stellar_ledger","compression":"LZ4"})",
        R"({"table":"stellar_ledger","endpoints":0})",
        R"({"table":"stellar_ledger","endpoints":5000})",
        R"({"table":"stellar_ledger","table":"stellar_ledger"})", R"({"table":"stellar_ledger"} x)",
        R"({"table":"stellar_ledger",})"));

TEST(Request, IsReadUpToAFixedSizeWhateverItsForm) {
  const std::string ticket = "stellar_ledger:" + std::string(kMaxRequestBytes - 16, '0') + "7";
  EXPECT_EQ(Parsed(ticket).start, 7u);
  const std::string start = ticket.substr(ticket.find(':') + 1);
  EXPECT_TRUE(ParseRequestPath(std::vector<std::string>{"stellar_ledger", start, "9"}).ok());
  for (const auto& refused :
       {ParseRequest("0" + ticket), ParseRequest("{" + std::string(kMaxRequestBytes, ' ')),
        ParseRequestPath(std::vector<std::string>{"0" + ticket}),
        ParseRequestPath(std::vector<std::string>{"stellar_ledger", "00" + start})}) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(CodeOf(refused.status()), ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.status().message(),
                testing::HasSubstr("the request has 4097 bytes; at most 4096 are read"));
  }
}

TEST(Request, MayNameEveryColumnOfATable) {
  for (const tables::Table* table : tables::Catalog()) {
    Request request;
    request.table = table->name();
    request.start_at = StartAt::kSequence;
    request.start = request.end.emplace(UINT32_MAX);
    for (const tables::ColumnInfo& column : table->columns()) {
      request.columns.emplace_back(column.name);
    }
    EXPECT_EQ(Parsed(ToTicket(request)), request) << table->name();
  }
}

TEST(Request, AnUnknownTableIsAnsweredWithTheTables) {
  EXPECT_THAT(ParseRequest("nope").status().message(), testing::HasSubstr("stellar_ledger"));
}

}  // namespace
}  // namespace stellar_arrow::stream

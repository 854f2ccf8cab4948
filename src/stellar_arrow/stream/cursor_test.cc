#include "stellar_arrow/stream/cursor.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/ledger.h"
#include "stellar_arrow/stream/subscription.h"
#include "tests/support/memory_source.h"

namespace stellar_arrow::stream {
namespace {

using support::MemorySource;

constexpr uint32_t kFirst = 1000;
constexpr uint32_t kLast = 1039;
constexpr const char* kNetwork = "Public Global Stellar Network ; September 2015";

// Ledgers with 175 to 278 operations, and far fewer transfers in some.
const std::vector<std::vector<uint8_t>>& Ledgers() {
  static const auto ledgers =
      support::MakeChain({SAS_TEST_DATA "/pubnet-lake"}, kFirst, kLast - kFirst + 1);
  return ledgers;
}

MemorySource Source() { return MemorySource(support::MakeObjects(Ledgers(), kFirst, 3)); }

Subscription::Options OptionsOf(const std::string& table, BatchOptions batch, int threads) {
  Subscription::Options options;
  options.tables = {tables::FindTable(table).ValueOrDie()};
  options.columns = {{"ledger_sequence"}};
  options.pipeline.range = {kFirst, kLast};
  options.pipeline.network = ledger::Network::FromPassphrase(kNetwork);
  options.pipeline.threads = threads;
  options.batch = batch;
  return options;
}

std::vector<Batch> Read(source::LedgerSource& source, Subscription::Options options) {
  auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
  std::vector<Batch> batches;
  while (auto batch = subscription->Next().ValueOrDie()) batches.push_back(*std::move(batch));
  return batches;
}

std::vector<uint32_t> SequencesOf(const Batch& batch) {
  std::vector<uint32_t> sequences;
  const auto& column = static_cast<const arrow::UInt32Array&>(*batch.rows->column(0));
  for (int64_t i = 0; i < column.length(); ++i) sequences.push_back(column.Value(i));
  return sequences;
}

Cursor Example() {
  Cursor cursor{.table = "operations", .schema = "1.1.0"};
  cursor.network = ledger::Sha256Of({});
  cursor.at = {.first = 5, .last = 7, .rows = 12};
  cursor.at.last_hash.fill(0xab);
  cursor.at.digest.fill(1);
  return cursor;
}

TEST(Cursor, IsOneObjectWithItsFieldsInOrderAndReadsBack) {
  std::string hash;
  for (int i = 0; i < 32; ++i) hash += "ab";
  std::string digest;
  for (int i = 0; i < 32; ++i) digest += "01";
  EXPECT_EQ(
      ToJson(Example()),
      R"({"v":1,"network":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
      R"("table":"operations","schema":"1.1.0","first":5,"last":7,"last_hash":")" +
          hash + R"(","rows":12,"digest":")" + digest + R"("})");
  EXPECT_EQ(ParseCursor(ToJson(Example())).ValueOrDie(), Example());
  Cursor at_start = Example();
  at_start.network = {};
  at_start.at = {.first = 5};
  EXPECT_EQ(ParseCursor(ToJson(at_start)).ValueOrDie(), at_start);
  EXPECT_EQ(at_start.next(), 5u);
  EXPECT_EQ(Example().next(), 8u);
}

TEST(Cursor, ThatIsNoneIsRefusedByTheNameOfItsField) {
  const auto good = ToJsonObject(Example());
  const std::vector<std::pair<std::string, nlohmann::ordered_json>> bad = {
      {"v", 2},          {"v", "1"},           {"network", "00"},
      {"table", 7},      {"schema", nullptr},  {"first", -1},
      {"last", 1.5},     {"last", 4294967295}, {"last_hash", nullptr},
      {"last", nullptr}, {"rows", -1},         {"rows", 9223372036854775808u},
      {"digest", "xyz"}};
  for (const auto& [field, value] : bad) {
    auto object = good;
    object[field] = value;
    const arrow::Status status = ParseCursor(object.dump()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << object;
    EXPECT_THAT(status.message(), testing::HasSubstr(field == "v" ? "v" : field)) << object;
  }
  for (const auto& [field, value] : good.items()) {
    auto object = good;
    object.erase(field);
    EXPECT_THAT(ParseCursor(object.dump()).status().message(),
                testing::HasSubstr("field " + field + " is missing"));
  }
  auto more = good;
  more["more"] = 1;
  EXPECT_FALSE(ParseCursor(more.dump()).ok());
  for (const char* text : {"", "7", "[]", "{}", "{\"v\":1,\"v\":1}"}) {
    EXPECT_EQ(CodeOf(ParseCursor(text).status()), ErrorCode::kInvalidArgument) << text;
  }
}

// What a client can compute of a stream that it has whole.
TEST(Cursor, CountsRowsAndDigestsLedgersThroughTheLastOneThatIsComplete) {
  MemorySource source = Source();
  for (const char* table : {"stellar_ledger", "operations", "ttp_events"}) {
    for (const BatchOptions& limits :
         {BatchOptions{}, BatchOptions{.rows = 100}, BatchOptions{.rows = 7}}) {
      const auto batches = Read(source, OptionsOf(table, limits, 2));
      std::map<uint32_t, int64_t> rows_of;
      for (const Batch& batch : batches) {
        for (const uint32_t sequence : SequencesOf(batch)) ++rows_of[sequence];
      }
      std::map<uint32_t, Position> wanted;
      Position position{.first = kFirst};
      ledger::Sha256 sha;
      ledger::Ledger ledger;
      for (const auto& wire : Ledgers()) {
        ASSERT_TRUE(ledger.Open(wire).ok());
        position.Add(ledger.sequence(), LinkOf(ledger).hash, rows_of[ledger.sequence()], sha);
        wanted[ledger.sequence()] = position;
      }
      uint32_t first = kFirst;
      int64_t rows = 0;
      for (const Batch& batch : batches) {
        const Position& at = batch.position;
        const uint32_t newest = SequencesOf(batch).back();
        rows += batch.rows->num_rows();
        EXPECT_EQ(at.first, first);
        if (at.last) {
          Position same = wanted[*at.last];
          same.first = first;
          EXPECT_EQ(at, same) << table << ", to ledger " << *at.last;
          EXPECT_GE(*at.last + 1, newest);
          EXPECT_LE(at.rows, rows);
          EXPECT_EQ(at.rows == rows, *at.last >= newest);
          first = *at.last + 1;
        } else {
          EXPECT_EQ(at, (Position{.first = kFirst}));
          EXPECT_EQ(newest, kFirst);
        }
      }
      EXPECT_EQ(rows, batches.back().position.rows);
    }
  }
}

TEST(Cursor, GoesOnFromEveryBatchAsIfTheStreamHadNotEnded) {
  MemorySource source = Source();
  for (const char* table : {"operations", "ttp_events"}) {
    for (const int64_t most_rows : {1000, 100}) {
      const BatchOptions limits{.rows = most_rows};
      const auto whole = Read(source, OptionsOf(table, limits, 2));
      std::vector<uint32_t> before;
      for (const Batch& batch : whole) {
        const auto more = SequencesOf(batch);
        before.insert(before.end(), more.begin(), more.end());
        // The client drops the rows of a ledger that is not complete.
        std::vector<uint32_t> rows(before.begin(), before.begin() + batch.position.rows);
        auto options = OptionsOf(table, limits, 2);
        options.after = batch.position;
        options.pipeline.range.first = batch.position.last ? *batch.position.last + 1 : kFirst;
        Position end = batch.position;
        for (const Batch& next : Read(source, std::move(options))) {
          const auto again = SequencesOf(next);
          rows.insert(rows.end(), again.begin(), again.end());
          end = next.position;
        }
        std::vector<uint32_t> wanted;
        for (const Batch& every : whole) {
          const auto all = SequencesOf(every);
          wanted.insert(wanted.end(), all.begin(), all.end());
        }
        EXPECT_EQ(rows, wanted);
        EXPECT_EQ(end.rows, whole.back().position.rows);
        EXPECT_EQ(end.last, whole.back().position.last);
        EXPECT_EQ(end.digest, whole.back().position.digest);
      }
    }
  }
}

TEST(Cursor, AtTheEndOfARangeGivesNoRowsAndAGoodEnd) {
  MemorySource source = Source();
  const auto whole = Read(source, OptionsOf("operations", {}, 1));
  auto options = OptionsOf("operations", {}, 1);
  options.after = whole.back().position;
  options.pipeline.range = {kLast + 1, kLast};
  const auto subscription = Subscription::Make(source, std::move(options)).ValueOrDie();
  EXPECT_FALSE(subscription->Next().ValueOrDie().has_value());
  EXPECT_FALSE(subscription->Next().ValueOrDie().has_value());
  EXPECT_EQ(subscription->counters().ledgers, 0);
}

TEST(Cursor, OfAnotherHistoryIsRefusedWithBothHashes) {
  MemorySource whole = Source();
  const auto batches = Read(whole, OptionsOf("operations", {.rows = 300}, 1));
  auto position = batches[3].position;
  position.last_hash.fill(0xee);
  const uint32_t last = *position.last;
  const auto refused = [&](source::LedgerSource& source) {
    auto options = OptionsOf("operations", {}, 1);
    options.after = position;
    options.pipeline.range.first = last + 1;
    auto made = Subscription::Make(source, std::move(options));
    return made.ok() ? (*made)->Next().status() : made.status();
  };
  // By a source that has the ledger, and by one that begins behind it.
  auto objects = support::MakeObjects(Ledgers(), kFirst, 1);
  objects.erase(objects.begin(), objects.begin() + (last - kFirst + 1));
  MemorySource behind(std::move(objects));
  for (MemorySource* source : {&whole, &behind}) {
    const arrow::Status status = refused(*source);
    EXPECT_EQ(CodeOf(status), ErrorCode::kFailedPrecondition) << status;
    EXPECT_THAT(status.message(), testing::HasSubstr("eeeeeeee"));
    EXPECT_THAT(status.message(), testing::HasSubstr("ledger " + std::to_string(last)));
  }
  position = batches[3].position;
  EXPECT_TRUE(refused(whole).ok());
  EXPECT_TRUE(refused(behind).ok());
}

TEST(Cursor, MustFitTheRequestAndSaysBothNumbersWhereItDoesNot) {
  MemorySource source = Source();
  const auto range = [&](const std::string& text, uint32_t last) {
    Request request = ParseRequest(text).ValueOrDie();
    request.cursor = Example();
    request.cursor->at.last = last;
    return ResolveRange(request, source);
  };
  EXPECT_EQ(*range("operations:1000:1010", 1004), (LedgerRange{1005, 1010}));
  EXPECT_EQ(*range("operations:1000:1010", 999), (LedgerRange{1000, 1010}));
  EXPECT_EQ(*range("operations", 1004), (LedgerRange{1005, {}}));
  EXPECT_EQ(*range("operations:0", 1004), (LedgerRange{1005, {}}));
  EXPECT_TRUE(range("operations:1000:1010", 1010)->empty());
  EXPECT_TRUE(range("operations:1000", kLast)->empty()) << "the source cannot grow";
  for (const auto& [text, last, wanted] :
       {std::tuple("operations:1005:1010", 1003u, "ledger 1004, but the range begins with 1005"),
        std::tuple("operations:1005:1010", 1011u, "ledger 1011, but the range ends with 1010"),
        std::tuple("transactions:1000", 1004u, "of the table 'operations'")}) {
    const arrow::Status status = range(text, last).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kFailedPrecondition) << text;
    EXPECT_THAT(status.message(), testing::HasSubstr(wanted));
  }
  EXPECT_EQ(CodeOf(range("operations:1", 900).status()), ErrorCode::kOutOfRange);
  EXPECT_EQ(CodeOf(range("operations", kLast + 1).status()), ErrorCode::kOutOfRange);
  Request request = ParseRequest("operations:1000").ValueOrDie();
  request.cursor = Example();
  request.cursor->schema = "2.0.0";
  EXPECT_EQ(CodeOf(ResolveRange(request, source).status()), ErrorCode::kFailedPrecondition);
}

TEST(Cursor, IsAFieldOfARequestThatItsTicketKeeps) {
  nlohmann::ordered_json json = {{"table", "operations"}, {"start", 5}};
  json["cursor"] = ToJsonObject(Example());
  const Request request = ParseRequest(json.dump()).ValueOrDie();
  EXPECT_EQ(request.cursor, Example());
  EXPECT_EQ(ParseRequest(ToTicket(request)).ValueOrDie(), request);
  json["endpoints"] = 2;
  EXPECT_EQ(CodeOf(ParseRequest(json.dump()).status()), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(ParseRequest(R"({"table":"operations","cursor":"7"})").ok());
}

}  // namespace
}  // namespace stellar_arrow::stream

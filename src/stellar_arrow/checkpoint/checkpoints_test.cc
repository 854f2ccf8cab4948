#include "stellar_arrow/checkpoint/checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;

class CheckpointsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "checkpoints-XXXXXX";
    path_ = ::mkdtemp(name.data());
    options_.folder = path_ / "store";
    options_.interval = std::chrono::hours(1);  // what a stream's end writes is enough here
  }
  void TearDown() override { fs::remove_all(path_); }

  fs::path path_;
  Options options_;
};

stream::Cursor CursorAt(uint32_t ledger) {
  stream::Cursor cursor{.table = "operations", .schema = "1.1.0"};
  cursor.at = {.first = ledger, .last = ledger, .rows = ledger};
  return cursor;
}

Checkpoint Begun(const std::string& id) {
  return {.id = id, .start = 1, .cursor = CursorAt(1), .request = "operations:1"};
}

std::optional<uint32_t> LedgerOf(Checkpoints& all, const std::string& id) {
  const auto found = all.Find(id).ValueOrDie();
  return found ? found->cursor.at.last : std::nullopt;
}

TEST_F(CheckpointsTest, MoveByAcknowledgementForwardAndBackAndOutliveTheProcess) {
  {
    Checkpoints all(options_);
    EXPECT_FALSE(LedgerOf(all, "a"));
    for (const uint32_t ledger : {7, 9, 8}) {
      const auto stands = all.Acknowledge("a", CursorAt(ledger)).ValueOrDie();
      EXPECT_EQ(stands->cursor.at.last, ledger);
      EXPECT_TRUE(stands->acknowledged);
      EXPECT_EQ(LedgerOf(all, "a"), ledger);
    }
    stream::Cursor nothing = CursorAt(3);
    nothing.at.last = {};
    EXPECT_EQ(all.Acknowledge("a", nothing).ValueOrDie()->cursor.at.last, 8u);
    EXPECT_FALSE(all.Acknowledge("b", nothing).ValueOrDie());
  }
  Checkpoints all(options_);
  EXPECT_EQ(LedgerOf(all, "a"), 8u);
  EXPECT_FALSE(LedgerOf(all, "b"));
}

TEST_F(CheckpointsTest, AreNotMovedByACursorOfAnotherTableOrNetwork) {
  Checkpoints all(options_);
  stream::Cursor cursor = CursorAt(7);
  cursor.network = ledger::Sha256Of({});
  ASSERT_TRUE(all.Acknowledge("a", cursor).ok());
  cursor.network->fill(1);
  cursor.at.last = 8;
  const auto other = all.Acknowledge("a", cursor).status();
  EXPECT_EQ(CodeOf(other), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(other.message(), HasSubstr("0101"));
  EXPECT_THAT(other.message(), HasSubstr("e3b0c442"));
  cursor = CursorAt(8);
  cursor.table = "transactions";
  EXPECT_EQ(CodeOf(all.Acknowledge("a", cursor).status()), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(LedgerOf(all, "a"), 7u);
}

TEST_F(CheckpointsTest, AutomaticOnesStayBehindWhatWasSent) {
  Checkpoints all(options_);
  struct Case {
    int64_t bytes;
    int batches;
    std::optional<uint32_t> wanted;
  };
  int number = 0;
  for (const Case& each : {Case{3 * kMiB, 4, {}},  // not enough batches
                           Case{3 * kMiB, 5, 1},   // 4 batches, 12 MiB
                           Case{kMiB, 8, {}},      // 7 MiB
                           Case{kMiB, 9, 1},       // 8 MiB
                           Case{kMiB, 30, 22}, Case{9 * kMiB, 10, 6}}) {
    const std::string id = "s" + std::to_string(++number);
    auto stream = all.Begin(Begun(id), /*named=*/true);
    for (int i = 1; i <= each.batches; ++i) {
      stream->Sent(CursorAt(static_cast<uint32_t>(i)).at, each.bytes);
    }
    EXPECT_FALSE(LedgerOf(all, id)) << "nothing is written where batches are sent";
    stream.reset();
    EXPECT_EQ(LedgerOf(all, id), each.wanted) << id;
    const auto found = all.Find(id).ValueOrDie();
    EXPECT_FALSE(found && found->acknowledged);
  }
}

TEST_F(CheckpointsTest, AutomaticOnesOfTinyBatchesStayBehindToo) {
  Checkpoints all(options_);
  auto stream = all.Begin(Begun("tiny"), true);
  constexpr uint32_t kBatches = 200'000;
  for (uint32_t i = 1; i <= kBatches; ++i) stream->Sent(CursorAt(i).at, 100);
  stream.reset();
  const uint32_t behind = kBatches - 8 * kMiB / 100;
  EXPECT_LE(LedgerOf(all, "tiny"), behind);
  EXPECT_GE(LedgerOf(all, "tiny"), behind - 3000);
}

TEST_F(CheckpointsTest, AutomaticOnesComeInTimeAndNeverReplaceAnAcknowledgedOne) {
  options_.interval = std::chrono::milliseconds(10);
  Checkpoints all(options_);
  ASSERT_TRUE(all.Acknowledge("acked", CursorAt(3)).ok());
  const auto acked = all.Begin(Begun("acked"), true);
  const auto other = all.Begin(Begun("other"), true);
  for (uint32_t i = 1; i <= 20; ++i) {
    acked->Sent(CursorAt(i).at, 3 * kMiB);
    other->Sent(CursorAt(i).at, 3 * kMiB);
  }
  while (LedgerOf(all, "other") != 16u) std::this_thread::yield();
  EXPECT_EQ(LedgerOf(all, "acked"), 3u);
  EXPECT_TRUE(all.last_write().ok());
}

TEST_F(CheckpointsTest, AreOfTheStreamThatBeganLast) {
  Checkpoints all(options_);
  auto old = all.Begin(Begun("a"), true);
  auto young = all.Begin(Begun("a"), true);
  for (uint32_t i = 1; i <= 20; ++i) old->Sent(CursorAt(i).at, 3 * kMiB);
  for (uint32_t i = 1; i <= 9; ++i) young->Sent(CursorAt(i).at, 3 * kMiB);
  old.reset();
  EXPECT_FALSE(LedgerOf(all, "a"));
  young.reset();
  EXPECT_EQ(LedgerOf(all, "a"), 5u);
  EXPECT_FALSE(all.oldest_age());
}

// While one writes the checkpoints of all streams, the last of them change.
TEST_F(CheckpointsTest, AutomaticOnesAreOfTheStreamsThatRunWhenTheyAreWritten) {
  options_.interval = std::chrono::milliseconds(10);
  Checkpoints all(options_);
  const auto name = [](int number) { return "s" + std::to_string(1000 + number); };
  constexpr int kStreams = 200;
  std::vector<std::unique_ptr<Checkpoints::Stream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(all.Begin(Begun(name(i)), true));
    for (uint32_t at = 1; at <= 9; ++at) streams.back()->Sent(CursorAt(at).at, 3 * kMiB);
  }
  // This opens the folder, which begins the writing.
  while (!LedgerOf(all, name(0))) std::this_thread::yield();
  const std::string removed = name(kStreams - 2);
  const std::string ended = name(kStreams - 3);
  const std::string replaced = name(kStreams - 4);
  (void)all.Remove(removed);
  streams[kStreams - 3]->Sent(CursorAt(10).at, 3 * kMiB);
  streams[kStreams - 3].reset();
  auto young = all.Begin(Begun(replaced), true);
  for (uint32_t at = 101; at <= 109; ++at) young->Sent(CursorAt(at).at, 3 * kMiB);
  while (!LedgerOf(all, name(kStreams - 1))) std::this_thread::yield();
  EXPECT_FALSE(LedgerOf(all, removed));
  EXPECT_EQ(LedgerOf(all, ended), 6u);
  young.reset();
  EXPECT_EQ(LedgerOf(all, replaced), 105u);
}

TEST_F(CheckpointsTest, AutomaticOnesDoNotReplaceOneOfAnotherTable) {
  std::string notes;
  options_.on_note = [&](const std::string& line) { notes += line; };
  Checkpoints all(options_);
  for (const std::string table : {"operations", "transactions"}) {
    Checkpoint begun = Begun("a");
    begun.cursor.table = table;
    const auto stream = all.Begin(begun, true);
    for (uint32_t i = 1; i <= 9; ++i) stream->Sent(CursorAt(i).at, 3 * kMiB);
  }
  EXPECT_EQ(all.Find("a").ValueOrDie()->cursor.table, "operations");
  EXPECT_THAT(notes, HasSubstr("is of the table operations, not of 'transactions'"));
}

TEST_F(CheckpointsTest, OfUnnamedStreamsAreKeptWhereSomebodyChoseTheFolder) {
  {
    Checkpoints all(options_);
    ASSERT_TRUE(all.Start("here").ok());
    EXPECT_EQ(all.Begin(Begun("a"), false), nullptr);
    EXPECT_FALSE(fs::exists(options_.folder)) << "nobody has named one";
  }
  options_.chosen = true;
  Checkpoints all(options_);
  ASSERT_TRUE(all.Start("here").ok());
  EXPECT_NE(all.Begin(Begun("a"), false), nullptr);
  Checkpoints second(options_);
  EXPECT_THAT(second.Start("there").message(), HasSubstr("here"));
}

TEST_F(CheckpointsTest, ThatAreRemovedStayAway) {
  Checkpoints all(options_);
  auto stream = all.Begin(Begun("a"), true);
  for (uint32_t i = 1; i <= 9; ++i) stream->Sent(CursorAt(i).at, 3 * kMiB);
  EXPECT_EQ(CodeOf(all.Remove("a")), ErrorCode::kNotFound);
  stream.reset();
  EXPECT_FALSE(LedgerOf(all, "a"));
  ASSERT_TRUE(all.Acknowledge("b", CursorAt(3)).ok());
  EXPECT_EQ(all.List().ValueOrDie().size(), 1u);
  EXPECT_TRUE(all.Remove("b").ok());
  EXPECT_TRUE(all.List().ValueOrDie().empty());
}

TEST_F(CheckpointsTest, ThatAreOldAreRemovedAndNamed) {
  {
    Checkpoints all(options_);
    ASSERT_TRUE(all.Acknowledge("old", CursorAt(3)).ok());
    ASSERT_TRUE(all.Acknowledge("new", CursorAt(3)).ok());
  }
  const fs::path folder = options_.folder;
  fs::last_write_time(folder / "stream_old.checkpoint",
                      fs::file_time_type::clock::now() - std::chrono::hours(800));
  std::mutex mutex;
  std::string notes;
  options_.on_note = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    notes += line;
  };
  Checkpoints all(options_);
  EXPECT_TRUE(all.Find("new").ValueOrDie());
  while (fs::exists(folder / "stream_old.checkpoint")) std::this_thread::yield();
  EXPECT_TRUE(all.Find("new").ValueOrDie());
  while (true) {
    const std::lock_guard lock(mutex);
    if (notes.find("'old'") != std::string::npos) break;
  }
}

TEST_F(CheckpointsTest, ThatAreOldStayWhileAStreamIsAboutToBegin) {
  {
    Checkpoints all(options_);
    ASSERT_TRUE(all.Acknowledge("a", CursorAt(3)).ok());
    ASSERT_TRUE(all.Acknowledge("b", CursorAt(3)).ok());
  }
  for (const char* name : {"stream_a.checkpoint", "stream_b.checkpoint"}) {
    fs::last_write_time(fs::path(options_.folder) / name,
                        fs::file_time_type::clock::now() - std::chrono::hours(800));
  }
  Checkpoints all(options_);
  const Checkpoints::Use use(all, "a");
  while (LedgerOf(all, "b")) std::this_thread::yield();  // its turn is after that of "a"
  EXPECT_EQ(LedgerOf(all, "a"), 3u);
}

TEST_F(CheckpointsTest, OfManyWritersAtOnceAreIndependentAndWhole) {
  constexpr int kWriters = 16;
  constexpr int kNames = 100;
  {
    Checkpoints all(options_);
    std::atomic<int> failed = 0;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (uint32_t ledger = 1; ledger <= 10; ++ledger) {
          for (int name = writer; name < kNames; name += kWriters) {
            failed += !all.Acknowledge("n" + std::to_string(name), CursorAt(ledger)).ok();
            failed += !all.Acknowledge("all", CursorAt(ledger)).ok();
          }
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(failed, 0);
  }
  Checkpoints all(options_);
  const auto entries = all.List().ValueOrDie();
  EXPECT_EQ(entries.size(), kNames + 1u);
  for (const Store::Entry& entry : entries) {
    ASSERT_TRUE(entry.checkpoint.ok()) << entry.checkpoint.status();
    const uint32_t last = *entry.checkpoint->cursor.at.last;
    EXPECT_TRUE(entry.id == "all" ? last >= 1 : last == 10) << entry.id << " at " << last;
  }
}

}  // namespace
}  // namespace stellar_arrow::checkpoint

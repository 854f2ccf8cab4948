#include "stellar_arrow/checkpoint/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"

namespace stellar_arrow::checkpoint {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "checkpoints-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  // Not there yet.
  std::string path() const { return path_ / "store"; }
  fs::path File(const std::string& id) const {
    return path_ / "store" / ("stream_" + id + ".checkpoint");
  }
  fs::path Previous(const std::string& id) const { return File(id).string() + ".previous"; }

 private:
  fs::path path_;
};

std::unique_ptr<Store> Open(const Folder& folder) {
  return Store::Open(folder.path(), Store::Access::kWrite, "test").ValueOrDie();
}

Checkpoint At(uint32_t ledger, const std::string& id = "mine") {
  Checkpoint checkpoint{.id = id, .start = 5, .end = 900, .bytes = 77, .acknowledged = true};
  checkpoint.time = "2026-11-26T11:00:00Z";
  checkpoint.request = "operations:5:900";
  checkpoint.cursor = {.network = ledger::Sha256Of({}), .table = "operations", .schema = "1.1.0"};
  checkpoint.cursor.at = {.first = ledger + 1, .last = ledger, .rows = 10 * ledger};
  checkpoint.cursor.at.last_hash.fill(static_cast<uint8_t>(ledger));
  checkpoint.cursor.at.digest.fill(static_cast<uint8_t>(ledger + 1));
  return checkpoint;
}

std::string TextOf(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void Put(const fs::path& path, std::string_view text) {
  fs::remove(path);  // file systems write a file that is truncated to the disk at once
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::optional<uint32_t> LedgerIn(const Store& store, const std::string& id = "mine") {
  const auto loaded = store.Load(id).ValueOrDie();
  return loaded ? loaded->cursor.at.last : std::nullopt;
}

void ExpectRefused(const Store& store, const std::string& id, const std::string& why) {
  const arrow::Status status = store.Load(id).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kFailedPrecondition) << status;
  EXPECT_THAT(status.message(), HasSubstr(why));
  EXPECT_THAT(status.message(), HasSubstr("stream_" + id + ".checkpoint"));
}

TEST(Store, KeepsACheckpointAsJsonWithTheFieldsOfTheOriginalAndItsOwn) {
  const Folder folder;
  const auto store = Open(folder);
  EXPECT_FALSE(store->Load("mine").ValueOrDie());
  ASSERT_TRUE(store->Save(At(80)).ok());
  const auto loaded = store->Load("mine").ValueOrDie();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->cursor, At(80).cursor);
  EXPECT_EQ(ToText(*loaded), ToText(At(80)));
  const auto json = nlohmann::ordered_json::parse(TextOf(folder.File("mine")));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys,
              testing::ElementsAre("stream_id", "start_ledger", "end_ledger", "last_processed",
                                   "processed_count", "bytes_processed", "last_checkpoint",
                                   "metadata", "format", "network", "table", "schema", "last_hash",
                                   "rows", "digest", "acknowledged", "checksum"));
  EXPECT_EQ(json["last_processed"], 80);
  EXPECT_EQ(json["processed_count"], 76);
  struct stat status;
  ASSERT_EQ(::stat(folder.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(Store, KeepsTheGenerationBefore) {
  const Folder folder;
  const auto store = Open(folder);
  for (const uint32_t ledger : {80, 81, 82}) ASSERT_TRUE(store->Save(At(ledger)).ok());
  EXPECT_EQ(LedgerIn(*store), 82u);
  // A crash between the two renames: 82 is there, but nobody has been told of 83.
  fs::rename(folder.File("mine"), folder.Previous("mine"));
  EXPECT_EQ(LedgerIn(*store), 82u);
  ASSERT_TRUE(store->Save(At(84)).ok());
  EXPECT_EQ(LedgerIn(*store), 84u);
  EXPECT_EQ(TextOf(folder.Previous("mine")), ToText(At(82)));
  ASSERT_TRUE(store->Remove("mine").ok());
  EXPECT_FALSE(LedgerIn(*store));
  EXPECT_EQ(CodeOf(store->Remove("mine")), ErrorCode::kNotFound);
}

TEST(Store, RemovesWhatIsOldAlsoIfItIsTheGenerationBeforeAlone) {
  const Folder folder;
  const auto store = Open(folder);
  ASSERT_TRUE(store->Save(At(80)).ok());
  fs::rename(folder.File("mine"), folder.Previous("mine"));
  EXPECT_FALSE(store->RemoveIfOlder("mine", std::chrono::hours(1)).ValueOrDie());
  fs::last_write_time(folder.Previous("mine"),
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_TRUE(store->RemoveIfOlder("mine", std::chrono::hours(1)).ValueOrDie());
  EXPECT_FALSE(LedgerIn(*store));
}

// Every state that a file can be in after a crash of the machine, and more.
TEST(Store, RefusesEveryFileThatIsNotWholeByName) {
  const Folder folder;
  const auto store = Open(folder);
  ASSERT_TRUE(store->Save(At(80)).ok());
  ASSERT_TRUE(store->Save(At(81)).ok());
  const std::string old = ToText(At(80));
  const std::string whole = ToText(At(81));
  std::vector<std::string> states;
  for (size_t size = 0; size < whole.size(); ++size) {
    states.push_back(whole.substr(0, size));
    states.push_back(whole.substr(0, size) + std::string(whole.size() - size, '\0'));
  }
  for (size_t tear = 512; tear < whole.size(); tear += 512) {
    states.push_back(whole.substr(0, tear) + old.substr(tear));
    states.push_back(old.substr(0, tear) + whole.substr(tear));
  }
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    states.push_back(std::move(flipped));
  }
  states.push_back(whole + whole);
  states.push_back(whole + " ");
  size_t refused = 0;
  for (const std::string& state : states) {
    if (state == whole || state == old) continue;
    Put(folder.File("mine"), state);
    const auto loaded = store->Load("mine");
    ASSERT_FALSE(loaded.ok()) << state;
    EXPECT_EQ(CodeOf(loaded.status()), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(loaded.status().message(), HasSubstr(folder.File("mine").string()));
    // The one before is offered, never taken.
    EXPECT_THAT(loaded.status().message(), HasSubstr("go on after ledger 80 again"));
    ++refused;
  }
  EXPECT_GT(refused, 6000u);
  Put(folder.File("mine"), std::string(100'000, ' ') + whole);
  ExpectRefused(*store, "mine", "too long");
  Put(folder.File("mine"), whole);
  EXPECT_EQ(LedgerIn(*store), 81u);
  Put(folder.Previous("mine"), "torn");
  EXPECT_EQ(LedgerIn(*store), 81u);
  fs::remove(folder.File("mine"));
  ExpectRefused(*store, "mine", ".previous: ");
}

TEST(Store, RefusesFilesOfOthersNewerOnesAndThoseOfAnotherName) {
  const Folder folder;
  const auto store = Open(folder);
  // As the original writes it.
  Put(folder.File("theirs"),
      R"({"stream_id":"theirs","start_ledger":5,"end_ledger":9,"last_processed":7,)"
      R"("processed_count":3,"bytes_processed":1,"last_checkpoint":"2026-11-26T11:00:00Z"})");
  ExpectRefused(*store, "theirs", "not of this program");
  auto json = ToJsonObject(At(80, "newer"));
  json["format"] = 2;
  Put(folder.File("newer"), json.dump(2));
  ExpectRefused(*store, "newer", "newer than 1");
  Put(folder.File("other"), ToText(At(80, "mine")));
  ExpectRefused(*store, "other", "it is the checkpoint 'mine', not 'other'");
  json = ToJsonObject(At(80, "edited"));
  json["last_processed"] = 90;
  Put(folder.File("edited"), json.dump(2) + "\n");
  ExpectRefused(*store, "edited", "checksum");
}

TEST(Store, ReadsPlainFilesOfItsOwnOnly) {
  const Folder folder;
  const auto store = Open(folder);
  Put(fs::path(folder.path()) / "target", ToText(At(80, "link")));
  fs::create_symlink("target", folder.File("link"));
  ExpectRefused(*store, "link", "link");
  ASSERT_EQ(::mkfifo(folder.File("pipe").c_str(), 0600), 0);
  ExpectRefused(*store, "pipe", "no file");
  fs::create_directory(folder.File("folder"));
  ExpectRefused(*store, "folder", "no file");
  fs::create_symlink("/dev/zero", folder.File("device"));
  ExpectRefused(*store, "device", "link");
  EXPECT_EQ(store->List().ValueOrDie().size(), 4u) << "they are listed with what is wrong";
}

TEST(Store, IsOneProcessesAloneAndSaysWhose) {
  const Folder folder;
  auto store = Store::Open(folder.path(), Store::Access::kWrite, "grpc://here:1").ValueOrDie();
  const arrow::Status second = Store::Open(folder.path(), Store::Access::kWrite, "b").status();
  EXPECT_EQ(CodeOf(second), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.message(), HasSubstr("pid " + std::to_string(::getpid()) + ", grpc://here:1"));
  EXPECT_TRUE(Store::Open(folder.path(), Store::Access::kRead, "").ok());
  // What a crash left is cleared away by the next.
  Put(fs::path(folder.path()) / ".stream_mine.checkpoint.7.tmp", "half");
  store.reset();
  store = Open(folder);
  EXPECT_FALSE(fs::exists(fs::path(folder.path()) / ".stream_mine.checkpoint.7.tmp"));
}

TEST(Store, TakesAFolderOfItsOwnOnly) {
  const Folder folder;
  Open(folder).reset();
  const std::string link = folder.path() + "-link";
  fs::create_symlink(folder.path(), link);
  for (const std::string& name : {link, link + "/"}) {
    EXPECT_THAT(Store::Open(name, Store::Access::kWrite, "").status().message(),
                HasSubstr("it is a link"));
  }
  fs::permissions(folder.path(), fs::perms(0755));
  EXPECT_TRUE(Store::Open(folder.path(), Store::Access::kWrite, "").ok()) << "others may read it";
  fs::permissions(folder.path(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(Store::Open(folder.path(), Store::Access::kWrite, "").status().message(),
              HasSubstr("others may write to it"));
  EXPECT_EQ(CodeOf(Store::Open(folder.path() + "/a/b", Store::Access::kWrite, "").status()),
            ErrorCode::kUnavailable);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(folder.path().c_str(), 12345, 12345), 0);
    fs::permissions(folder.path(), fs::perms::owner_all);
    EXPECT_THAT(Store::Open(folder.path(), Store::Access::kWrite, "").status().message(),
                HasSubstr("belongs to user 12345"));
  }
}

TEST(Store, TakesNamesThatArePartsOfFileNamesOnly) {
  const std::vector<std::string> good_ones = {"a", "A.b-c_9", "..a", "-", std::string(64, 'x')};
  for (const std::string& good : good_ones) {
    EXPECT_TRUE(ParseId(good).ok()) << good;
  }
  const std::vector<std::string> bad = {"",    ".",      "..",        "...",
                                        "a/b", "../a",   "/a",        "a b",
                                        "a\n", "%2e%2e", "a\\b",      "\xc3\xa4",
                                        "a:b", "a*",     "~",         "$HOME",
                                        "a;b", "'",      {"a\0b", 3}, std::string(65, 'x')};
  for (const std::string& id : bad) {
    EXPECT_EQ(CodeOf(ParseId(id).status()), ErrorCode::kInvalidArgument) << id;
  }
}

}  // namespace
}  // namespace stellar_arrow::checkpoint

// Objects that are kept: they are what the lake gave, or they are read from it again.
#include "stellar_arrow/source/object_cache.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"
#include "tests/support/folder_store.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;

std::string ObjectOf(uint32_t ledger) { return LakeLayout{1, 64000, "zst"}.Key(ledger); }

class ObjectCacheTest : public testing::Test {
 protected:
  ObjectCacheTest()
      : folder_(fs::temp_directory_path() /
                ("object-cache-test-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())),
        lake_(folder_.string() + "-lake") {
    TearDown();
  }
  void TearDown() override {
    fs::remove_all(folder_);
    fs::remove_all(lake_);
  }

  std::shared_ptr<ObjectCache> Open(int64_t most_bytes = 1 << 20) const {
    return ObjectCache::Open(folder_.string(), most_bytes).ValueOrDie();
  }
  static void Keep(ObjectCache& cache, uint32_t ledger, const std::string& content,
                   const std::string& lake = "lake") {
    cache.Keep(lake, ObjectOf(ledger), *arrow::Buffer::FromString(content));
  }
  // "-": it is not there.
  static std::string Find(ObjectCache& cache, uint32_t ledger, const std::string& lake = "lake") {
    const auto bytes = cache.Find(lake, ObjectOf(ledger), arrow::default_memory_pool());
    return bytes == nullptr ? "-" : bytes->ToString();
  }
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_)) files.push_back(entry.path());
    return files;
  }
  int64_t Bytes() const {
    int64_t bytes = 0;
    for (const fs::path& file : Files()) bytes += static_cast<int64_t>(fs::file_size(file));
    return bytes;
  }

  const fs::path folder_;
  const fs::path lake_;
};

TEST_F(ObjectCacheTest, GivesBackWhatWasKeptForThatLakeOnly) {
  const auto cache = Open();
  EXPECT_EQ(Find(*cache, 7), "-");
  Keep(*cache, 7, "seven");
  Keep(*cache, 7, "another seven", "another lake");
  EXPECT_EQ(Find(*cache, 7), "seven");
  EXPECT_EQ(Find(*cache, 7, "another lake"), "another seven");
  EXPECT_EQ(Find(*Open(), 7), "seven");  // another process
}

TEST_F(ObjectCacheTest, GivesBackNothingThatIsDamaged) {
  const auto cache = Open();
  const std::string content = "what the lake gave";
  Keep(*cache, 7, content);
  ASSERT_EQ(Files().size(), 1u);
  const fs::path file = Files().front();
  const auto size = static_cast<size_t>(fs::file_size(file));
  std::string whole(size, '\0');
  std::ifstream(file, std::ios::binary).read(whole.data(), static_cast<std::streamsize>(size));
  const auto damage = [&](const std::string& with) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << with;
    EXPECT_EQ(Find(*cache, 7), "-");
    EXPECT_FALSE(fs::exists(file));  // so that it is kept anew
  };
  for (size_t i = 0; i < size; ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 4);
    damage(flipped);
    damage(whole.substr(0, i));
  }
  damage(whole + "x");
  // A whole one under another's name.
  Keep(*cache, 7, content);
  std::string other = file.string();
  other.replace(other.size() - 9, 1, "8");
  fs::rename(file, other);
  EXPECT_EQ(Find(*cache, 8), "-");
}

TEST_F(ObjectCacheTest, StaysBelowItsBoundAndKeepsWhatWasUsedLast) {
  constexpr int64_t kMost = 1'000'000;
  const auto cache = Open(kMost);
  Keep(*cache, 1, std::string(10'000, 'x'));
  for (uint32_t ledger = 2; ledger < 500; ++ledger) {
    Keep(*cache, ledger, std::string(10'000, 'x'));
    EXPECT_NE(Find(*cache, 1), "-") << ledger;  // always used last
    EXPECT_LE(Bytes(), kMost);
  }
  EXPECT_GT(Bytes(), kMost / 2);
  EXPECT_EQ(Find(*cache, 2), "-");
  EXPECT_NE(Find(*cache, 499), "-");
  // One that would drive out all others is not kept; a smaller bound holds from the start on.
  Keep(*cache, 600, std::string(kMost / 2, 'x'));
  EXPECT_EQ(Find(*cache, 600), "-");
  Open(kMost / 2);
  EXPECT_LE(Bytes(), kMost / 2);
}

TEST_F(ObjectCacheTest, IsSafeToDeleteAndTouchesNothingOfOthers) {
  const auto cache = Open(100'000);
  std::ofstream(folder_ / "somebody's") << std::string(500'000, 'x');
  for (uint32_t ledger = 1; ledger < 50; ++ledger) Keep(*cache, ledger, std::string(500, 'x'));
  EXPECT_TRUE(fs::exists(folder_ / "somebody's"));
  fs::remove_all(folder_);
  EXPECT_EQ(Find(*cache, 49), "-");
  Keep(*cache, 50, "fifty");
  EXPECT_EQ(Find(*cache, 50), "fifty");
}

TEST_F(ObjectCacheTest, IsForManyAtATime) {
  const auto cache = Open(200'000);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (uint32_t ledger = 1; ledger < 100; ++ledger) {
        const std::string content(500, static_cast<char>('a' + ledger % 26));
        Keep(*cache, ledger, content);
        const std::string found = Find(*cache, ledger);
        EXPECT_TRUE(found == "-" || found == content);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const fs::path& file : Files()) EXPECT_NE(file.filename().string().front(), '.');
  EXPECT_LE(Files().size() * 4096, 200'000u) << "what small files take of a disk";
}

TEST_F(ObjectCacheTest, CountsWhatProcessesBesideItKeep) {
  const auto cache = Open(200'000), beside = Open(200'000);
  for (uint32_t ledger = 1; ledger < 200; ++ledger) {
    Keep(ledger % 2 == 0 ? *cache : *beside, ledger, std::string(500, 'x'));
  }
  // Each knows of the other's only once it makes room itself.
  EXPECT_LE(Files().size() * 4096, 2 * 200'000u);
  Keep(*Open(200'000), 200, "x");
  EXPECT_LE(Files().size() * 4096, 200'000u);
}

TEST_F(ObjectCacheTest, KeepsNothingThatIsNotAWholeObject) {
  std::string whole(ZSTD_compressBound(7), '\0');
  whole.resize(ZSTD_compress(whole.data(), whole.size(), "a batch", 7, 3));
  const auto store = WithCache(std::make_shared<support::FolderStore>(lake_), "lake", Open());
  const fs::path object = lake_ / ObjectOf(5);
  fs::create_directories(object.parent_path());
  const auto read = [&] {
    return (*store->Read(ObjectOf(5), arrow::default_memory_pool(), {}))->ToString();
  };
  for (const std::string& now :
       {whole.substr(0, whole.size() / 2), std::string("<html>back soon</html>"), whole}) {
    std::ofstream(object, std::ios::binary) << now;
    EXPECT_EQ(read(), now);
  }
  std::ofstream(object, std::ios::binary) << "it is not asked for any more";
  EXPECT_EQ(read(), whole);
}

TEST_F(ObjectCacheTest, SaysWhereItCannotBe) {
  std::ofstream(folder_.string()) << "a file";
  EXPECT_EQ(CodeOf(ObjectCache::Open(folder_.string(), 1 << 20).status()),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace stellar_arrow::source

// Lakes as they are written: names, whole objects, and what is there already.
#include "stellar_arrow/source/lake_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

const std::string kPassphrase = "a network of this test's";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string Word(uint32_t word) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift);
  return out;
}

std::string Unzipped(const fs::path& path) {
  const std::string stored = ReadFile(path);
  Unzipper unzipper(kMaxObjectBytes);
  const auto content =
      unzipper.Unzip({reinterpret_cast<const uint8_t*>(stored.data()), stored.size()});
  EXPECT_TRUE(content.ok()) << path << ": " << content.status();
  if (!content.ok()) return {};
  return {content->begin(), content->end()};
}

// The writer looks at no ledger, so any bytes serve.
std::string LedgerOf(uint32_t sequence) { return "ledger " + std::to_string(sequence); }

class LakeWriterTest : public testing::Test {
 protected:
  LakeWriterTest()
      : folder_(fs::temp_directory_path() /
                ("lake-writer-test-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
  }
  ~LakeWriterTest() override { fs::remove_all(folder_); }

  const fs::path& folder() const { return folder_; }

  // A writer of the layout, with threads.
  std::unique_ptr<LakeWriter> Open(std::optional<uint32_t> ledgers_per_file = {},
                                   std::optional<uint32_t> files_per_partition = {}) {
    auto writer = TryOpen(ledgers_per_file, files_per_partition);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return std::move(*writer);
  }
  arrow::Result<std::unique_ptr<LakeWriter>> TryOpen(
      std::optional<uint32_t> ledgers_per_file = {},
      std::optional<uint32_t> files_per_partition = {}) {
    LakeWriter::Options options;
    options.ledgers_per_file = ledgers_per_file;
    options.files_per_partition = files_per_partition;
    options.threads = 3;
    return LakeWriter::Open(folder_.string(), options);
  }

  static arrow::Status Add(LakeWriter& writer, uint32_t sequence) {
    return Add(writer, sequence, LedgerOf(sequence));
  }
  static arrow::Status Add(LakeWriter& writer, uint32_t sequence, const std::string& ledger) {
    return writer.Add(sequence, {reinterpret_cast<const uint8_t*>(ledger.data()), ledger.size()});
  }

  // Adds ledgers first..last, and finishes.
  static arrow::Status AddAll(LakeWriter& writer, uint32_t first, uint32_t last) {
    for (uint32_t i = first; i <= last; ++i) ARROW_RETURN_NOT_OK(Add(writer, i));
    return writer.Finish();
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder_).string());
    }
    return files;
  }

 private:
  const fs::path folder_;
};

TEST_F(LakeWriterTest, WritesObjectsUnderTheStandardsNames) {
  auto writer = Open(2, 8);
  ASSERT_TRUE(writer->SetNetwork(kPassphrase).ok());
  ASSERT_TRUE(AddAll(*writer, 14, 19).ok());
  EXPECT_THAT(Files(),
              UnorderedElementsAre(".config.json", "FFFFFFFF--0-15/FFFFFFF1--14-15.xdr.zst",
                                   "FFFFFFEF--16-31/FFFFFFEF--16-17.xdr.zst",
                                   "FFFFFFEF--16-31/FFFFFFED--18-19.xdr.zst"));
  EXPECT_EQ(Unzipped(folder() / "FFFFFFEF--16-31/FFFFFFED--18-19.xdr.zst"),
            Word(18) + Word(19) + Word(2) + LedgerOf(18) + LedgerOf(19));
  EXPECT_EQ(writer->counters().ledgers, 6);
  EXPECT_EQ(writer->counters().objects, 3);
  EXPECT_EQ(writer->counters().objects_kept, 0);
}

TEST_F(LakeWriterTest, LaysOutAsGalexieWhereNobodySaysOtherwise) {
  auto writer = Open();
  ASSERT_TRUE(AddAll(*writer, 30822015, 30822015).ok());
  EXPECT_THAT(Files(), ElementsAre("FE2A45FF--30784000-30847999/FE29B180--30822015.xdr.zst"));
}

TEST_F(LakeWriterTest, BeginsTheFirstObjectAtLedgerTwoAlthoughItIsNamedFromZero) {
  auto writer = Open(4, 1);
  ASSERT_TRUE(AddAll(*writer, 2, 7).ok());
  EXPECT_THAT(Files(), UnorderedElementsAre("FFFFFFFF--0-3.xdr.zst", "FFFFFFFB--4-7.xdr.zst"));
  EXPECT_EQ(Unzipped(folder() / "FFFFFFFF--0-3.xdr.zst"),
            Word(2) + Word(3) + Word(2) + LedgerOf(2) + LedgerOf(3));
}

TEST_F(LakeWriterTest, WritesTheLastObjectThereCanBe) {
  auto writer = Open(4, 10);
  for (uint32_t i = 3; i != UINT32_MAX; --i) ASSERT_TRUE(Add(*writer, UINT32_MAX - i).ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_THAT(
      Files(),
      ElementsAre("0000000F--4294967280-4294967295/00000003--4294967292-4294967295.xdr.zst"));
  EXPECT_FALSE(Add(*writer, 0).ok());
}

TEST_F(LakeWriterTest, GivesBackWhatASourceReads) {
  auto writer = Open(4, 2);
  ASSERT_TRUE(writer->SetNetwork(kPassphrase).ok());
  ASSERT_TRUE(AddAll(*writer, 2, 31).ok());
  const LakeListing listing = ListLake(folder().string()).ValueOrDie();
  EXPECT_EQ(listing.first, 2u);
  EXPECT_EQ(listing.last, 31u);
  EXPECT_EQ(listing.objects, 8);
  EXPECT_EQ(listing.ledgers_per_file, 4u);
  EXPECT_TRUE(listing.gaps.empty());
  EXPECT_EQ(OpenSource(folder().string()).ValueOrDie()->passphrase(), kPassphrase);
}

TEST_F(LakeWriterTest, RefusesToBeginInsideAnObjectAndSaysWhereOneBegins) {
  auto writer = Open(64, 1);
  const arrow::Status status = Add(*writer, 3);
  EXPECT_EQ(CodeOf(status), ErrorCode::kOutOfRange);
  EXPECT_THAT(status.message(), HasSubstr("ledger 3 "));
  EXPECT_THAT(status.message(), HasSubstr("begins with ledger 2"));
  EXPECT_THAT(Add(*writer, 100).message(), HasSubstr("begins with ledger 64"));
  EXPECT_EQ(CodeOf(Add(*Open(1), 1)), ErrorCode::kOutOfRange);
  EXPECT_EQ(CodeOf(Add(*Open(1), 0)), ErrorCode::kOutOfRange);
}

TEST_F(LakeWriterTest, RefusesLedgersThatDoNotFollowEachOther) {
  for (const uint32_t other : {5, 7, 4}) {
    auto writer = Open(1);
    ASSERT_TRUE(Add(*writer, 5).ok());
    const arrow::Status status = Add(*writer, other);
    EXPECT_EQ(CodeOf(status), ErrorCode::kOutOfRange) << other;
    EXPECT_THAT(status.message(), HasSubstr("follow ledger 5"));
  }
}

TEST_F(LakeWriterTest, WritesNoObjectThatLacksLedgersAndSaysSo) {
  auto writer = Open(4, 1);
  const arrow::Status status = AddAll(*writer, 4, 9);
  EXPECT_EQ(CodeOf(status), ErrorCode::kOutOfRange);
  EXPECT_THAT(status.message(), HasSubstr("ledgers 8 to 9 are not written"));
  EXPECT_THAT(status.message(), HasSubstr("lacks ledgers 10 to 11"));
  EXPECT_THAT(Files(), ElementsAre("FFFFFFFB--4-7.xdr.zst"));
}

TEST_F(LakeWriterTest, CanBeRepeatedAndLeavesEqualObjectsAlone) {
  ASSERT_TRUE(AddAll(*Open(4, 1), 4, 15).ok());
  const fs::path object = folder() / "FFFFFFFB--4-7.xdr.zst";
  const std::string content = Unzipped(object);
  // The same, zipped by someone else.
  std::string zipped(ZSTD_compressBound(content.size()), '\0');
  zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), content.data(), content.size(), 19));
  ASSERT_NE(zipped, ReadFile(object));
  WriteFile(object, zipped);
  fs::remove(folder() / "FFFFFFF7--8-11.xdr.zst");  // an interruption
  auto again = Open(4, 1);
  ASSERT_TRUE(AddAll(*again, 4, 15).ok());
  EXPECT_EQ(again->counters().objects, 3);
  EXPECT_EQ(again->counters().objects_kept, 2);
  EXPECT_EQ(ReadFile(object), zipped);
  EXPECT_EQ(Files().size(), 3u);
}

TEST_F(LakeWriterTest, RefusesAnObjectOfOtherContentAndKeepsIt) {
  ASSERT_TRUE(AddAll(*Open(1, 1), 5, 7).ok());
  const fs::path object = folder() / "FFFFFFF9--6.xdr.zst";
  const std::string whole = ReadFile(object);
  for (const std::string& there : {ReadFile(folder() / "FFFFFFFA--5.xdr.zst"),
                                   whole.substr(0, whole.size() / 2), std::string()}) {
    WriteFile(object, there);
    const arrow::Status status = AddAll(*Open(1, 1), 5, 7);
    EXPECT_EQ(CodeOf(status), ErrorCode::kFailedPrecondition) << status;
    EXPECT_THAT(status.message(), HasSubstr(object.string()));
    EXPECT_EQ(ReadFile(object), there);
  }
}

TEST_F(LakeWriterTest, LeavesNothingBehindWhereAFileCannotBeWritten) {
  auto writer = Open(1, 1);
  fs::create_directories(folder() / "FFFFFFFA--5.xdr.zst");
  EXPECT_FALSE(AddAll(*writer, 5, 5).ok());
  EXPECT_TRUE(Files().empty());
}

TEST_F(LakeWriterTest, HoldsItselfToTheManifestThatIsThere) {
  ASSERT_TRUE(Open(4, 2)->SetNetwork(kPassphrase).ok());
  const std::string manifest = ReadFile(folder() / ".config.json");
  for (const auto& [ledgers, files] :
       {std::pair<std::optional<uint32_t>, std::optional<uint32_t>>{1, {}}, {{}, 3}, {4, 1}}) {
    const arrow::Status status = TryOpen(ledgers, files).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr(".config.json: it says"));
  }
  auto writer = Open();  // as the manifest says
  EXPECT_EQ(writer->passphrase(), kPassphrase);
  EXPECT_TRUE(writer->SetNetwork(kPassphrase).ok());
  const arrow::Status other = writer->SetNetwork("another network");
  EXPECT_EQ(CodeOf(other), ErrorCode::kFailedPrecondition);
  EXPECT_THAT(other.message(), HasSubstr("another network"));
  EXPECT_THAT(other.message(), HasSubstr(kPassphrase));
  ASSERT_TRUE(AddAll(*writer, 4, 7).ok());
  EXPECT_THAT(Files(), UnorderedElementsAre(".config.json", "FFFFFFFF--0-7/FFFFFFFB--4-7.xdr.zst"));
  EXPECT_EQ(ReadFile(folder() / ".config.json"), manifest);
}

TEST_F(LakeWriterTest, RefusesAManifestThatIsNone) {
  WriteFile(folder() / ".config.json", "{}");
  const arrow::Status status = TryOpen().status();
  EXPECT_THAT(status.message(), HasSubstr(".config.json"));
}

TEST_F(LakeWriterTest, HoldsItselfToTheNamesWhereThereIsNoManifest) {
  ASSERT_TRUE(AddAll(*Open(4, 2), 4, 7).ok());
  EXPECT_EQ(CodeOf(TryOpen(2, 2).status()), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(TryOpen(4, 3).status()), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(TryOpen(4, 2).ok());
}

TEST_F(LakeWriterTest, RefusesAPathThatIsNoFolder) {
  WriteFile(folder(), "a file");
  EXPECT_EQ(CodeOf(TryOpen().status()), ErrorCode::kInvalidArgument);
  fs::remove(folder());
}

TEST_F(LakeWriterTest, WritesNothingThatItsReadersWouldRefuse) {
  // Far above 200 times what it takes zipped, and above the 64 MiB that are always allowed.
  const std::string monotonous(size_t{65} << 20, 'x');
  auto writer = Open(1, 1);
  ASSERT_TRUE(Add(*writer, 5, monotonous).ok());
  const arrow::Status bomb = writer->Finish();
  EXPECT_EQ(CodeOf(bomb), ErrorCode::kResourceExhausted);
  EXPECT_THAT(bomb.message(), HasSubstr("FFFFFFFA--5.xdr.zst"));

  LakeWriter::Options options;
  options.max_object_bytes = 1000;
  auto small = LakeWriter::Open(folder().string(), options).ValueOrDie();
  const arrow::Status big = Add(*small, 5, std::string(1000, 'x'));
  EXPECT_EQ(CodeOf(big), ErrorCode::kResourceExhausted);
  EXPECT_THAT(big.message(), HasSubstr("ledger 5"));
  EXPECT_TRUE(Files().empty());
}

}  // namespace
}  // namespace stellar_arrow::source

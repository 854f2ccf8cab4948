// Where ledgers come from: layouts, forms, gaps, and bytes that are not what they claim to be.
#include "stellar_arrow/source/source.h"

#include <arrow/buffer.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr uint32_t kFirst = 30822015;
const std::string kPubnetLake = SAS_TEST_DATA "/pubnet-lake";
const std::string kTestnetLake = SAS_TEST_DATA "/galexie-lake";

xdr::Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string Zip(const std::string& content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 3));
  return out;
}

std::string Word(uint32_t word) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift);
  return out;
}

std::string Framed(const std::string& ledger) {
  return Word(0x80000000u | static_cast<uint32_t>(ledger.size())) + ledger;
}

fs::path PubnetObject(uint32_t sequence) {
  const LakeLayout layout{1, 64000, "zst"};
  return fs::path(kPubnetLake) / layout.Key(sequence);
}

// The bare LedgerCloseMeta of one of the six public-network ledgers.
std::string PubnetLedger(uint32_t sequence) {
  Unzipper unzipper(kMaxObjectBytes);
  const std::string stored = ReadFile(PubnetObject(sequence));
  const auto batch = unzipper.Unzip(BytesOf(stored)).ValueOrDie();
  const auto head = ledger::ReadBatchHead(batch).ValueOrDie();
  return {reinterpret_cast<const char*>(head.ledgers.data()), head.ledgers.size()};
}

std::string Batch(uint32_t first, uint32_t last) {
  std::string out = Word(first) + Word(last) + Word(last - first + 1);
  for (uint32_t i = first; i <= last; ++i) out += PubnetLedger(i);
  return out;
}

class Folder : public testing::Test {
 protected:
  Folder()
      : path_(fs::temp_directory_path() /
              ("source-test-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() override { fs::remove_all(path_); }

  fs::path path(const std::string& name = "") const { return name.empty() ? path_ : path_ / name; }

  // The ledgers that a pass gives, by what its objects say they hold.
  struct Pass {
    std::vector<std::string> names;
    std::vector<uint32_t> ledgers;
    arrow::Status status;
    Fetched::State state = Fetched::State::kEnd;
    std::string reason;
  };
  static Pass Read(const std::string& url, LedgerRange range, GapPolicy gaps = GapPolicy::kFail) {
    Pass pass;
    auto source = OpenSource(url);
    if (!source.ok()) {
      pass.status = source.status();
      return pass;
    }
    return Read(**source, range, gaps);
  }
  static Pass Read(LedgerSource& source, LedgerRange range, GapPolicy gaps = GapPolicy::kFail) {
    Pass pass;
    auto stream = source.OpenStream(range, gaps);
    pass.status = stream.status();
    while (pass.status.ok()) {
      auto fetched = (*stream)->Next();
      pass.status = fetched.status();
      if (!fetched.ok()) break;
      pass.state = fetched->state;
      pass.reason = fetched->reason;
      if (fetched->state != Fetched::State::kObject) break;
      pass.names.push_back(fetched->object.name);
      for (uint32_t i = fetched->object.first; i <= fetched->object.last; ++i) {
        pass.ledgers.push_back(i);
      }
    }
    return pass;
  }

 private:
  const fs::path path_;
};

using LakeSource = Folder;
using FileSource = Folder;
using FramedSource = Folder;
using Url = Folder;

TEST(LakeLayout, NamesObjectsAsTheStandardDoes) {
  struct Case {
    uint32_t per_file, per_partition, sequence;
    const char* key;
  };
  for (const Case& c : std::initializer_list<Case>{
           {1, 64000, 2, "FFFFFFFF--0-63999/FFFFFFFD--2.xdr.zst"},
           {1, 64000, 999, "FFFFFFFF--0-63999/FFFFFC18--999.xdr.zst"},
           {1, 64000, 64000, "FFFF05FF--64000-127999/FFFF05FF--64000.xdr.zst"},
           {1, 64000, 30822015, "FE2A45FF--30784000-30847999/FE29B180--30822015.xdr.zst"},
           {64, 10, 2, "FFFFFFFF--0-639/FFFFFFFF--0-63.xdr.zst"},
           {64, 10, 63, "FFFFFFFF--0-639/FFFFFFFF--0-63.xdr.zst"},
           {64, 10, 30822015, "FE29B27F--30821760-30822399/FE29B1BF--30821952-30822015.xdr.zst"},
           {64, 1, 1000000, "FFF0BDBF--1000000-1000063.xdr.zst"},
           {2, 8, 18, "FFFFFFEF--16-31/FFFFFFED--18-19.xdr.zst"},
           {64, 10, 4294967295u,
            "000000FF--4294967040-4294967295/0000003F--4294967232-4294967295"
            ".xdr.zst"}}) {
    const LakeLayout layout{c.per_file, c.per_partition, "zst"};
    EXPECT_EQ(layout.Key(c.sequence), c.key);
    const std::string key = c.key;
    const auto name =
        ParseLakeName(key.substr(key.find('/') == std::string::npos ? 0 : key.find('/') + 1));
    ASSERT_TRUE(name.has_value()) << key;
    EXPECT_EQ(name->first, layout.FileRange(c.sequence).first);
    EXPECT_EQ(name->last, *layout.FileRange(c.sequence).last);
    EXPECT_EQ(name->extension, "zst");
  }
}

TEST(LakeLayout, NamesAPartitionOfTheGreatestLedgerAlone) {
  const LakeLayout layout{1, UINT32_MAX, "zst"};
  EXPECT_EQ(layout.PartitionName(UINT32_MAX), "00000000--4294967295-4294967295");
  const auto name = ParseLakeName(layout.PartitionName(UINT32_MAX));
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->first, UINT32_MAX);
  EXPECT_EQ(name->last, UINT32_MAX);
  EXPECT_EQ(name->extension, "");
}

TEST(LakeLayout, TakesNoOtherNames) {
  for (const char* name :
       {"", "FFFFFC18", "FFFFFC18--999", "FFFFFC17--999.xdr.zst", "fffffc18--999.xdr.zst",
        "FFFFFC18-999.xdr.zst", "FFFFFC18--0999.xdr.zst", "FFFFFC18--999.xdr.", "FFFFFC18--999.zst",
        "FFFFFC18--999-998.xdr.zst", "FFFFFC18--999-999.xdr.zst", ".config.json", "FFFFFFFF--0-"}) {
    EXPECT_FALSE(ParseLakeName(name).has_value()) << name;
  }
}

TEST(LakeManifest, IsReadStrictly) {
  const auto manifest = ParseManifest(
      R"({"networkPassphrase":"P ; Q","version":"1.0","compression":"zstd","ledgersPerBatch":64,)"
      R"("batchesPerPartition":10})");
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->ledgers_per_file, 64u);
  EXPECT_EQ(manifest->files_per_partition, 10u);
  for (const char* bad :
       {"", "{}", "[]", "{", R"({"networkPassphrase":"P ; Q"})",
        R"({"networkPassphrase":"","ledgersPerBatch":1,"batchesPerPartition":1})",
        R"({"networkPassphrase":"P ; Q","ledgersPerBatch":0,"batchesPerPartition":1})",
        R"({"networkPassphrase":"P ; Q","ledgersPerBatch":-1,"batchesPerPartition":1})",
        R"({"networkPassphrase":"P ; Q","ledgersPerBatch":"1","batchesPerPartition":1})",
        R"({"networkPassphrase":"P ; Q","ledgersPerBatch":1,"batchesPerPartition":4294967296})",
        R"({"networkPassphrase":"P ; Q","compression":"gzip","ledgersPerBatch":1,)"
        R"("batchesPerPartition":1})"}) {
    EXPECT_FALSE(ParseManifest(bad).ok()) << bad;
  }
}

TEST(Unzipper, GivesBackWhatWasZipped) {
  Unzipper unzipper(kMaxObjectBytes);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{5} << 20, size_t{10}}) {
    std::string content(size, '\0');
    for (size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * i >> 7);
    const std::string stored = Zip(content);
    const auto bytes = unzipper.Unzip(BytesOf(stored));
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_TRUE(std::ranges::equal(*bytes, BytesOf(content)));
  }
}

// A frame of RLE blocks: 4 bytes each make 128 KiB of one letter.
std::string Bomb(int blocks) {
  std::string frame = "\x28\xb5\x2f\xfd";
  frame += '\x00';  // no content size, no checksum, no dictionary
  frame += '\x58';  // a window of 2 MiB
  const uint32_t size = 128 << 10;
  for (int i = 0; i < blocks; ++i) {
    const uint32_t head = size << 3 | 1u << 1 | (i + 1 == blocks ? 1u : 0u);
    for (int shift = 0; shift < 24; shift += 8) frame += static_cast<char>(head >> shift);
    frame += 'x';
  }
  return frame;
}

TEST(Unzipper, RefusesABombWithinItsCap) {
  const std::string bomb = Bomb(8192);  // 32 KiB that make 1 GiB
  ASSERT_LT(bomb.size(), 33000u);
  Unzipper unzipper(kMaxObjectBytes);
  const auto status = unzipper.Unzip(BytesOf(bomb)).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("67108864"));  // 64 MiB, whatever is claimed
  const std::string harmless = Bomb(16);
  EXPECT_EQ(unzipper.Unzip(BytesOf(harmless)).ValueOrDie().size(), size_t{2} << 20);
  Unzipper small(1 << 20);
  EXPECT_EQ(CodeOf(small.Unzip(BytesOf(harmless)).status()), ErrorCode::kResourceExhausted);
}

TEST(Unzipper, BelievesNoClaimedSize) {
  // The same bomb with a content size of 2^62, then of 10 bytes.
  const std::string bomb = Bomb(16);
  for (const uint64_t claim : {uint64_t{1} << 62, uint64_t{10}}) {
    std::string lying = bomb.substr(0, 4) + '\xc0' + bomb.substr(5, 1);
    for (int shift = 0; shift < 64; shift += 8) lying += static_cast<char>(claim >> shift);
    lying += bomb.substr(6);
    Unzipper unzipper(kMaxObjectBytes);
    EXPECT_FALSE(unzipper.Unzip(BytesOf(lying)).ok());
  }
}

TEST(Unzipper, TakesExactlyOneWholeFrame) {
  const std::string frame = Zip("some bytes of a ledger");
  Unzipper unzipper(kMaxObjectBytes);
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(unzipper.Unzip(BytesOf(frame.substr(0, size))).ok()) << size;
  }
  EXPECT_THAT(unzipper.Unzip(BytesOf(frame + frame)).status().message(), HasSubstr("follow"));
  EXPECT_FALSE(unzipper.Unzip(BytesOf(frame + "x")).ok());
  EXPECT_FALSE(unzipper.Unzip(BytesOf("x" + frame)).ok());
  const std::string skippable("\x50\x2a\x4d\x18\x02\x00\x00\x00zz", 10);
  EXPECT_FALSE(unzipper.Unzip(BytesOf(skippable)).ok());
  EXPECT_FALSE(unzipper.Unzip(BytesOf(skippable + frame)).ok());
  EXPECT_FALSE(unzipper.Unzip(BytesOf("\x1f\x8b\x08 gzip")).ok());
  EXPECT_TRUE(unzipper.Unzip(BytesOf(frame)).ok());  // it works on after all that
}

TEST(Unzipper, RefusesWhatIsNoPlainFrameInOneLine) {
  const std::string frame = Zip("some bytes of a ledger");
  const std::string magic = "\x28\xb5\x2f\xfd";
  const std::string content = "\x58\x19" + std::string(2, '\0') + "abc";  // window, raw block
  ASSERT_TRUE(Unzipper(kMaxObjectBytes).Unzip(BytesOf(magic + '\0' + content)).ok());
  const std::pair<const char*, std::string> refused[] = {
      {"nothing", ""},
      {"the magic number alone", magic},
      {"a skippable frame", std::string("\x50\x2a\x4d\x18\x02\x00\x00\x00zz", 10)},
      {"two frames", frame + frame},
      {"a byte behind the frame", frame + "x"},
      // The content as above, of a frame that names dictionary 7.
      {"a dictionary", magic + '\x01' + content.substr(0, 1) + '\x07' + content.substr(1)},
      {"the format of zstd 0.7", "\x27" + frame.substr(1)},
      {"gzip", std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0", 21)},
  };
  Unzipper unzipper(kMaxObjectBytes);
  for (const auto& [what, bytes] : refused) {
    const arrow::Status status = unzipper.Unzip(BytesOf(bytes)).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss) << what << ": " << status;
    EXPECT_THAT(status.message(), testing::Not(HasSubstr("\n"))) << what;
  }
}

TEST_F(LakeSource, TellsItsExtentAndPassphrase) {
  const auto source = OpenSource(kPubnetLake).ValueOrDie();
  const Extent extent = source->GetExtent().ValueOrDie();
  EXPECT_EQ(extent.first, kFirst);
  EXPECT_EQ(extent.newest, kFirst + 5);
  EXPECT_TRUE(extent.grows);
  EXPECT_EQ(source->passphrase(), "Public Global Stellar Network ; September 2015");
}

TEST_F(LakeSource, ReadsObjectsThatLieFlatWhateverTheManifestSays) {
  const Pass pass = Read(kTestnetLake, {997, 999});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_THAT(pass.ledgers, testing::ElementsAre(997, 998, 999));
  EXPECT_EQ(pass.state, Fetched::State::kEnd);
}

TEST_F(LakeSource, ReadsAnyLayoutWithOrWithoutManifest) {
  // 30822016 is divisible by 2, 4 and more.
  for (const uint32_t per_file : {1u, 2u, 4u}) {
    for (const uint32_t per_partition : {1u, 3u, 64000u}) {
      for (const std::string extension : {"zst", "zstd"}) {
        for (const bool manifest : {false, true}) {
          const fs::path lake =
              path(std::to_string(per_file) + "-" + std::to_string(per_partition) + extension +
                   (manifest ? "m" : ""));
          const LakeLayout layout{per_file, per_partition, extension};
          for (uint32_t first = 30822016; first < 30822020; first += per_file) {
            WriteFile(lake / layout.Key(first), Zip(Batch(first, first + per_file - 1)));
          }
          if (manifest) {
            WriteFile(lake / ".config.json", R"({"networkPassphrase":"P ; Q","ledgersPerBatch":)" +
                                                 std::to_string(per_file) +
                                                 R"(,"batchesPerPartition":)" +
                                                 std::to_string(per_partition) + "}");
          }
          const Pass pass = Read(lake.string(), {30822016, 30822019});
          EXPECT_TRUE(pass.status.ok()) << lake << pass.status;
          EXPECT_THAT(pass.ledgers, testing::ElementsAre(30822016, 30822017, 30822018, 30822019))
              << lake;
        }
      }
    }
  }
}

TEST_F(LakeSource, RefusesAManifestThatItsNamesContradict) {
  fs::copy(kPubnetLake, path("lake"), fs::copy_options::recursive);
  for (const char* layout : {R"("ledgersPerBatch":64,"batchesPerPartition":1000)",
                             R"("ledgersPerBatch":1,"batchesPerPartition":10)"}) {
    WriteFile(path("lake/.config.json"),
              std::string(R"({"networkPassphrase":"P ; Q",)") + layout + "}");
    EXPECT_THAT(OpenSource(path("lake").string()).status().message(),
                HasSubstr("the manifest says"));
  }
}

TEST_F(LakeSource, NamesTheFirstMissingLedger) {
  fs::copy(kPubnetLake, path("lake"), fs::copy_options::recursive);
  const LakeLayout layout{1, 64000, "zst"};
  fs::remove(path("lake") / layout.Key(30822017));
  fs::remove(path("lake") / layout.Key(30822018));
  const Pass pass = Read(path("lake").string(), {kFirst, {}});
  EXPECT_THAT(pass.ledgers, testing::ElementsAre(30822015, 30822016));
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kDataLoss);
  EXPECT_EQ(DetailOf(pass.status)->ledger(), 30822017u);
  EXPECT_THAT(pass.status.message(), HasSubstr("FE29B17E--30822017.xdr.zst"));
  const Pass skipping = Read(path("lake").string(), {kFirst, {}}, GapPolicy::kSkip);
  EXPECT_THAT(skipping.ledgers, testing::ElementsAre(30822015, 30822016, 30822019, 30822020));
  EXPECT_EQ(skipping.state, Fetched::State::kNotYet);
  const LakeListing listing = ListLake(path("lake").string()).ValueOrDie();
  EXPECT_THAT(listing.gaps, testing::ElementsAre(LedgerGap{30822017, 30822018}));
  EXPECT_EQ(listing.objects, 4);
}

TEST_F(LakeSource, WaitsAtItsTipForAWholeObject) {
  fs::copy(kPubnetLake, path("lake"), fs::copy_options::recursive);
  const LakeLayout layout{1, 64000, "zst"};
  const fs::path newest = path("lake") / layout.Key(30822020);
  const std::string content = ReadFile(newest);
  fs::remove(newest);
  const auto source = OpenSource(path("lake").string()).ValueOrDie();
  const auto stream = source->OpenStream({30822019, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, 30822019u);
  EXPECT_THAT(stream->Next().ValueOrDie().reason, HasSubstr("does not exist yet"));
  for (const size_t size : {size_t{0}, size_t{3}, size_t{100}, content.size() - 1}) {
    WriteFile(newest, content.substr(0, size));
    EXPECT_THAT(stream->Next().ValueOrDie().reason, HasSubstr("is not whole yet")) << size;
  }
  WriteFile(newest, content);
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, 30822020u);
}

TEST_F(LakeSource, RefusesARangeThatBeginsBeforeIt) {
  const Pass pass = Read(kPubnetLake, {5, 9});
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kOutOfRange);
  EXPECT_THAT(pass.status.message(), HasSubstr("it has ledgers 30822015 to 30822020"));
}

TEST_F(FileSource, RecognisesEveryForm) {
  const std::string ledger = PubnetLedger(kFirst);
  const std::string framed = Framed(ledger) + Framed(PubnetLedger(kFirst + 1));
  const std::string batch = Batch(kFirst, kFirst + 1);
  for (const bool zipped : {false, true}) {
    for (const auto& [name, content, count] :
         {std::tuple("bare", ledger, 1u), std::tuple("framed", framed, 2u),
          std::tuple("batch", batch, 2u)}) {
      const fs::path file = path(name);
      WriteFile(file, zipped ? Zip(content) : content);
      const Pass pass = Read("file:" + file.string(), {kFirst, {}});
      EXPECT_TRUE(pass.status.ok()) << pass.status;
      EXPECT_EQ(pass.ledgers.size(), count) << name;
      EXPECT_EQ(pass.state, Fetched::State::kEnd);
    }
  }
}

TEST_F(FileSource, OrdersAFoldersLedgersByNumberWhateverTheFilesNames) {
  WriteFile(path("a"), PubnetLedger(kFirst + 2));
  WriteFile(path("b"), Zip(Batch(kFirst + 3, kFirst + 4)));
  WriteFile(path("c"), Framed(PubnetLedger(kFirst)) + Framed(PubnetLedger(kFirst + 1)));
  WriteFile(path("d"), PubnetLedger(kFirst + 1));  // the same again counts once
  WriteFile(path("sub/e"), "not looked at");
  WriteFile(path(".hidden"), "not looked at");
  const Pass pass = Read(path().string(), {kFirst, {}});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_THAT(pass.ledgers,
              testing::ElementsAre(kFirst, kFirst + 1, kFirst + 2, kFirst + 3, kFirst + 4));
}

TEST_F(FileSource, RefusesOneLedgerWithTwoHashes) {
  std::string forged = PubnetLedger(kFirst);
  forged[4] = static_cast<char>(forged[4] ^ 1);  // its stated hash
  WriteFile(path("a"), PubnetLedger(kFirst));
  WriteFile(path("b"), forged);
  const auto status = OpenSource(path().string()).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  EXPECT_THAT(status.message(), testing::AllOf(HasSubstr("/a"), HasSubstr("/b")));
}

TEST_F(FileSource, NamesTheFileThatIsNoLedgerAndWhereEachFormFailed) {
  WriteFile(path("a"), PubnetLedger(kFirst));
  WriteFile(path("readme.txt"), "hello");
  const auto status = OpenSource(path().string()).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  EXPECT_THAT(status.message(), testing::AllOf(HasSubstr("readme.txt"), HasSubstr("at byte"),
                                               HasSubstr("record mark")));
  fs::remove_all(path("a"));
  fs::remove_all(path("readme.txt"));
  EXPECT_EQ(CodeOf(OpenSource(path().string()).status()), ErrorCode::kNotFound);
  WriteFile(path("empty"), "");
  EXPECT_THAT(OpenSource(path().string()).status().message(), HasSubstr("empty"));
}

TEST_F(FileSource, RefusesRangesThatItLacks) {
  WriteFile(path("a"), Batch(kFirst, kFirst + 2));
  for (const LedgerRange range : {LedgerRange{kFirst - 1, {}}, LedgerRange{kFirst, kFirst + 3},
                                  LedgerRange{kFirst + 9, {}}}) {
    const Pass pass = Read(path("a").string(), range);
    EXPECT_EQ(CodeOf(pass.status), ErrorCode::kOutOfRange);
    EXPECT_THAT(pass.status.message(), HasSubstr("30822015 to 30822017"));
  }
}

TEST_F(FramedSource, ReadsAFileAndRefusesAShortTail) {
  const std::string two = Framed(PubnetLedger(kFirst)) + Framed(PubnetLedger(kFirst + 1));
  WriteFile(path("core.xdr"), two);
  const std::string url = "framed:" + path("core.xdr").string();
  EXPECT_THAT(Read(url, {kFirst, {}}).ledgers, testing::ElementsAre(kFirst, kFirst + 1));
  for (const size_t cut : {size_t{1}, size_t{100}, Framed(PubnetLedger(kFirst + 1)).size() - 2}) {
    WriteFile(path("core.xdr"), two.substr(0, two.size() - cut));
    const auto status = OpenSource(url).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss) << cut;
    EXPECT_THAT(status.message(), HasSubstr("record at byte 198748"));
  }
  WriteFile(path("core.xdr"), std::string("\x00\x00\x00\x04zzzz", 8));
  EXPECT_THAT(OpenSource(url).status().message(), HasSubstr("top bit"));
  WriteFile(path("core.xdr"), std::string("\xff\xff\xff\xffzzzz", 8));
  EXPECT_THAT(OpenSource(url).status().message(), HasSubstr("at most"));
}

TEST_F(FramedSource, FollowsAGrowingFileByWholeRecords) {
  const std::string first = Framed(PubnetLedger(kFirst));
  const std::string second = Framed(PubnetLedger(kFirst + 1));
  WriteFile(path("core.xdr"), first + second.substr(0, 1000));
  const auto source =
      OpenSource("framed:" + path("core.xdr").string() + "?follow=true").ValueOrDie();
  const auto stream = source->OpenStream({kFirst, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, kFirst);
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  WriteFile(path("core.xdr"), first + second + first);  // core repeats itself after a restart
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, kFirst + 1);
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  std::string forged = PubnetLedger(kFirst);
  forged[4] = static_cast<char>(forged[4] ^ 1);
  WriteFile(path("core.xdr"), first + second + first + Framed(forged));
  EXPECT_THAT(stream->Next().status().message(), HasSubstr("another hash"));
}

TEST_F(FramedSource, ReadsAPipeOnceAndByOneStreamAtATime) {
  const std::string fifo = path("fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto source = OpenSource("framed:" + fifo + "?follow=true").ValueOrDie();
  const int writer = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK);
  ASSERT_GE(writer, 0);
  const auto put = [&](const std::string& bytes) {
    ASSERT_EQ(::write(writer, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  };
  auto stream = source->OpenStream({0, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(CodeOf(source->OpenStream({0, {}}, GapPolicy::kFail).status()),
            ErrorCode::kUnavailable);
  const std::string frame = Framed(PubnetLedger(30822018));  // the smallest
  for (size_t i = 0; i < frame.size(); i += 30000) {
    EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
    put(frame.substr(i, 30000));
  }
  EXPECT_EQ(stream->Next().ValueOrDie().object.first, 30822018u);
  stream.reset();
  EXPECT_EQ(CodeOf(source->OpenStream({30822018, {}}, GapPolicy::kFail).status()),
            ErrorCode::kOutOfRange);
  EXPECT_TRUE(source->OpenStream({30822019, {}}, GapPolicy::kFail).ok());
  ::close(writer);
}

TEST_F(Url, IsRefusedWhereNothingCanBeMeant) {
  for (const char* url :
       {"", "ftp://host/lake", "http://", "http:host/lake", "file:", "framed:", "file://host/path",
        "framed:x?folow=true", "file:x?follow=true", "framed:x?follow=yes"}) {
    const auto status = OpenSource(url).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument) << url << " " << status;
  }
  EXPECT_EQ(CodeOf(OpenSource("/no/such/place").status()), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(OpenSource("framed:/no/such/place").status()), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(ListLake(path().string()).status()), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(OpenSource("file://" + fs::absolute(kPubnetLake).string()).ok());
}

}  // namespace
}  // namespace stellar_arrow::source

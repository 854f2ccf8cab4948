// Sources that are odd, damaged or changing under the reader: what is there is read, what is not is
// named, and nothing is waited for that cannot come.
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/batch.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/source.h"
#include "stellar_arrow/source/unzip.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint32_t kFirst = 30822015;

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

std::string Big(uint32_t word) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> shift);
  return out;
}

std::string Little(uint64_t word, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(word >> (8 * i));
  return out;
}

// The head of a frame without checksum; `window` as the format has it: 10 less than the log of the
// size, times 8.
std::string FrameHead(uint8_t window) {
  return std::string("\x28\xb5\x2f\xfd", 4) + '\0' + static_cast<char>(window);
}

enum class Block { kRaw, kRle, kCompressed, kReserved };

std::string BlockHead(Block type, uint32_t size, bool last) {
  return Little(size << 3 | static_cast<uint32_t>(type) << 1 | (last ? 1u : 0u), 3);
}

// `blocks` blocks of 128 KiB of one letter, in 4 bytes each.
std::string RleBlocks(int blocks) {
  std::string out;
  for (int i = 0; i < blocks; ++i) {
    out += BlockHead(Block::kRle, 128 << 10, i + 1 == blocks) + 'x';
  }
  return out;
}

constexpr uint8_t kWindow2MiB = (21 - 10) << 3;

std::string Framed(const std::string& ledger) {
  return Big(0x80000000u | static_cast<uint32_t>(ledger.size())) + ledger;
}

// The bare LedgerCloseMeta of one of the six public-network ledgers.
std::string PubnetLedger(uint32_t sequence) {
  const LakeLayout layout{1, 64000, "zst"};
  const std::string stored =
      ReadFile(fs::path(SAS_TEST_DATA "/pubnet-lake") / layout.Key(sequence));
  Unzipper unzipper(kMaxObjectBytes);
  const auto head =
      ledger::ReadBatchHead(unzipper.Unzip(BytesOf(stored)).ValueOrDie()).ValueOrDie();
  return {reinterpret_cast<const char*>(head.ledgers.data()), head.ledgers.size()};
}

// The same ledger as another one would be that closed instead of it.
std::string Forged(uint32_t sequence) {
  std::string ledger = PubnetLedger(sequence);
  ledger[4] = static_cast<char>(ledger[4] ^ 1);  // its stated hash
  return ledger;
}

class Folder : public testing::Test {
 protected:
  Folder()
      : path_(fs::temp_directory_path() /
              ("source-faults-test-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() override { fs::remove_all(path_); }

  fs::path path(const std::string& name = "") const { return name.empty() ? path_ : path_ / name; }

  // A lake hands its objects on unread, so any whole frame will do.
  void PutObject(const LakeLayout& layout, uint32_t sequence, bool flat = false) const {
    WriteFile(path(flat ? layout.FileName(sequence) : layout.Key(sequence)), Zip("a batch"));
  }

  struct Pass {
    std::vector<uint32_t> ledgers;
    arrow::Status status;
    Fetched::State state = Fetched::State::kEnd;
    std::string reason;
  };
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
      for (uint64_t i = fetched->object.first; i <= fetched->object.last; ++i) {
        pass.ledgers.push_back(static_cast<uint32_t>(i));
      }
    }
    return pass;
  }
  static Pass Read(const std::string& url, LedgerRange range, GapPolicy gaps = GapPolicy::kFail) {
    auto source = OpenSource(url);
    if (!source.ok()) {
      Pass pass;
      pass.status = source.status();
      return pass;
    }
    return Read(**source, range, gaps);
  }

 private:
  const fs::path path_;
};

using OddLake = Folder;
using OddFiles = Folder;
using OddStream = Folder;

// --- Unzipper

TEST(UnzipperLimits, AWindowIsNoClaimOnMemory) {
  // What is unzipped into one buffer needs no window beside it, so a great one costs nothing.
  for (const uint8_t log : {10, 23, 27, 28, 31}) {
    const std::string frame =
        FrameHead(static_cast<uint8_t>((log - 10) << 3)) + BlockHead(Block::kRaw, 3, true) + "abc";
    Unzipper unzipper(1 << 20);
    const auto bytes = unzipper.Unzip(BytesOf(frame));
    ASSERT_TRUE(bytes.ok()) << int{log} << " " << bytes.status();
    EXPECT_EQ(bytes->size(), 3u);
  }
  const std::string beyond = FrameHead((41 - 10) << 3) + BlockHead(Block::kRaw, 3, true) + "abc";
  Unzipper unzipper(1 << 20);
  EXPECT_EQ(CodeOf(unzipper.Unzip(BytesOf(beyond)).status()), ErrorCode::kDataLoss);
}

TEST(UnzipperLimits, TheCapGrowsWithWhatIsThere) {
  // 384 KiB that make 72 MiB: above 64 MiB, but less than 200 times their size.
  std::string dense = FrameHead(kWindow2MiB);
  for (int i = 0; i < 3; ++i) {
    dense += BlockHead(Block::kRaw, 128 << 10, false) + std::string(128 << 10, 'r');
  }
  dense += RleBlocks(72 * 8 - 3);
  Unzipper unzipper(kMaxObjectBytes);
  const auto bytes = unzipper.Unzip(BytesOf(dense));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->size(), size_t{72} << 20);
  Unzipper small(int64_t{72 << 20} - 1);
  EXPECT_EQ(CodeOf(small.Unzip(BytesOf(dense)).status()), ErrorCode::kResourceExhausted);
}

TEST(UnzipperLimits, ContentIsHeldAgainstItsSizeAndChecksum) {
  // A single segment of a stated size: one byte more and one less than there are.
  for (const char claim : {2, 4}) {
    const std::string frame =
        std::string("\x28\xb5\x2f\xfd\x20", 5) + claim + BlockHead(Block::kRaw, 3, true) + "abc";
    Unzipper unzipper(kMaxObjectBytes);
    EXPECT_EQ(CodeOf(unzipper.Unzip(BytesOf(frame)).status()), ErrorCode::kDataLoss) << int{claim};
  }
  ZSTD_CCtx* const zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
  const std::string content = "what a ledger says";
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  frame.resize(ZSTD_compress2(zstd, frame.data(), frame.size(), content.data(), content.size()));
  ZSTD_freeCCtx(zstd);
  Unzipper unzipper(kMaxObjectBytes);
  EXPECT_TRUE(unzipper.Unzip(BytesOf(frame)).ok());
  frame.back() = static_cast<char>(frame.back() ^ 1);
  EXPECT_THAT(unzipper.Unzip(BytesOf(frame)).status().message(), HasSubstr("checksum"));
}

TEST(UnzipperLimits, TakeTheirMemoryFromAPoolThatMayHaveNoMore) {
  const std::string dense = FrameHead(kWindow2MiB) + RleBlocks(72);
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  Unzipper unzipper(kMaxObjectBytes, &pool);
  EXPECT_EQ(unzipper.Unzip(BytesOf(dense)).ValueOrDie().size(), size_t{9} << 20);
  EXPECT_GE(pool.bytes_allocated(), int64_t{9} << 20);
  arrow::CappedMemoryPool capped(&pool, int64_t{12} << 20);
  Unzipper poor(kMaxObjectBytes, &capped);
  EXPECT_EQ(CodeOf(poor.Unzip(BytesOf(dense)).status()), ErrorCode::kResourceExhausted);
}

TEST(UnzipperLimits, OnlyWhatCanGrowIntoAFrameIsCutShort) {
  const std::string frame = Zip(std::string(1000, 'a') + "some more");
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_TRUE(IsCutShort(BytesOf(frame.substr(0, size)))) << size;
  }
  EXPECT_FALSE(IsCutShort(BytesOf(frame)));
  EXPECT_FALSE(IsCutShort(BytesOf(frame + "x")));
  for (const std::string& no_frame :
       {std::string("x"), std::string("\x28\xb5x"), std::string(100, '\0'),
        FrameHead(kWindow2MiB) + BlockHead(Block::kReserved, 3, true) + "abc"}) {
    EXPECT_FALSE(IsCutShort(BytesOf(no_frame)));
  }
}

// --- Lakes

TEST_F(OddLake, ThatChangedItsEndingIsStillOneLake) {
  for (uint32_t i = 100; i < 103; ++i) PutObject({1, 64000, "zstd"}, i);
  for (uint32_t i = 103; i < 106; ++i) PutObject({1, 64000, "zst"}, i);
  PutObject({1, 64000, "zstd"}, 106);
  const Pass pass = Read(path().string(), {100, 106});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_THAT(pass.ledgers, ElementsAre(100, 101, 102, 103, 104, 105, 106));
  EXPECT_EQ(pass.state, Fetched::State::kEnd);
  EXPECT_TRUE(ListLake(path().string()).ValueOrDie().gaps.empty());
}

TEST_F(OddLake, ThatIsPartlyFlatIsStillOneLake) {
  const LakeLayout layout{2, 8, "zst"};
  PutObject(layout, 16);
  PutObject(layout, 18, /*flat=*/true);
  PutObject(layout, 20, /*flat=*/true);
  PutObject(layout, 22);
  const Pass pass = Read(path().string(), {17, 22});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_THAT(pass.ledgers, ElementsAre(16, 17, 18, 19, 20, 21, 22, 23));
}

TEST_F(OddLake, CountsNoOtherFilesAsLedgers) {
  const LakeLayout layout{1, 64000, "zst"};
  PutObject(layout, 100);
  PutObject(layout, 101);
  const fs::path folder = path(layout.PartitionName(100));
  WriteFile(folder / (layout.FileName(102) + ".part"), "half a copy");
  WriteFile(folder / ("." + layout.FileName(103) + ".x9Q2"), "half a copy");
  WriteFile(folder / (layout.FileName(99) + ".tmp"), "half a copy");
  WriteFile(folder / "notes.txt", "hello");
  fs::create_directories(folder / layout.FileName(104));
  WriteFile(path("notes.txt"), "hello");
  const auto source = OpenSource(path().string()).ValueOrDie();
  const Extent extent = source->GetExtent().ValueOrDie();
  EXPECT_EQ(extent.first, 100u);
  EXPECT_EQ(extent.newest, 101u);
  const Pass pass = Read(*source, {100, {}});
  EXPECT_THAT(pass.ledgers, ElementsAre(100, 101));
  EXPECT_THAT(pass.reason, HasSubstr("does not exist yet"));
  EXPECT_EQ(ListLake(path().string()).ValueOrDie().objects, 2);
}

TEST_F(OddLake, OfAnUnknownCompressionIsRefused) {
  for (const uint32_t per_partition : {1u, 10u}) {
    PutObject({1, per_partition, "gz"}, 100);
    const auto status = OpenSource(path().string()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(".xdr.gz"));
    fs::remove_all(path());
  }
}

TEST_F(OddLake, WhoseNamesFitNoLayoutIsRefused) {
  WriteFile(path("FFFFFC17--1000-1005.xdr.zst"), Zip("a batch"));  // 6 ledgers would begin at 996
  const auto status = OpenSource(path().string()).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("FFFFFC17--1000-1005.xdr.zst"));
  fs::remove_all(path());
  // An object in a folder that is not for it.
  const LakeLayout layout{1, 10, "zst"};
  WriteFile(path(layout.PartitionName(100)) / layout.FileName(205), Zip("a batch"));
  EXPECT_EQ(CodeOf(OpenSource(path().string()).status()), ErrorCode::kDataLoss);
}

TEST_F(OddLake, ItsFirstObjectHoldsLedgersFromTwoOn) {
  const LakeLayout layout{64, 10, "zst"};
  PutObject(layout, 2);
  const auto source = OpenSource(path().string()).ValueOrDie();
  EXPECT_EQ(source->GetExtent()->first, 2u);
  EXPECT_EQ(CodeOf(source->OpenStream({1, {}}, GapPolicy::kFail).status()), ErrorCode::kOutOfRange);
  const auto stream = source->OpenStream({2, {}}, GapPolicy::kFail).ValueOrDie();
  const Object object = stream->Next().ValueOrDie().object;
  EXPECT_EQ(object.first, 2u);
  EXPECT_EQ(object.last, 63u);
}

TEST_F(OddLake, ItsLastObjectIsTheEndOfAllRanges) {
  const LakeLayout layout{64, 1, "zst"};
  PutObject(layout, UINT32_MAX);
  const Pass pass = Read(path().string(), {UINT32_MAX, {}});
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_EQ(pass.ledgers.size(), 64u);
  EXPECT_EQ(pass.state, Fetched::State::kEnd);
  EXPECT_EQ(ListLake(path().string()).ValueOrDie().last, UINT32_MAX);
}

TEST_F(OddLake, ADamagedNewestObjectIsNotWaitedFor) {
  const LakeLayout layout{1, 64000, "zst"};
  PutObject(layout, 100);
  for (const std::string& damaged :
       {FrameHead(kWindow2MiB) + BlockHead(Block::kReserved, 3, true) + "abc",
        std::string(50, '\0'), std::string("no"), Zip("two") + Zip("frames")}) {
    WriteFile(path(layout.Key(101)), damaged);
    const Pass pass = Read(path().string(), {100, 101});
    // It is handed on, so that who opens it says what is wrong with it.
    EXPECT_THAT(pass.ledgers, ElementsAre(100, 101)) << pass.reason;
  }
}

TEST_F(OddLake, ATruncatedObjectIsWaitedForOnlyAtTheTip) {
  const LakeLayout layout{1, 64000, "zst"};
  const std::string frame = Zip("a batch");
  PutObject(layout, 100);
  WriteFile(path(layout.Key(101)), frame.substr(0, frame.size() - 1));
  EXPECT_THAT(Read(path().string(), {100, 101}).reason, HasSubstr("is not whole yet"));
  PutObject(layout, 102);
  EXPECT_THAT(Read(path().string(), {100, 102}).ledgers, ElementsAre(100, 101, 102));
}

TEST_F(OddLake, AGapIsSkippedOverFoldersAndAtARangesEnd) {
  const LakeLayout layout{1, 10, "zst"};
  for (const uint32_t i : {118u, 119u, 145u}) PutObject(layout, i);
  fs::create_directories(path(layout.PartitionName(130)));  // an empty folder is no ledger
  const Pass pass = Read(path().string(), {118, 145});
  EXPECT_THAT(pass.ledgers, ElementsAre(118, 119));
  EXPECT_EQ(DetailOf(pass.status)->ledger(), 120u);
  EXPECT_THAT(pass.status.message(),
              AllOf(HasSubstr(layout.Key(120)), HasSubstr("up to ledger 145")));
  EXPECT_THAT(Read(path().string(), {118, 145}, GapPolicy::kSkip).ledgers,
              ElementsAre(118, 119, 145));
  const Pass inside = Read(path().string(), {118, 140}, GapPolicy::kSkip);
  EXPECT_THAT(inside.ledgers, ElementsAre(118, 119));
  EXPECT_EQ(inside.state, Fetched::State::kEnd);
  EXPECT_THAT(ListLake(path().string()).ValueOrDie().gaps, ElementsAre(LedgerGap{120, 144}));
}

TEST_F(OddLake, ABadManifestIsNamedWithItsPath) {
  PutObject({1, 64000, "zst"}, 100);
  for (const char* bad : {"", "{",
                          R"({"networkPassphrase":"P ; Q","compression":"lz4",)"
                          R"("ledgersPerBatch":1,"batchesPerPartition":64000})"}) {
    WriteFile(path(".config.json"), bad);
    const auto status = OpenSource(path().string()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
    EXPECT_THAT(status.message(), HasSubstr(path(".config.json").string()));
    EXPECT_EQ(CodeOf(ListLake(path().string()).status()), ErrorCode::kDataLoss);
  }
}

TEST_F(OddLake, OptionsThatItsNamesContradictAreRefused) {
  PutObject({1, 64000, "zst"}, 100);
  SourceOptions options;
  options.ledgers_per_file = 64;
  EXPECT_THAT(OpenSource(path().string(), options).status().message(), HasSubstr("the option"));
}

TEST_F(OddLake, ItsPathMayEndInASlash) {
  PutObject({1, 64000, "zst"}, 100);
  const std::string url = path().string() + "/";
  EXPECT_THAT(Read(url, {100, 100}).ledgers, ElementsAre(100));
  EXPECT_EQ(ListLake(url).ValueOrDie().objects, 1);
  EXPECT_EQ(ListLake("file:" + url + ".").ValueOrDie().objects, 1);
}

TEST_F(OddLake, ThatIsEmptyIsWaitedOn) {
  WriteFile(path(".config.json"), R"({"networkPassphrase":"P ; Q","ledgersPerBatch":1,)"
                                  R"("batchesPerPartition":10})");
  const auto source = OpenSource(path().string()).ValueOrDie();
  EXPECT_FALSE(source->GetExtent()->newest.has_value());
  const auto stream = source->OpenStream({0, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  PutObject({1, 10, "zst"}, 7);
  EXPECT_EQ(stream->Next()->object.first, 7u);
}

// --- Files

TEST_F(OddFiles, AreNamedWhereTheirFrameIsNoGood) {
  const std::string ledger = PubnetLedger(30822018);
  const std::string frame = Zip(ledger);
  const std::string skippable("\x50\x2a\x4d\x18\x02\x00\x00\x00zz", 10);
  for (const std::string& bad : {frame.substr(0, frame.size() / 2), frame + frame, frame + "x",
                                 frame + skippable, skippable + frame, Zip(""), Zip("no ledger"),
                                 ledger + "four", ledger.substr(0, ledger.size() - 4)}) {
    WriteFile(path("bad"), bad);
    const auto status = OpenSource(path("bad").string()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss) << status;
    EXPECT_THAT(status.message(), HasSubstr(path("bad").string()));
  }
  WriteFile(path("bad"), FrameHead(kWindow2MiB) + RleBlocks(8192));
  const auto status = OpenSource(path("bad").string()).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr(path("bad").string()));
}

TEST_F(OddFiles, ALedgerIsRefusedByTheNumberThatIsMissing) {
  WriteFile(path("a"), PubnetLedger(kFirst));
  const auto source = OpenSource(path().string()).ValueOrDie();
  const auto before = source->OpenStream({kFirst - 1, kFirst}, GapPolicy::kFail).status();
  EXPECT_EQ(DetailOf(before)->ledger(), kFirst - 1);
  const auto after = source->OpenStream({kFirst, kFirst + 7}, GapPolicy::kFail).status();
  EXPECT_EQ(DetailOf(after)->ledger(), kFirst + 7);
}

TEST_F(OddFiles, AreReadOnceEachWhateverTheyHold) {
  const auto pair = [](uint32_t a, uint32_t b) {
    return Framed(PubnetLedger(a)) + Framed(PubnetLedger(b));
  };
  WriteFile(path("odd"), Zip(pair(kFirst, kFirst + 2)));
  WriteFile(path("even"), pair(kFirst + 3, kFirst + 1));
  const auto source = OpenSource(path().string()).ValueOrDie();
  const auto stream = source->OpenStream({kFirst, {}}, GapPolicy::kFail).ValueOrDie();
  for (uint32_t i = kFirst; i < kFirst + 4; ++i) {
    const Object object = stream->Next().ValueOrDie().object;
    EXPECT_EQ(object.first, i);
    EXPECT_EQ(object.form, Form::kLedger);
    EXPECT_EQ(object.bytes->ToString(), PubnetLedger(i));
  }
  EXPECT_EQ(stream->Next()->state, Fetched::State::kEnd);
}

TEST_F(OddFiles, AFileThatShrinksIsAnErrorAndNoCrash) {
  for (const bool zipped : {false, true}) {
    const std::string content = Framed(PubnetLedger(kFirst)) + Framed(PubnetLedger(kFirst + 1));
    WriteFile(path("a"), zipped ? Zip(content) : content);
    const auto source = OpenSource(path("a").string()).ValueOrDie();
    const auto stream = source->OpenStream({kFirst, {}}, GapPolicy::kFail).ValueOrDie();
    const Object held = stream->Next().ValueOrDie().object;
    fs::resize_file(path("a"), 1000);
    // What was handed out stays, whatever becomes of the file.
    EXPECT_EQ(held.bytes->ToString(), PubnetLedger(kFirst));
    const auto fresh = source->OpenStream({kFirst, {}}, GapPolicy::kFail).ValueOrDie();
    EXPECT_EQ(CodeOf(fresh->Next().status()), ErrorCode::kDataLoss);
    if (!zipped) {
      EXPECT_EQ(CodeOf(stream->Next().status()), ErrorCode::kDataLoss);
    }
  }
}

TEST_F(OddFiles, ALinkThatLeadsNowhereIsNamed) {
  WriteFile(path("a"), PubnetLedger(kFirst));
  fs::create_symlink(path("loop"), path("loop"));
  EXPECT_THAT(OpenSource(path().string()).status().message(), HasSubstr("loop"));
  fs::remove(path("loop"));
  fs::create_symlink(path("gone"), path("link"));
  EXPECT_THAT(OpenSource(path().string()).status().message(), HasSubstr("link"));
  fs::remove(path("link"));
  fs::create_symlink("a", path("same"));
  EXPECT_THAT(Read(path().string(), {kFirst, {}}).ledgers, ElementsAre(kFirst));
}

TEST_F(OddFiles, AGapLeavesTheLedgersAroundIt) {
  WriteFile(path("a"), PubnetLedger(kFirst));
  WriteFile(path("b"), PubnetLedger(kFirst + 3));
  EXPECT_THAT(Read(path().string(), {kFirst, {}}).ledgers, ElementsAre(kFirst, kFirst + 3));
  const Pass inside = Read(path().string(), {kFirst + 1, kFirst + 2});
  EXPECT_TRUE(inside.ledgers.empty());
  EXPECT_EQ(inside.state, Fetched::State::kEnd);
}

// --- Streams

class OddPipe : public Folder {
 protected:
  // Opens the pipe for reading, then for writing, as who follows it and who fills it do.
  std::unique_ptr<LedgerSource> Open(const std::string& query = "") {
    const std::string fifo = path("fifo").string();
    EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    auto source = OpenSource("framed:" + fifo + query).ValueOrDie();
    writer_ = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK);
    EXPECT_GE(writer_, 0);
    EXPECT_GT(::fcntl(writer_, F_SETPIPE_SZ, 1 << 20), 0);
    return source;
  }
  void Put(const std::string& bytes) const {
    ASSERT_EQ(::write(writer_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void Close() {
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }
  ~OddPipe() override { Close(); }

 private:
  int writer_ = -1;
};

TEST_F(OddPipe, IsOpenedWithoutWaitingForItsWriter) {
  const auto source = Open();  // no writer yet
  const auto stream = source->OpenStream({0, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  Put(Framed(PubnetLedger(30822018)));
  EXPECT_EQ(stream->Next()->object.first, 30822018u);
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  Close();
  EXPECT_EQ(stream->Next()->state, Fetched::State::kEnd);
}

TEST_F(OddPipe, WithoutAWriterHasNotEnded) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const auto source = OpenSource("framed:" + path("fifo").string()).ValueOrDie();
  const auto stream = source->OpenStream({0, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
}

TEST_F(OddPipe, DoesNotHaveWhatCameBeforeItsFirstFrame) {
  const auto source = Open();
  Put(Framed(PubnetLedger(30822018)));
  const Pass pass = Read(*source, {30822016, {}});
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kOutOfRange) << pass.status;
  EXPECT_THAT(pass.status.message(), HasSubstr("begins with ledger 30822018"));
  // The frame is still there for a stream that wants it.
  EXPECT_THAT(Read(*source, {30822018, {}}).ledgers, ElementsAre(30822018));
}

TEST_F(OddPipe, KeepsWhatARangeDoesNotWantForTheNextStream) {
  const auto source = Open();
  Put(Framed(PubnetLedger(30822016)) + Framed(PubnetLedger(30822017)) +
      Framed(PubnetLedger(30822018)));
  EXPECT_THAT(Read(*source, {30822016, 30822016}).ledgers, ElementsAre(30822016));
  EXPECT_THAT(Read(*source, {30822017, {}}).ledgers, ElementsAre(30822017, 30822018));
}

TEST_F(OddPipe, KeepsWhatLiesBehindAGapAtARangesEnd) {
  const auto source = Open();
  Put(Framed(PubnetLedger(30822016)) + Framed(PubnetLedger(30822018)));
  const Pass pass = Read(*source, {30822016, 30822017});
  EXPECT_THAT(pass.ledgers, ElementsAre(30822016));
  EXPECT_EQ(pass.state, Fetched::State::kEnd);
  EXPECT_THAT(Read(*source, {30822018, {}}).ledgers, ElementsAre(30822018));
}

TEST_F(OddPipe, DropsWhatIsRepeatedAndWhatTheRangeDoesNotHold) {
  const auto source = Open();
  Put(Framed(PubnetLedger(30822015)) + Framed(PubnetLedger(30822016)));
  const auto stream = source->OpenStream({30822016, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next()->object.first, 30822016u);
  // Core was started again a few ledgers back.
  Put(Framed(PubnetLedger(30822015)) + Framed(PubnetLedger(30822016)) +
      Framed(PubnetLedger(30822017)));
  EXPECT_EQ(stream->Next()->object.first, 30822017u);
  Put(Framed(Forged(30822016)));
  const auto status = stream->Next().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kDataLoss);
  EXPECT_EQ(DetailOf(status)->ledger(), 30822016u);
  EXPECT_THAT(status.message(), HasSubstr("another hash"));
}

TEST_F(OddPipe, ThatEndsInsideARecordIsCutShort) {
  const auto source = Open();
  const std::string first = Framed(PubnetLedger(30822018));
  Put(first + first.substr(0, 100));
  Close();
  const Pass pass = Read(*source, {0, {}});
  EXPECT_THAT(pass.ledgers, ElementsAre(30822018));
  EXPECT_EQ(CodeOf(pass.status), ErrorCode::kDataLoss);
  EXPECT_THAT(pass.status.message(), HasSubstr("record at byte " + std::to_string(first.size())));
}

TEST_F(OddPipe, NamesTheByteWhereNoRecordIs) {
  const auto source = Open();
  const std::string first = Framed(PubnetLedger(30822018));
  Put(first + std::string("\x00\x00\x00\x04zzzz", 8));
  const Pass pass = Read(*source, {0, {}});
  EXPECT_THAT(pass.status.message(),
              AllOf(HasSubstr("at byte " + std::to_string(first.size())), HasSubstr("top bit")));
}

TEST_F(OddPipe, BelievesNoClaimedLength) {
  const auto source = Open();
  Put("\x8f\xff\xff\xf0 hardly anything");  // just below 256 MiB
  Close();
  EXPECT_EQ(CodeOf(Read(*source, {0, {}}).status), ErrorCode::kDataLoss);
}

TEST_F(OddPipe, WakesItsReaderWhenSomethingComes) {
  const auto source = Open("?follow=true");
  const auto stream = source->OpenStream({0, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next()->state, Fetched::State::kNotYet);
  const auto start = std::chrono::steady_clock::now();
  std::thread writer([&] { Put(Framed(PubnetLedger(30822018))); });
  stream->Wait(60000);
  writer.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_EQ(stream->Next()->object.first, 30822018u);
}

TEST_F(OddStream, MayBeZippedUnlessItIsFollowed) {
  WriteFile(path("core.xdr.zst"),
            Zip(Framed(PubnetLedger(kFirst)) + Framed(PubnetLedger(kFirst + 1))));
  const std::string url = "framed:" + path("core.xdr.zst").string();
  EXPECT_THAT(Read(url, {kFirst, {}}).ledgers, ElementsAre(kFirst, kFirst + 1));
  EXPECT_EQ(CodeOf(OpenSource(url + "?follow=true").status()), ErrorCode::kInvalidArgument);
}

TEST_F(OddStream, SaysWhatItHas) {
  WriteFile(path("core.xdr"), Framed(PubnetLedger(kFirst)) + Framed(PubnetLedger(kFirst + 1)));
  const std::string url = "framed:" + path("core.xdr").string();
  for (const LedgerRange range : {LedgerRange{kFirst - 1, {}}, LedgerRange{kFirst, kFirst + 2}}) {
    const Pass pass = Read(url, range);
    EXPECT_EQ(CodeOf(pass.status), ErrorCode::kOutOfRange);
    EXPECT_THAT(pass.status.message(), HasSubstr("it has ledgers 30822015 to 30822016"));
  }
  const Pass following = Read(url + "?follow=true", {kFirst, kFirst + 2});
  EXPECT_EQ(following.state, Fetched::State::kNotYet);
  EXPECT_THAT(following.reason, HasSubstr("no ledger 30822017 yet"));
}

TEST_F(OddStream, ThatIsShortenedIsAnError) {
  const std::string first = Framed(PubnetLedger(kFirst));
  WriteFile(path("core.xdr"), first);
  const auto source =
      OpenSource("framed:" + path("core.xdr").string() + "?follow=true").ValueOrDie();
  fs::resize_file(path("core.xdr"), 10);
  EXPECT_THAT(source->GetExtent().status().message(), HasSubstr("shortened"));
}

TEST_F(OddStream, OfNoLedgersIsRefused) {
  WriteFile(path("core.xdr"), Big(0x80000000u | 8) + "zzzzzzzz");
  EXPECT_THAT(OpenSource("framed:" + path("core.xdr").string()).status().message(),
              AllOf(HasSubstr("record at byte 0"), HasSubstr("no LedgerCloseMeta")));
  WriteFile(path("core.xdr"), Big(0x80000000u));
  EXPECT_EQ(CodeOf(OpenSource("framed:" + path("core.xdr").string()).status()),
            ErrorCode::kDataLoss);
  EXPECT_EQ(CodeOf(OpenSource("framed:" + path().string()).status()), ErrorCode::kInvalidArgument);
}

TEST(OddUrl, SaysNothingTwice) {
  EXPECT_EQ(CodeOf(OpenSource("framed:x?follow=true&follow=false").status()),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(OpenSource("framed:x?follow=true&follow=true").status()),
            ErrorCode::kInvalidArgument);
}

TEST(OddUrl, OfAnUnknownKindListsTheKnownOnes) {
  EXPECT_THAT(OpenSource("gopher://host/x").status().message(),
              AllOf(HasSubstr("gopher"), HasSubstr("file:PATH"), HasSubstr("framed:PATH")));
  EXPECT_THAT(OpenSource("framed:x?tail=1").status().message(),
              AllOf(HasSubstr("tail"), HasSubstr("follow")));
}

}  // namespace
}  // namespace stellar_arrow::source

// Lakes that a network lies before: what there is is found by few single names, with a list of
// names or without one; a gap is an error, and the tip is waited for.
#include <arrow/filesystem/localfs.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zstd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/source/remote.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A folder as if it lay elsewhere.
class FarStore final : public Store {
 public:
  explicit FarStore(const fs::path& path)
      : store_(OpenStore(std::make_shared<arrow::fs::LocalFileSystem>(), path.string())) {}

  bool tells_names = false;
  std::atomic<int> requests = 0;

  bool is_remote() const override { return true; }
  arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                         const std::stop_token& stop) override {
    ++requests;
    if (!tells_names) return Error(ErrorCode::kUnimplemented, "no list");
    return store_->List(folder, stop);
  }
  arrow::Result<bool> Exists(const std::string& object, const std::stop_token& stop) override {
    ++requests;
    return store_->Exists(object, stop);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const std::stop_token& stop) override {
    ++requests;
    return store_->Read(object, pool, stop);
  }

 private:
  const std::shared_ptr<Store> store_;
};

class RemoteLakeTest : public testing::Test {
 protected:
  RemoteLakeTest()
      : path_(fs::temp_directory_path() /
              ("remote-lake-test-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
    std::ofstream(path_ / kManifestName) << FormatManifest({"a network", 4, 100});
  }
  ~RemoteLakeTest() override { fs::remove_all(path_); }

  // The objects that hold the ledgers from `first` to `last`. They are handed on unread.
  void Put(uint32_t first, uint32_t last, const std::string& ending = "zst") const {
    const LakeLayout layout{4, 100, ending};
    for (uint64_t ledger = first; ledger <= last; ledger += 4) {
      const fs::path object = path_ / layout.Key(static_cast<uint32_t>(ledger));
      fs::create_directories(object.parent_path());
      std::string zipped(ZSTD_compressBound(7), '\0');
      zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), "a batch", 7, 3));
      std::ofstream(object, std::ios::binary) << zipped;
    }
  }
  void Remove(uint32_t ledger) const { fs::remove(path_ / LakeLayout{4, 100, "zst"}.Key(ledger)); }

  arrow::Result<std::unique_ptr<LedgerSource>> Open(bool tells_names, SourceOptions options = {}) {
    store_ = std::make_shared<FarStore>(path_);
    store_->tells_names = tells_names;
    return OpenLake(store_, "far", options);
  }

  struct Pass {
    uint32_t last = 0;  // read
    Fetched::State state = Fetched::State::kEnd;
    arrow::Status status;
  };
  static Pass Read(LedgerSource& source, LedgerRange range) {
    Pass pass;
    auto stream = source.OpenStream(range, GapPolicy::kFail);
    pass.status = stream.status();
    while (pass.status.ok()) {
      auto fetched = (*stream)->Next();
      pass.status = fetched.status();
      if (!fetched.ok()) break;
      pass.state = fetched->state;
      if (pass.state != Fetched::State::kObject) break;
      EXPECT_TRUE(pass.last == 0 || fetched->object.first == pass.last + 1);
      pass.last = fetched->object.last;
    }
    return pass;
  }

  fs::path path_;
  std::shared_ptr<FarStore> store_;
};

TEST_F(RemoteLakeTest, FindsItsNewestLedgerByFewNames) {
  Put(2, 4003);
  for (const bool tells_names : {false, true}) {
    const auto source = Open(tells_names).ValueOrDie();
    const Extent extent = source->GetExtent().ValueOrDie();
    EXPECT_EQ(extent.first, 2u);
    EXPECT_EQ(extent.newest, 4003u);
    EXPECT_TRUE(extent.grows);
    EXPECT_LT(store_->requests, 80);
    // From then on it costs next to nothing, also where much has come.
    Put(4004, 4403);
    store_->requests = 0;
    EXPECT_EQ(source->GetExtent().ValueOrDie().newest, 4403u);
    EXPECT_LT(store_->requests, 30);
    store_->requests = 0;
    EXPECT_EQ(source->GetExtent().ValueOrDie().newest, 4403u);
    EXPECT_LE(store_->requests, 2);
    fs::remove_all(path_ / "FFFFF05F--4000-4399");
    fs::remove_all(path_ / "FFFFEECF--4400-4799");
    Put(4000, 4003);
  }
}

TEST_F(RemoteLakeTest, EveryLastObjectIsFound) {
  for (uint32_t last = 7; last < 140; last += 4) {
    Put(last - 3, last);
    if (last == 7) Put(2, 3);
    EXPECT_EQ(Open(false).ValueOrDie()->GetExtent().ValueOrDie().newest, last);
  }
}

TEST_F(RemoteLakeTest, BeginsLaterWhereItIsListedOrItsUrlSaysSo) {
  Put(1000, 1999);
  const auto silent = Open(false).status();
  EXPECT_EQ(CodeOf(silent), ErrorCode::kInvalidArgument);
  EXPECT_THAT(silent.message(), HasSubstr("#first=LEDGER"));
  for (const auto& [tells_names, first] : {std::pair(true, 0u), std::pair(false, 1001u)}) {
    const auto source = Open(tells_names, {.first_ledger = first}).ValueOrDie();
    const Extent extent = source->GetExtent().ValueOrDie();
    EXPECT_EQ(extent.first, 1000u);
    EXPECT_EQ(extent.newest, 1999u);
    EXPECT_EQ(CodeOf(Read(*source, {999, 1999}).status), ErrorCode::kOutOfRange);
    EXPECT_EQ(Read(*source, {1000, 1999}).last, 1999u);
  }
}

TEST_F(RemoteLakeTest, WaitsAtItsTipAndGoesOn) {
  Put(2, 99);
  const auto source = Open(false).ValueOrDie();
  const auto stream = source->OpenStream({90, 103}, GapPolicy::kFail).ValueOrDie();
  uint32_t last = 0;
  auto fetched = stream->Next().ValueOrDie();
  for (; fetched.state == Fetched::State::kObject; fetched = stream->Next().ValueOrDie()) {
    last = fetched.object.last;
  }
  EXPECT_EQ(fetched.state, Fetched::State::kNotYet);
  EXPECT_EQ(last, 99u);
  // Asked again and again, it does not ask the store each time.
  store_->requests = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  }
  EXPECT_LT(store_->requests, 10);
  Put(100, 103);
  do {
    stream->Wait(50);
    fetched = stream->Next().ValueOrDie();
  } while (fetched.state == Fetched::State::kNotYet);
  EXPECT_EQ(fetched.object.last, 103u);
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kEnd);
}

TEST_F(RemoteLakeTest, NamesTheFirstMissingLedgerAndWhereItGoesOn) {
  for (const uint32_t missing : {8u, 96u, 400u}) {
    Put(2, 1003);
    for (uint32_t ledger = missing; ledger < missing + 12; ledger += 4) Remove(ledger);
    const auto source = Open(false).ValueOrDie();
    const Pass pass = Read(*source, {2, 1003});
    EXPECT_EQ(CodeOf(pass.status), ErrorCode::kDataLoss) << pass.status;
    EXPECT_EQ(DetailOf(pass.status)->ledger(), missing);
    EXPECT_EQ(pass.last, missing - 1);
    EXPECT_THAT(pass.status.message(), AllOf(HasSubstr(LakeLayout{4, 100, "zst"}.Key(missing + 12)),
                                             HasSubstr("up to ledger 1003")));
  }
}

TEST_F(RemoteLakeTest, EndingsMayChange) {
  Put(2, 399, "zstd");
  Put(400, 1203, "zst");
  for (const bool tells_names : {false, true}) {
    const auto source = Open(tells_names).ValueOrDie();
    EXPECT_EQ(source->GetExtent().ValueOrDie().newest, 1203u);
    const Pass pass = Read(*source, {2, 1203});
    EXPECT_EQ(pass.last, 1203u) << pass.status;
    EXPECT_EQ(pass.state, Fetched::State::kEnd);
  }
}

TEST(RemoteLake, NamesAreWithoutSecrets) {
  const auto name = [](std::string_view url) {
    const auto lake = FindRemoteLake(url, {});
    return lake.ok() ? lake->name : lake.status().ToString();
  };
  EXPECT_EQ(name("https://user:word@host:1/a/lake/?token=abc#first=7"), "https://host:1/a/lake");
  EXPECT_EQ(name("http://host"), "http://host");
  EXPECT_EQ(FindRemoteLake("https://host/#first=7", {})->options.first_ledger, 7u);
  for (const char* url : {"https://", "http:/word@host", "https://user:word@host/#first=x",
                          "https://user:word@host/#first=0", "https://user:word@host/#last=1"}) {
    EXPECT_THAT(name(url), AllOf(HasSubstr("Invalid"), Not(HasSubstr("word")))) << url;
  }
}

}  // namespace
}  // namespace stellar_arrow::source

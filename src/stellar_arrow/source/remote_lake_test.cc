// Lakes that a network lies before: what there is is found by few single names, with a list of
// names or without one; a gap is an error, and the tip is waited for.
#include <arrow/memory_pool.h>
#include <arrow/util/io_util.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zstd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/lake_source.h"
#include "stellar_arrow/source/proven_store.h"
#include "stellar_arrow/source/recovery.h"
#include "stellar_arrow/source/remote.h"
#include "tests/support/folder_store.h"

namespace stellar_arrow::source {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using support::FolderStore;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RemoteLakeTest : public testing::Test {
 protected:
  RemoteLakeTest()
      : path_(fs::temp_directory_path() /
              ("remote-lake-test-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
    WriteManifest();
  }
  ~RemoteLakeTest() override { fs::remove_all(path_); }

  // The objects that hold the ledgers from `first` to `last`. They are handed on unread.
  void Put(uint32_t first, uint32_t last, const std::string& ending = "zst") const {
    LakeLayout layout = layout_;
    layout.extension = ending;
    for (uint64_t ledger = first; ledger <= last; ledger += 4) {
      const fs::path object = path_ / layout.Key(static_cast<uint32_t>(ledger));
      fs::create_directories(object.parent_path());
      std::string zipped(ZSTD_compressBound(7), '\0');
      zipped.resize(ZSTD_compress(zipped.data(), zipped.size(), "a batch", 7, 3));
      std::ofstream(object, std::ios::binary) << zipped;
    }
  }
  void Remove(uint32_t ledger) const { fs::remove(path_ / layout_.Key(ledger)); }
  void WriteManifest() const {
    std::ofstream(path_ / kManifestName)
        << FormatManifest({"a network", layout_.ledgers_per_file, layout_.files_per_partition});
  }

  arrow::Result<std::unique_ptr<LedgerSource>> Open(bool tells_names, SourceOptions options = {}) {
    store_ = std::make_shared<FolderStore>(path_);
    store_->remote = true;
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

  // Waits as a stream's reader does while there is nothing new.
  static arrow::Result<Fetched> NextAtTip(ObjectStream& stream) {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto fetched, stream.Next());
      if (fetched.state != Fetched::State::kNotYet) return fetched;
      stream.Wait(50);
    }
  }
  static arrow::Status Gone() { return Error(ErrorCode::kUnavailable, "nobody answers"); }

  const fs::path path_;
  LakeLayout layout_{4, 100, "zst"};
  std::shared_ptr<FolderStore> store_;
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
    while (source->GetExtent().ValueOrDie().newest != 4403u) {  // what it said serves for a while
      std::this_thread::sleep_for(20ms);
    }
    EXPECT_LT(store_->requests, 30);
    store_->requests = 0;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(source->GetExtent().ValueOrDie().newest, 4403u);
    EXPECT_LE(store_->requests, 4);
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
  EXPECT_EQ(NextAtTip(*stream).ValueOrDie().object.last, 103u);
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kEnd);
}

TEST_F(RemoteLakeTest, ComesToItsTipByFewNamesAndFindsAGapThereHoweverLong) {
  Put(2, 99);
  const auto source = Open(false).ValueOrDie();
  const auto stream = source->OpenStream({96, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next().ValueOrDie().object.last, 99u);
  store_->requests = 0;
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  EXPECT_LE(store_->requests, 12);
  Put(396, 803);
  const arrow::Status gap = NextAtTip(*stream).status();
  EXPECT_EQ(CodeOf(gap), ErrorCode::kDataLoss) << gap;
  EXPECT_EQ(DetailOf(gap)->ledger(), 100u);
  EXPECT_THAT(gap.message(), AllOf(HasSubstr(layout_.Key(396)), HasSubstr("up to ledger 803")));
}

TEST_F(RemoteLakeTest, ReadsAnObjectThatIsCutShortNowAndThenOnly) {
  Put(2, 99);
  const fs::path newest = path_ / layout_.Key(96);
  const auto size = fs::file_size(newest);
  fs::resize_file(newest, size / 2);
  const auto source = Open(false).ValueOrDie();
  const auto stream = source->OpenStream({96, 99}, GapPolicy::kFail).ValueOrDie();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(stream->Next().ValueOrDie().reason, HasSubstr("is not whole yet"));
  }
  EXPECT_LE(store_->reads, 3);
  Put(96, 99);
  EXPECT_EQ(NextAtTip(*stream).ValueOrDie().object.last, 99u);
}

TEST_F(RemoteLakeTest, EveryRequestForWhatItHasEndsWithinFiveSeconds) {
  Put(2, 99);
  const auto source = Open(false).ValueOrDie();
  std::this_thread::sleep_for(600ms);  // longer than an answer serves
  std::atomic<int> endless = 0;
  store_->fault = [&](const std::string&, const Patience& patience) {
    if (patience.until > Recovery::Clock::now() + 5s) ++endless;
    return arrow::internal::IOErrorFromErrno(ETIMEDOUT, "silence");
  };
  EXPECT_EQ(CodeOf(source->GetExtent().status()), ErrorCode::kUnavailable);
  EXPECT_EQ(endless, 0);
}

TEST_F(RemoteLakeTest, GoesOnWithItsSearchWhereTheTimeRanOut) {
  Put(2, 399);
  const auto source = Open(false).ValueOrDie();
  Put(400, 4003);
  std::this_thread::sleep_for(600ms);
  // Each of the first questions gets a few answers, and then none in time.
  std::atomic<int> answers = 0;
  store_->fault = [&](const auto&...) {
    return ++answers % 6 == 0 ? Error(ErrorCode::kResourceExhausted, "slow") : arrow::Status::OK();
  };
  int asked = 1;
  while (!source->GetExtent().ok() && asked < 200) ++asked;
  EXPECT_GT(asked, 1);
  EXPECT_EQ(source->GetExtent().ValueOrDie().newest, 4003u);
}

TEST_F(RemoteLakeTest, IsFoundWhereItsListFails) {
  for (const bool flat : {false, true}) {
    layout_ = {4, flat ? 1u : 100u, "zst"};
    fs::remove_all(path_);
    Put(2, 1203);
    WriteManifest();
    const auto open = [&](uint32_t first = 0) {
      store_ = std::make_shared<FolderStore>(path_);
      store_->remote = true;
      store_->fault = [](const std::string& name, const auto&) {
        return name.empty() ? Gone() : arrow::Status::OK();
      };
      return OpenLake(store_, "far", {.first_ledger = first, .recovery = {.max_attempts = 1}});
    };
    EXPECT_EQ(open().ValueOrDie()->GetExtent().ValueOrDie().newest, 1203u);
    if (flat) {
      EXPECT_EQ(store_->lists, 0) << "such a list may have any length";
    }
    // That it begins later is said where nothing else tells it.
    fs::remove(path_ / layout_.Key(2));
    const arrow::Status late = open().status();
    EXPECT_EQ(CodeOf(late), ErrorCode::kUnavailable) << late;
    EXPECT_THAT(late.message(), AllOf(HasSubstr("#first=LEDGER"), HasSubstr("nobody answers")));
    EXPECT_EQ(open(4).ValueOrDie()->GetExtent().ValueOrDie().newest, 1203u);
  }
}

TEST_F(RemoteLakeTest, LiesFlatWhateverItsManifestSays) {
  layout_ = {4, 1, "zst"};
  Put(2, 399);
  const auto source = Open(false).ValueOrDie();
  EXPECT_EQ(source->GetExtent().ValueOrDie().newest, 399u);
  EXPECT_EQ(Read(*source, {2, 399}).last, 399u);
}

TEST_F(RemoteLakeTest, ThatIsEmptyIsWaitedForWhereItsUrlSaysWithWhatItBegins) {
  for (const bool tells_names : {false, true}) {
    const auto source = Open(tells_names, {.first_ledger = 1001}).ValueOrDie();
    EXPECT_EQ(source->GetExtent().ValueOrDie().newest, std::nullopt);
    const auto stream = source->OpenStream({0, {}}, GapPolicy::kFail).ValueOrDie();
    const Fetched fetched = stream->Next().ValueOrDie();
    EXPECT_EQ(fetched.state, Fetched::State::kNotYet);
    EXPECT_THAT(fetched.reason, HasSubstr("is empty"));
    Put(1000, 1003);
    EXPECT_EQ(NextAtTip(*stream).ValueOrDie().object.first, 1000u);
    fs::remove(path_ / layout_.Key(1000));
    EXPECT_EQ(store_->lists, 0);
  }
}

TEST_F(RemoteLakeTest, ThatVanishedIsNotTakenForOneAtItsTip) {
  Put(2, 99);
  Open(true).ValueOrDie();
  const auto source = OpenLake(WithProof(store_, 0ms), "far", {.recovery = {.max_attempts = 1}});
  const auto stream = (*source)->OpenStream({96, {}}, GapPolicy::kFail).ValueOrDie();
  EXPECT_EQ(stream->Next().ValueOrDie().object.last, 99u);
  EXPECT_EQ(stream->Next().ValueOrDie().state, Fetched::State::kNotYet);
  fs::remove_all(path_);
  fs::create_directories(path_);  // as object stores have all folders
  const arrow::Status gone = NextAtTip(*stream).status();
  EXPECT_EQ(CodeOf(gone), ErrorCode::kUnavailable) << gone;
  EXPECT_THAT(gone.message(), HasSubstr("is gone"));
  EXPECT_EQ(CodeOf((*source)->GetExtent().status()), ErrorCode::kUnavailable);
}

TEST_F(RemoteLakeTest, OfWhichNothingIsKnownIsMissing) {
  // Without a manifest nothing proves that a lake is there, or is not.
  fs::remove_all(path_);
  fs::create_directories(path_);
  const auto store = WithProof(std::make_shared<FolderStore>(path_), 0ms);
  EXPECT_FALSE(store->Exists("x", {}).ValueOrDie());
  EXPECT_EQ(store->Read("x", arrow::default_memory_pool(), {}).ValueOrDie(), nullptr);
  EXPECT_FALSE(store->Exists(std::string(kManifestName), {}).ValueOrDie());
  WriteManifest();
  EXPECT_TRUE(store->Exists(std::string(kManifestName), {}).ValueOrDie());
  EXPECT_FALSE(store->Exists("x", {}).ValueOrDie());
  fs::remove(path_ / kManifestName);
  EXPECT_EQ(CodeOf(store->Exists("x", {}).status()), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf(store->List("folder", {}).status()), ErrorCode::kUnavailable);
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
    EXPECT_THAT(pass.status.message(),
                AllOf(HasSubstr(layout_.Key(missing + 12)), HasSubstr("up to ledger 1003")));
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

TEST(RemoteLake, IsShownWithSettingsThatAreNoSecrets) {
  const std::pair<const char*, const char*> cases[] = {
      {"s3://bucket/lake/?region=eu-west-1&endpoint_override=host:9000&scheme=http#first=7",
       "s3://bucket/lake?region=eu-west-1&endpoint_override=host:9000&scheme=http#first=7"},
      {"s3://key:secret@bucket/lake?region=x", "s3://bucket/lake?region=x"},
      {"s3://bucket/lake?token=secret&region=x&secret&endpoint_override=key:secret@host#secret",
       "s3://bucket/lake?...&region=x&...&..."},
      {"abfs://container@account.dfs.core.windows.net/lake?enable_tls=true&client_secret=secret",
       "abfs://container@account.dfs.core.windows.net/lake?enable_tls=true&..."},
      {"abfs://account:secret@host:1/container/lake", "abfs://host:1/container/lake"},
      {"public:testnet?endpoint_override=host:9000&key=secret",
       "public:testnet?endpoint_override=host:9000&..."},
      {"s3://key:se?cret@bucket/lake?region=x", "s3://bucket/lake?..."},
      {"https://user:secret@host/lake/?token=secret", "https://host/lake/?..."},
  };
  for (const auto& [url, shown] : cases) EXPECT_EQ(ShownUrl(url), shown) << url;
  EXPECT_EQ(ShownUrl(Concat(cases[0].first, "\nlake")), Concat(cases[0].second, "\nlake"));
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

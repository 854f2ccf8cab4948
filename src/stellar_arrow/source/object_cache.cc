#include "stellar_arrow/source/object_cache.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/ledger/sha256.h"
#include "stellar_arrow/source/lake_layout.h"
#include "stellar_arrow/source/object_bytes.h"
#include "stellar_arrow/source/unzip.h"
#include "stellar_arrow/text/hex.h"

namespace stellar_arrow::source {
namespace {

namespace stdfs = std::filesystem;

// A file is the object, and behind it the digest of its name and of it.
constexpr int64_t kDigestBytes = 32;
constexpr size_t kLakeDigits = 16;  // of the digest of the lake's name, ahead of the object's

// Room that is made at a time, so that it is not made for every object.
constexpr int64_t kRoomPercent = 10;
// What the smallest file takes of a disk.
constexpr int64_t kBlockBytes = 4096;
// What is written for longer is what a process that was killed left behind.
constexpr auto kLongestWrite = std::chrono::hours(1);

ledger::Hash256 DigestOf(std::string_view name, xdr::Bytes bytes) {
  ledger::Sha256 sha;
  sha.Update({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
  sha.Update(bytes);
  return sha.Finish();
}

// Where an object is kept: "<16 digits of its lake>-<its name without folder>".
std::string FileNameOf(const std::string& lake, const std::string& object) {
  return text::EncodeHex(DigestOf(lake, {})).substr(0, kLakeDigits) + "-" +
         object.substr(object.rfind('/') + 1);
}

bool IsKept(const std::string& file) {
  return file.size() > kLakeDigits && file[kLakeDigits] == '-' &&
         ParseLakeName(std::string_view(file).substr(kLakeDigits + 1)).has_value();
}

// The same while it is written: ".<name>.<process>.<number>".
bool IsWritten(const std::string& file) {
  return file.starts_with('.') && file.size() > kLakeDigits + 1 && file[kLakeDigits + 1] == '-';
}

int64_t OnDisk(int64_t file_bytes) { return std::max(file_bytes, kBlockBytes); }

class CachedStore final : public Store {
 public:
  CachedStore(std::shared_ptr<Store> store, std::string lake, std::shared_ptr<ObjectCache> cache)
      : store_(std::move(store)), lake_(std::move(lake)), cache_(std::move(cache)) {}

  bool is_remote() const override { return store_->is_remote(); }
  arrow::Result<std::vector<Entry>> List(const std::string& folder,
                                         const Patience& patience) override {
    return store_->List(folder, patience);
  }
  arrow::Result<bool> Exists(const std::string& object, const Patience& patience) override {
    return store_->Exists(object, patience);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const Patience& patience) override {
    if (object == kManifestName) return store_->Read(object, pool, patience);
    if (auto kept = cache_->Find(lake_, object, pool)) return kept;
    ARROW_ASSIGN_OR_RAISE(auto bytes, store_->Read(object, pool, patience));
    // What is still being written, or is another thing than an object, is another one next time.
    if (bytes != nullptr && LooksWhole({bytes->data(), static_cast<size_t>(bytes->size())})) {
      cache_->Keep(lake_, object, *bytes);
    }
    return bytes;
  }

 private:
  const std::shared_ptr<Store> store_;
  const std::string lake_;
  const std::shared_ptr<ObjectCache> cache_;
};

}  // namespace

arrow::Result<std::shared_ptr<ObjectCache>> ObjectCache::Open(const std::string& folder,
                                                              int64_t most_bytes) {
  std::error_code error;
  stdfs::create_directories(folder, error);
  if (!stdfs::is_directory(folder, error) || ::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return Error(ErrorCode::kInvalidArgument, "the cache folder ", folder,
                 " cannot be made or written to");
  }
  std::shared_ptr<ObjectCache> cache(new ObjectCache(folder, most_bytes));
  const std::lock_guard lock(cache->mutex_);
  cache->MakeRoom(0);
  return cache;
}

std::shared_ptr<arrow::Buffer> ObjectCache::Find(const std::string& lake, const std::string& object,
                                                 arrow::MemoryPool* pool) {
  const std::string name = FileNameOf(lake, object);
  const stdfs::path path = folder_ / name;
  const auto file = arrow::io::ReadableFile::Open(path.string(), pool);
  if (!file.ok()) return nullptr;
  const int64_t size = (*file)->GetSize().ValueOr(0);
  std::error_code error;
  if (size > kDigestBytes) {
    const auto read = ReadBytes(**file, 0, size, pool);
    if (!read.ok()) return nullptr;
    const xdr::Bytes bytes((*read)->data(), static_cast<size_t>((*read)->size()));
    if ((*read)->size() == size) {
      const auto digest = DigestOf(name, bytes.first(bytes.size() - kDigestBytes));
      if (std::ranges::equal(digest, bytes.last(kDigestBytes))) {
        stdfs::last_write_time(path, stdfs::file_time_type::clock::now(), error);
        return arrow::SliceBuffer(*read, 0, size - kDigestBytes);
      }
    }
  }
  stdfs::remove(path, error);  // is damaged
  return nullptr;
}

void ObjectCache::Keep(const std::string& lake, const std::string& object,
                       const arrow::Buffer& bytes) {
  static std::atomic<int64_t> files = 0;
  const int64_t size = OnDisk(bytes.size() + kDigestBytes);
  if (size > most_bytes_ / kRoomPercent) return;  // would drive out too much
  if (!TakeRoom(size)) return;
  const std::string name = FileNameOf(lake, object);
  const stdfs::path hidden = folder_ / Concat(".", name, ".", ::getpid(), ".", ++files);
  const auto digest = DigestOf(name, {bytes.data(), static_cast<size_t>(bytes.size())});
  std::error_code error;
  const auto write = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::FileOutputStream::Open(hidden.string()));
    ARROW_RETURN_NOT_OK(file->Write(bytes.data(), bytes.size()));
    ARROW_RETURN_NOT_OK(file->Write(digest.data(), kDigestBytes));
    return file->Close();
  };
  stdfs::create_directories(folder_, error);  // it may have been deleted
  bool kept = write().ok();
  if (kept) {
    stdfs::rename(hidden, folder_ / name, error);
    kept = !error;
  }
  if (!kept) stdfs::remove(hidden, error);
  GiveRoomBack(size, kept);
}

bool ObjectCache::TakeRoom(int64_t size) {
  const std::lock_guard lock(mutex_);
  if (kept_ + writing_ + size > most_bytes_) MakeRoom(size);
  if (kept_ + writing_ + size > most_bytes_) return false;
  writing_ += size;
  return true;
}

void ObjectCache::GiveRoomBack(int64_t size, bool kept) {
  const std::lock_guard lock(mutex_);
  writing_ -= size;
  if (kept) kept_ += size;
}

void ObjectCache::MakeRoom(int64_t wanted) {
  struct File {
    stdfs::file_time_type used;
    int64_t size;
    stdfs::path path;
  };
  std::vector<File> files;
  int64_t bytes = 0;
  std::error_code error;
  stdfs::directory_iterator entry(folder_, error);
  for (; !error && entry != stdfs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code gone;
    const auto used = entry->last_write_time(gone);
    const auto size = static_cast<int64_t>(entry->file_size(gone));
    if (gone) continue;
    if (IsWritten(name) && stdfs::file_time_type::clock::now() - used > kLongestWrite) {
      stdfs::remove(entry->path(), gone);
      continue;
    }
    if (!IsKept(name) && !IsWritten(name)) continue;
    bytes += OnDisk(size);
    if (IsKept(name)) files.push_back({used, OnDisk(size), entry->path()});
  }
  if (bytes + writing_ + wanted > most_bytes_) {
    std::ranges::sort(files, {}, &File::used);
    const int64_t enough = most_bytes_ / 100 * (100 - kRoomPercent) - writing_ - wanted;
    for (auto file = files.begin(); file != files.end() && bytes > enough; ++file) {
      stdfs::remove(file->path, error);
      if (!error) bytes -= file->size;  // it is gone, whoever removed it
    }
  }
  kept_ = bytes;
}

std::shared_ptr<Store> WithCache(std::shared_ptr<Store> store, std::string lake,
                                 std::shared_ptr<ObjectCache> cache) {
  return std::make_shared<CachedStore>(std::move(store), std::move(lake), std::move(cache));
}

}  // namespace stellar_arrow::source

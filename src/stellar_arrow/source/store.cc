#include "stellar_arrow/source/store.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/io_util.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "stellar_arrow/base/error.h"
#include "stellar_arrow/source/descriptors.h"
#include "stellar_arrow/source/object_bytes.h"

namespace stellar_arrow::source {
namespace {

namespace fs = arrow::fs;

bool IsNotThere(const arrow::Status& status) {
  return arrow::internal::ErrnoFromStatus(status) == ENOENT;
}

class FileSystemStore final : public Store {
 public:
  FileSystemStore(std::shared_ptr<fs::FileSystem> filesystem, std::string path, int64_t most_bytes)
      : filesystem_(std::move(filesystem)), path_(std::move(path)), most_bytes_(most_bytes) {}

  arrow::Result<std::vector<Entry>> List(const std::string& folder, const Patience&) override {
    fs::FileSelector selector;
    selector.base_dir = folder.empty() ? path_ : path_ + "/" + folder;
    selector.allow_not_found = !folder.empty();
    auto infos = WithDescriptor([&] { return filesystem_->GetFileInfo(selector); });
    if (IsNotThere(infos.status())) ARROW_RETURN_NOT_OK(CheckIsThere());
    ARROW_RETURN_NOT_OK(infos);
    std::vector<Entry> entries;
    entries.reserve(infos->size());
    for (const fs::FileInfo& info : *infos) {
      entries.push_back({info.base_name(), info.IsDirectory()});
    }
    return entries;
  }

  arrow::Result<bool> Exists(const std::string& object, const Patience&) override {
    ARROW_ASSIGN_OR_RAISE(const fs::FileInfo info, filesystem_->GetFileInfo(path_ + "/" + object));
    if (info.type() == fs::FileType::NotFound) ARROW_RETURN_NOT_OK(CheckIsThere());
    return info.IsFile();
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& object,
                                                     arrow::MemoryPool* pool,
                                                     const Patience&) override {
    auto bytes = WithDescriptor([&] { return TryToRead(object, pool); });
    if (!IsNotThere(bytes.status())) return bytes;
    ARROW_RETURN_NOT_OK(CheckIsThere());
    return nullptr;
  }

 private:
  // Nothing is there where the store is not, which tells nothing of its objects. It was there when
  // it was opened, and may come back.
  arrow::Status CheckIsThere() const {
    ARROW_ASSIGN_OR_RAISE(const fs::FileInfo info, filesystem_->GetFileInfo(path_));
    if (info.type() != fs::FileType::NotFound) return arrow::Status::OK();
    return Error(ErrorCode::kUnavailable, "the folder ", path_, " is gone");
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> TryToRead(const std::string& object,
                                                          arrow::MemoryPool* pool) const {
    ARROW_ASSIGN_OR_RAISE(auto file, filesystem_->OpenInputFile(path_ + "/" + object));
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
    if (size > most_bytes_) {
      return Error(ErrorCode::kResourceExhausted, object, " has ", size, " bytes; at most ",
                   most_bytes_, " are read");
    }
    return ReadBytes(*file, 0, size, pool);
  }

  const std::shared_ptr<fs::FileSystem> filesystem_;
  const std::string path_;
  const int64_t most_bytes_;
};

}  // namespace

std::shared_ptr<Store> OpenStore(std::shared_ptr<fs::FileSystem> filesystem, std::string path,
                                 int64_t most_bytes) {
  return std::make_shared<FileSystemStore>(std::move(filesystem), std::move(path), most_bytes);
}

}  // namespace stellar_arrow::source
